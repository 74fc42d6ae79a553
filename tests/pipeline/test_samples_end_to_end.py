"""Single samples through all four services, over HTTP, on the real broker and database."""

import asyncio
import json
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from canheal_cli.stack import Stack
from canheal_schemas import GenomeBuild, ReportIssued
from canheal_schemas.identifiers import sample_id

from hospital import Hospital
from wire import records, reports

SITE = "BE-TEST"
DEMO = files("canheal_cli") / "demo"
ACTIONABLE = {"I", "II"}


def metadata(label: str, **more: Any) -> dict[str, Any]:
    return {
        "site": SITE,
        "country": "BE",
        "pseudonym": label,
        "label": label,
        "kind": "tumour",
        "assay": {"type": "exome", "size_mb": 35.6},
        "consent": {"permitted": ["own-care"]},
        **more,
    }


def demo_sample(name: str) -> tuple[dict[str, Any], bytes]:
    said = json.loads(DEMO.joinpath(f"{name}.json").read_text())
    return said, DEMO.joinpath(f"{name}.vcf.gz").read_bytes()


async def report_of(hospital: Hospital, said: dict[str, Any], vcf: bytes) -> dict[str, Any]:
    answer = await hospital.send(said, vcf)
    assert answer.status_code == 202, answer.text
    sample = sample_id(said["site"], said["label"])
    assert answer.json()["sample"] == str(sample)
    versions = (await hospital.closed([sample], within_seconds=30))[sample]
    return await hospital.document(versions[-1])


def actionable(report: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Gene, protein change and tier of every finding of tier I or II."""
    variants = report["variants"]
    findings = [*variants["findings"], *variants["further"]["whole"]]
    return {
        (finding["gene"], finding["hgvs_p"] or finding["hgvs_c"], finding["tiering"]["tier"])
        for finding in findings
        if finding["tiering"] and finding["tiering"]["tier"] in ACTIONABLE
    }


async def t001(hospital: Hospital, test_data: Path, build: GenomeBuild) -> dict[str, Any]:
    vcf = (test_data / "vcf" / f"T001-COAD.{build.lower()}.vcf.gz").read_bytes()
    return await report_of(hospital, metadata(f"T001-{build}", oncotree_code="COAD"), vcf)


async def test_one_real_exome_says_the_same_on_both_builds_which_its_bases_tell(
    hospital: Hospital, test_data: Path
) -> None:
    reports = {build: await t001(hospital, test_data, build) for build in GenomeBuild}

    for build, report in reports.items():
        assert report["status"] == "final"
        assert report["context"]["build"] == build
        assert "REF" in report["context"]["build_basis"]
        assert report["variants"]["counts"]["records"] > 3_000
    older, newer = (actionable(reports[build]) for build in (GenomeBuild.GRCH37, GenomeBuild.GRCH38))
    assert [tier for gene, change, tier in newer if (gene, change) == ("BRAF", "p.(Val600Glu)")]
    assert older == newer


@pytest.mark.parametrize(
    ("name", "gene"), [("DEMO-CRC-1", "BRAF"), ("DEMO-BRC-1", "BRCA1"), ("DEMO-GERMLINE-1", None)]
)
async def test_a_demo_sample_becomes_a_final_report(hospital: Hospital, name: str, gene: str | None) -> None:
    said, vcf = demo_sample(name)
    report = await report_of(hospital, said, vcf)

    assert report["status"] == "final"
    assert not report["held"]
    genes = {finding["gene"] for finding in report["variants"]["findings"]}
    assert gene is None or gene in genes
    scored = [score["status"] for score in report["risk"]["scores"]]
    assert ("scored" in scored) == (said["kind"] == "germline")


async def test_the_same_file_twice_is_the_same_sample_and_no_new_version(
    hospital: Hospital, platform: Stack
) -> None:
    _, vcf = demo_sample("DEMO-CRC-1")
    said = metadata("TWICE", vcf_sample="TUMOUR", vcf_normal="NORMAL")
    first = await hospital.send(said, vcf)
    sample = sample_id(SITE, "TWICE")
    before = await hospital.closed([sample], within_seconds=30)
    second = await hospital.send(said, vcf)

    assert (first.status_code, second.status_code) == (202, 200)
    assert second.json() == first.json()
    # Another sample behind it: whatever the second POST had set off would have been said by then.
    await report_of(hospital, metadata("AFTER-TWICE", vcf_sample="TUMOUR", vcf_normal="NORMAL"), vcf)
    assert {sample: await hospital.versions(sample)} == before
    issued = reports(records(platform.addresses.kafka_bootstrap_servers, [ReportIssued.topic.name]))
    assert len(issued[sample]) == len(before[sample])


async def test_a_withdrawn_consent_closes_the_links_within_two_seconds(hospital: Hospital) -> None:
    _, vcf = demo_sample("DEMO-CRC-1")
    said = metadata("WITHDRAWN", vcf_sample="TUMOUR", vcf_normal="NORMAL")
    await report_of(hospital, said, vcf)
    version = (await hospital.versions(sample_id(SITE, "WITHDRAWN")))[-1]
    links = [f"{hospital.report}{version[kind]}" for kind in ("html", "json")]
    assert [(await hospital.ask("GET", link)).status_code for link in links] == [200, 200]

    answer = await hospital.consent(SITE, "WITHDRAWN", [])
    assert answer.json()["changed"]

    await becomes_forbidden(hospital, links[0], within_seconds=2.0)
    assert [(await hospital.ask("GET", link)).status_code for link in links] == [403, 403]


async def becomes_forbidden(hospital: Hospital, link: str, within_seconds: float) -> None:
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        if (await hospital.ask("GET", link)).status_code == 403:
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"{link} is still readable {within_seconds} s after the consent was withdrawn")
