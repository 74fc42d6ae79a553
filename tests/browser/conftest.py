"""Made report versions, one for each face that the page can show, served to Chromium."""

import asyncio
import shutil
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import uvicorn
from canheal_chassis.testing import envelope_of
from canheal_process.clock import utc_now
from canheal_process.http import install_problems
from canheal_refdata.manifest import Source
from canheal_report.api import routes
from canheal_report.dossier import join
from canheal_report.heads import Head, Summary
from canheal_report.knowledge import Knowledge
from canheal_report.versions import ReportVersion, version_of
from canheal_schemas import (
    Assay,
    AssayType,
    BlobRef,
    Consent,
    ConsentChanged,
    DeadLettered,
    DiseaseMatch,
    Evidence,
    EvidenceLevel,
    EvidenceMatch,
    Finding,
    GenomeBuild,
    GermlineHint,
    KnownRecord,
    NotExamined,
    Part,
    PartStatus,
    PolygenicScore,
    Provenance,
    Purpose,
    RiskScored,
    RiskStatus,
    SampleContext,
    SampleKind,
    Sex,
    Tier,
    Tiering,
    VariantCounts,
    VariantsAnnotated,
)
from canheal_schemas.identifiers import sample_id, sample_root
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright
from vault_parts import MemoryEntries, an_audit_log

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZES = {"phone": (390, 844), "desk": (1280, 800)}

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
BLOB = BlobRef(blob_id=UUID(int=7), size=1, key_id="k", hmac_sha256="0" * 64)
AMP = "AMP/ASCO/CAP 2017 (Li et al.), table 2"
HOSTILE = "<script>alert(1)</script>&\"'"
PROVENANCE = Provenance(bundle="demo-2026.11+0123456789ab", rules="annotate-1")


def evidence(number: int, therapies: tuple[str, ...], level: str, **kwargs: Any) -> Evidence:
    said: dict[str, Any] = {
        "source": "CIViC",
        "evidence_id": f"EID{number}",
        "profile": "BRAF V600E",
        "disease": "Colorectal Cancer",
        "therapies": therapies,
        "therapy_interaction": "Combination" if len(therapies) > 1 else None,
        "type": "Predictive",
        "level": level,
        "direction": "Supports",
        "significance": "Sensitivity/Response",
        "rating": 4,
        "match": EvidenceMatch.ALLELE,
        "disease_match": DiseaseMatch.SAME,
    }
    return Evidence(**(said | kwargs))


def finding(gene: str, **kwargs: Any) -> Finding:
    said: dict[str, Any] = {
        "contig": "7",
        "position": 140753336,
        "ref": "A",
        "alt": "T",
        "gene": gene,
        "transcript": "NM_004333.6",
        "consequences": ("missense_variant",),
        "vaf": 0.31,
        "vaf_source": "FORMAT/AD",
        "depth": 212,
    }
    return Finding(**(said | kwargs))


def tier(name: Tier, level: EvidenceLevel | None, reason: str) -> Tiering:
    return Tiering(tier=name, level=level, rule=AMP, reason=reason)


def tumour_findings() -> tuple[Finding, ...]:
    braf = finding(
        "BRAF",
        hgvs_c="c.1799T>A",
        hgvs_p="p.(Val600Glu)",
        tiering=tier(
            Tier.I, EvidenceLevel.A, "Predictive evidence of level A for this tumour type (EID9851, EID7612)."
        ),
        evidence=(
            evidence(9851, ("Encorafenib", "Cetuximab"), "A"),
            evidence(7612, ("Encorafenib", "Cetuximab"), "A"),
            evidence(1413, ("Cetuximab",), "B", significance="Resistance"),
            evidence(1409, ("Vemurafenib",), "A", disease="Melanoma", disease_match=DiseaseMatch.OTHER),
            evidence(103, ("Vemurafenib",), "B", significance="Poor Outcome", type="Prognostic"),
        ),
        evidence_total=128,
    )
    brca = finding(
        "BRCA2",
        contig="13",
        position=32340300,
        ref="GT",
        alt="G",
        transcript="NM_000059.4",
        hgvs_c="c.5946del",
        hgvs_p="p.(Ser1982ArgfsTer22)",
        consequences=("frameshift_variant",),
        vaf=0.52,
        depth=180,
        tiering=tier(Tier.II, EvidenceLevel.C, "Predictive evidence of level A for another tumour type."),
        germline_hint=GermlineHint(
            rule="ESMO PMWG 2019 (Mandelker et al.), first cut",
            reason="A null variant of BRCA2 at an allele fraction of 52 % (threshold 30 %).",
        ),
        known=(
            KnownRecord(
                source="ClinVar",
                record_id="VCV000009325",
                classification="Pathogenic",
                review_status="reviewed by expert panel",
                stars=3,
                conditions=("Hereditary breast ovarian cancer syndrome",),
            ),
        ),
        evidence=(
            evidence(6263, ("Olaparib",), "A", disease="Ovarian Cancer", disease_match=DiseaseMatch.OTHER),
        ),
        evidence_total=9,
    )
    long = finding(
        "APC",
        contig="5",
        position=112839514,
        ref="T" + "ACGTTGCA" * 40,
        alt="T",
        transcript="NM_000038.6",
        hgvs_c="c.3920_4239delins" + "ACGTTGCAGG" * 30,
        hgvs_p="p.(Ile1307_Ser1413delins" + "ProLeuGlyHis" * 20 + ")",
        consequences=("frameshift_variant", "splice_region_variant"),
        filter="weak_evidence",
        vaf=0.03,
        depth=31,
        tiering=tier(Tier.II, EvidenceLevel.D, "Pre-clinical evidence only."),
        left_aligned=False,
    )
    others = tuple(
        finding(
            f"GENE{i}",
            position=1000 + i,
            hgvs_c=f"c.{100 + i}A>T",
            hgvs_p=f"p.(Lys{34 + i}Ter)" if i % 3 else None,
            vaf=None if i % 7 == 0 else min(0.02 * i, 1),
            depth=None if i % 5 == 0 else 20 * i,
            tiering=tier(Tier.III, None, "No evidence item of the bundle speaks of it."),
            genotype="0/1",
        )
        for i in range(1, 36)
    )
    return (braf, brca, long, *others)


def context(**kwargs: Any) -> SampleContext:
    said: dict[str, Any] = {
        "label": "T001-COAD",
        "kind": SampleKind.TUMOUR,
        "assay": Assay(type=AssayType.EXOME, size_mb=35.6),
        "build": GenomeBuild.GRCH38,
        "build_basis": "contig lengths",
        "oncotree_code": "COAD",
        "sex": Sex.FEMALE,
        "age_years": 61,
        "purity": 0.6,
    }
    return SampleContext(**(said | kwargs))


def about(told: SampleContext) -> dict[str, Any]:
    said: dict[str, Any] = {"sample": sample_id("BE-UZG", told.label), "revision": 1}
    said |= {"subject": "9f2c" * 16, "consent_version": 1, "site": "BE-UZG", "country": "BE"}
    return said | {"context": told, "expects": (Part.VARIANTS, Part.RISK)}


def annotated(told: SampleContext, findings: tuple[Finding, ...], **kwargs: Any) -> VariantsAnnotated:
    said: dict[str, Any] = {
        "status": PartStatus.DONE,
        "findings": findings,
        "findings_total": len(findings),
        "counts": VariantCounts(
            records=3313,
            alleles=3325,
            filtered={"clustered_events": 210, "weak_evidence": 44},
            not_interpretable={"<DEL>": 3},
            outside_bundle=2891,
            in_bundle_genes=177,
            protein_or_splice=len(findings),
            without_sequence={"KRAS": 2},
        ),
        "not_examined": NotExamined(
            genes_lacking=("CHEK2", "ESR1", "FGFR1", "FGFR2", "FGFR3", "MET"),
            genes_without_sequence=("CREBBP", "CTNNB1", "DPYD", "ERBB2", "KRAS", "LZTR1", "POLE", "SDHD"),
            remarks=("copy number, fusions and other structural variants", "promoters and deep introns"),
        ),
        "provenance": PROVENANCE,
    }
    return VariantsAnnotated(**(about(told) | said | kwargs))


def scored(told: SampleContext, **kwargs: Any) -> RiskScored:
    said: dict[str, Any] = {
        "status": RiskStatus.NOT_APPLICABLE,
        "reason": "a tumour's genotypes are not the person's",
        "provenance": Provenance(bundle="demo-2026.11+0123456789ab", rules="prs-1"),
    }
    return RiskScored(**(about(told) | said | kwargs))


def a_score(**kwargs: Any) -> PolygenicScore:
    said: dict[str, Any] = {
        "score_id": "CANHEAL-DEMO-1",
        "name": "Demonstration breast score",
        "trait": "breast cancer",
        "status": RiskStatus.SCORED,
        "synthetic": True,
        "notice": "synthetic, not for care",
        "sum": 1.2345,
        "z": 0.95,
        "percentile": 82.9,
        "reference_mean": 0.5,
        "reference_sd": 0.77,
        "reference_population": "a made-up European reference",
        "matched": 38,
        "total": 40,
        "assumed_reference": 12,
        "dropped": {"strand-ambiguous": 2},
        "checksum": "a" * 64,
    }
    return PolygenicScore(**(said | kwargs))


def dead(told: SampleContext, service: str) -> DeadLettered:
    sample = sample_id("BE-UZG", told.label)
    return DeadLettered(
        service=service,
        input_type="canheal.variants.annotated.v1",
        root_id=sample_root(sample, 1),
        attempt=1,
        topic_name="canheal.variants.annotated.v1",
        partition=0,
        offset=1,
        error="handler-failed",
        message="the handler raised on each of 3 tries",
        sample=sample,
        revision=1,
        subject="9f2c" * 16,
        site="BE-UZG",
        body=BLOB,
    )


def joined(*events: Any) -> ReportVersion:
    dossier = None
    for number, event in enumerate(events):
        known = event if not isinstance(event, DeadLettered) else events[0]
        envelope = envelope_of(known, service=f"test-{number}")
        dossier = join(dossier, event, envelope)
    assert dossier is not None
    version = version_of(dossier)
    assert version is not None
    return version


def germline() -> ReportVersion:
    told = context(
        label="G-0007", kind=SampleKind.GERMLINE, oncotree_code=None, purity=None, age_years=44,
        assay=Assay(type=AssayType.GENOME),
    )  # fmt: skip
    common = {"vaf": 0.48, "depth": 34, "genotype": "0/1"}
    pathogenic = tumour_findings()[1].model_copy(
        update={"tiering": None, "germline_hint": None, "evidence": (), "evidence_total": 0} | common
    )
    missense = finding("ATM", hgvs_c="c.146C>G", hgvs_p="p.(Ser49Cys)", **common)
    real = a_score(
        score_id="PGS000004", name="Real score", synthetic=False, notice=None, z=-1.6, percentile=5.5
    )
    refused = a_score(
        score_id="PGS000765", name="Another score", status=RiskStatus.REFUSED, synthetic=False, notice=None,
        reason="41 of 120 variants matched; 75 % are needed", percentile=None, z=None,
    )  # fmt: skip
    return joined(
        annotated(told, (pathogenic, missense)),
        scored(told, status=RiskStatus.SCORED, reason=None, scores=(a_score(), real, refused)),
    )


def hostile() -> ReportVersion:
    told = context(label=HOSTILE, oncotree_code="COAD")
    bad = tumour_findings()[0].model_copy(
        update={"gene": HOSTILE, "hgvs_p": HOSTILE, "ref": HOSTILE, "filter": HOSTILE, "genotype": HOSTILE}
    )
    return joined(annotated(told, (bad,)), scored(told, reason=HOSTILE))


@pytest.fixture(scope="session")
def made_versions() -> dict[str, ReportVersion]:
    told = context()
    bare = context(label="T-EMPTY", oncotree_code=None, purity=None, age_years=None, sex=Sex.UNKNOWN)
    held = context(label="T-HELD")
    return {
        "tumour": joined(annotated(told, tumour_findings()), scored(told)),
        "germline": germline(),
        "preliminary": joined(annotated(told, tumour_findings()[:2])),
        "withheld": joined(annotated(told, (), status=PartStatus.WITHHELD)),
        "held": joined(annotated(held, tumour_findings()[:1]), dead(held, "prs")),
        "nothing-made": joined(scored(held, expects=(Part.VARIANTS, Part.RISK)), dead(held, "annotate")),
        "empty": joined(annotated(bare, ()), scored(bare)),
        "hostile": hostile(),
    }


class Shelf:
    """The made versions as the store would give them."""

    def __init__(self, versions: dict[str, ReportVersion]) -> None:
        self.versions = list(versions.values())
        samples = {version.sample: version.subject for version in self.versions}
        self.heads = [
            Head(id=sample, subject=subject, revision=1, versions=self._of(sample))
            for sample, subject in samples.items()
        ]

    def _of(self, sample: UUID) -> tuple[Summary, ...]:
        found = [Summary.of(version) for version in self.versions if version.sample == sample]
        return tuple(sorted(found, key=lambda summary: summary.age))

    async def get(self, model: type[Any], document_id: UUID) -> Any:
        if model is Head:
            return next(head for head in self.heads if head.id == document_id)
        return next((v for v in self.versions if v.id == document_id), None)

    async def find(self, model: type[Any], *, limit: int = 0, **equals: Any) -> Sequence[Any]:
        return self.heads

    def in_force(self, subject: str) -> ConsentChanged:
        consent = Consent(permitted=(Purpose.OWN_CARE,))
        return ConsentChanged(subject=subject, consent_version=1, consent=consent, site="BE-TEST")


@contextmanager
def served(versions: dict[str, ReportVersion]) -> Iterator[str]:
    """The address at which the report service's own routes serve these versions."""
    shelf = Shelf(versions)
    source = Source("CIViC", "2026-05", "CC0-1.0", "civicdb.org", "evidence")
    knowledge = Knowledge({"COAD": "Colon Adenocarcinoma"}.get, lambda _bundle: (source,))
    app = FastAPI()
    install_problems(app)
    app.include_router(routes(shelf, shelf, an_audit_log(MemoryEntries()), knowledge, utc_now))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=20)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def address(made_versions: dict[str, ReportVersion]) -> Iterator[str]:
    with served(made_versions) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is absent")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))
        yield browser
        browser.close()


@pytest.fixture(params=sorted(SIZES))
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A window that fails its test on any console message, script error or request to elsewhere."""
    width, height = SIZES[request.param]
    page = browser.new_page(viewport={"width": width, "height": height})
    heard: list[str] = []
    page.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda said: None if "127.0.0.1" in said.url else heard.append(said.url))
    yield page
    page.close()
    assert [text for text in heard if not text.startswith("data:")] == []


@pytest.fixture(scope="session")
def serving() -> Any:
    """`served`, for tests that make versions of their own."""
    return served
