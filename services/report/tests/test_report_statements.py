from typing import Any

import pytest
from canheal_report.certainty import cautions, fraction_interval
from canheal_report.dossier import join
from canheal_report.statements import cards, headline, how_sure, status_words, unaccounted, what_next
from canheal_report.therapies import link, regimen, therapies
from canheal_report.versions import ReportVersion, version_of
from canheal_report.words import allele, consequence, listed, ordinal, percent, short_protein
from canheal_schemas import (
    DiseaseMatch,
    Evidence,
    EvidenceMatch,
    GermlineHint,
    KnownRecord,
    PolygenicScore,
    RiskStatus,
    SampleKind,
    Tier,
    VariantCounts,
)


def version(stream: Any, *events: Any) -> ReportVersion:
    dossier = None
    for event in events:
        dossier = join(dossier, event, stream.envelope(event))
    assert dossier is not None
    found = version_of(dossier)
    assert found is not None
    return found


def item(number: int, therapy: str, **kwargs: Any) -> Evidence:
    said = {"source": "CIViC", "evidence_id": f"EID{number}", "profile": "BRAF V600E", "type": "Predictive"}
    said |= {"therapies": (therapy,), "level": "B", "direction": "Supports"}
    said |= {"significance": "Sensitivity/Response", "disease": "Melanoma"}
    said |= {"match": EvidenceMatch.ALLELE, "disease_match": DiseaseMatch.OTHER}
    return Evidence(**(said | kwargs))


@pytest.mark.parametrize(
    ("hgvs_p", "short"),
    [
        ("p.(Val600Glu)", "V600E"),
        ("NP_004324.2:p.(Val600Glu)", "V600E"),
        ("p.(Ser1982ArgfsTer22)", "S1982Rfs*22"),
        ("p.(Arg1443Ter)", "R1443*"),
        ("p.(Glu746_Ala750del)", "E746_A750del"),
        ("p.?", None),
        (None, None),
    ],
)
def test_a_protein_change_is_named_as_people_say_it(hgvs_p: str | None, short: str | None) -> None:
    assert short_protein(hgvs_p) == short


def test_numbers_and_lists_read_as_people_write_them() -> None:
    assert [percent(share) for share in (0, 0.004, 0.31, 1)] == ["0 %", "0.4 %", "31 %", "100 %"]
    assert [ordinal(n) for n in (1, 2, 3, 11, 12, 22, 83)] == [
        "1st",
        "2nd",
        "3rd",
        "11th",
        "12th",
        "22nd",
        "83rd",
    ]
    assert [listed(list(names)) for names in ("", "a", "ab", "abc")] == ["", "a", "a and b", "a, b and c"]
    assert consequence("splice_donor_variant") == "splice donor"
    assert allele("A" * 24) == "A" * 24
    assert allele("A" * 25) == "AAAAAAAA…(25 bases)"


def test_the_interval_of_a_fraction_is_wilsons() -> None:
    # 15 of 148: 0.0624 to 0.1605 by Newcombe, Stat Med 1998;17:857-872, table I (method 3)
    assert fraction_interval(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    # 0 of 20: 0 to 0.1611 in the same table
    assert fraction_interval(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)
    assert fraction_interval(0.3, None) is None


def test_each_weak_number_of_a_finding_is_said(stream: Any) -> None:
    assert cautions(stream.finding(1, vaf=0.3, depth=100)) == ()
    assert len(cautions(stream.finding(1, vaf=0.04, depth=49, filter="base_qual", left_aligned=False))) == 4
    assert cautions(stream.finding(1)) == (
        "the VCF carries no allele fraction",
        "the VCF carries no depth",
    )


def test_therapies_stand_with_this_tumour_type_first_and_without_what_is_not_supported(stream: Any) -> None:
    finding = stream.finding(
        1,
        evidence=(
            item(1, "Vemurafenib", level="A"),
            item(2, "Cetuximab", significance="Resistance", disease_match=DiseaseMatch.SAME),
            item(3, "Cetuximab", significance="Resistance"),
            item(4, "Nothing", direction="Does Not Support"),
            item(5, "Nothing", type="Prognostic"),
        ),
    )
    first, second = therapies(finding)
    assert (first.effect, first.names, first.here) == ("resists", "Cetuximab", True)
    assert [item.evidence_id for item in first.items] == ["EID2", "EID3"]
    assert (second.effect, second.names, second.here) == ("responds to", "Vemurafenib", False)


def test_only_a_source_that_is_known_gets_an_address() -> None:
    assert link(item(1409, "x")) == "https://civicdb.org/links/evidence/1409"
    assert link(item(1, "x", source="other")) is None
    assert link(item(1, "x", evidence_id="EID1/../../evil")) is None


def test_a_tumour_without_tier_one_or_two_says_so_plainly(stream: Any) -> None:
    nothing = stream.annotated(findings=(stream.finding(1, Tier.III),), findings_total=1)
    said = version(stream, nothing, stream.scored())
    assert headline(said) == "No finding of tier I or tier II among what was examined."
    assert cards(said) == ()


def test_a_headline_counts_each_tier_and_names_three_findings(stream: Any) -> None:
    tiers = (Tier.I, Tier.II, Tier.II, Tier.II, Tier.III)
    findings = tuple(stream.finding(n, t, gene=f"G{n}", hgvs_p="p.(Val1Glu)") for n, t in enumerate(tiers, 1))
    said = version(stream, stream.annotated(findings=findings, findings_total=5))
    assert headline(said) == "1 tier I finding and 3 tier II findings: G1 V1E, G2 V1E, G3 V1E and 1 more."


def test_a_germline_sample_shows_recorded_and_null_variants_and_no_other(stream: Any) -> None:
    record = KnownRecord(
        source="ClinVar", record_id="V1", classification="Likely pathogenic", review_status="x", stars=2
    )
    disputed = record.model_copy(update={"classification": "Conflicting classifications of pathogenicity"})
    findings = (
        stream.finding(1, known=(record,), gene="BRCA1"),
        stream.finding(2, consequences=("frameshift_variant",), gene="ATM"),
        stream.finding(3, known=(disputed,)),
        stream.finding(4),
    )
    told = stream.context.model_copy(update={"kind": SampleKind.GERMLINE})
    said = version(stream, stream.annotated(context=told, findings=findings, findings_total=4))
    assert [(card.finding.gene, card.badge) for card in cards(said)] == [
        ("BRCA1", "Likely pathogenic"),
        ("ATM", "Null variant"),
    ]


def test_alleles_that_no_count_explains_are_said(stream: Any) -> None:
    counts = VariantCounts(records=9, alleles=10, filtered={"q10": 2}, outside_bundle=5, in_bundle_genes=3)
    assert unaccounted(counts) == 0
    lost = counts.model_copy(update={"alleles": 12})
    said = how_sure(version(stream, stream.annotated(counts=lost)))
    assert "The counts do not add up by 2 alleles: tell the operators." in [s.text for s in said]


def test_what_may_be_inherited_asks_for_counselling_with_its_rule(stream: Any) -> None:
    hint = GermlineHint(rule="ESMO PMWG 2019", reason="null variant at 52 %")
    finding = stream.finding(1, Tier.III, gene="BRCA1", germline_hint=hint)
    first, *_ = what_next(version(stream, stream.annotated(findings=(finding,), findings_total=1)))
    assert first.text.startswith("BRCA1 missense may be inherited: offer genetic counselling")
    assert (first.ground, first.tone) == ("ESMO PMWG 2019", "act")


def test_a_synthetic_score_is_not_to_be_acted_on(stream: Any) -> None:
    score = PolygenicScore(
        score_id="S", name="Demo", trait="breast", status=RiskStatus.SCORED, synthetic=True
    )
    said = what_next(version(stream, stream.annotated(), stream.scored(scores=(score,))))
    assert "Do not act on Demo: it is synthetic, not for care." in [statement.text for statement in said]


def test_a_held_part_names_its_error_and_who_looks_at_it(stream: Any) -> None:
    said = version(stream, stream.annotated(), stream.dead("prs"))
    assert status_words(said) == "without the polygenic score, which could not be made"
    (held,) = [statement for statement in what_next(said) if "could not be made" in statement.text]
    assert held.text.startswith("The polygenic score could not be made. The handler raised on every try.")
    assert "handler-failed: the handler raised three times" in held.text
    assert "The platform's operators look at it" in held.text
    assert f"dead letter {said.held[0].event_id} of prs, attempt 1" in held.ground
    assert "docs/operations.md#handler-failed" in held.ground
    assert "Missing: polygenic score. Nothing can be read into its absence." in [
        statement.text for statement in how_sure(said)
    ]


def test_a_part_given_up_for_good_says_why_and_that_nothing_made_from_it_comes(stream: Any) -> None:
    said = version(stream, stream.received(), stream.dead("annotate"), stream.dropped("annotate"))
    told = [statement.text for statement in what_next(said)]
    assert any(text.endswith("It was given up for good: the hospital sends it anew") for text in told)
    assert "The polygenic score is made from it and does not come." in told
    assert not any("operators look at it" in text for text in told)


def test_an_awaited_part_is_named_and_the_reader_told_to_come_back(stream: Any) -> None:
    said = version(stream, stream.annotated())
    assert "Not here yet: polygenic score." in [statement.text for statement in how_sure(said)]
    assert "Come back for the final version before deciding." in [s.text for s in what_next(said)]


@pytest.mark.parametrize(
    ("interaction", "phrase"),
    [
        ("Combination", "Cetuximab + Encorafenib"),
        ("Substitutes", "Cetuximab or Encorafenib"),
        ("Sequential", "Encorafenib, then Cetuximab"),
        (None, "Cetuximab / Encorafenib"),
    ],
)
def test_alternatives_are_never_printed_as_a_combination(interaction: str | None, phrase: str) -> None:
    item = Evidence(
        source="CIViC",
        evidence_id="EID1",
        profile="BRAF V600E",
        therapies=("Encorafenib", "Cetuximab"),
        therapy_interaction=interaction,
        type="Predictive",
        level="A",
        match=EvidenceMatch.ALLELE,
        disease_match=DiseaseMatch.SAME,
    )
    assert regimen(item) == phrase
