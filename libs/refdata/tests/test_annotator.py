"""The annotator asks with the genome where it is known and without where it is not."""

import polars as pl
import pytest
from canheal_genome.builds import Build
from canheal_refdata.annotator import MARGIN, merged
from canheal_refdata.bundle import Bundle


def variants(*rows: tuple[str, int, str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        rows,
        schema={
            "chromosome": pl.String,
            "position": pl.Int32,
            "reference": pl.String,
            "alternative": pl.String,
        },
        orient="row",
    )


def names(demo: Bundle, frame: pl.DataFrame) -> list[list[str]]:
    annotated = demo.assembly(Build.GRCH38).annotator().annotate(frame)
    return [[named["hgvs_c"] for named in row] for row in annotated["annotation"].to_list()]


def test_an_indel_in_an_intron_of_a_gene_without_bases_is_still_named(demo: Bundle) -> None:
    deletion = variants(("12", 25250000, "CAG", "C"))  # KRAS, intron 1
    assert names(demo, deletion) == [["c.-12+749_-12+750del"]]


def test_an_intronic_snv_of_a_gene_without_bases_keeps_its_own_reference_base(demo: Bundle) -> None:
    [[name]] = names(demo, variants(("12", 25245270, "A", "G")))
    assert name == "c.111+4T>C"


def test_an_intronic_deletion_in_a_repeat_is_shifted_to_the_three_prime_end(demo: Bundle) -> None:
    """A run of one base in an intron of TP53: whichever of them is deleted, the name is the same."""
    assembly = demo.assembly(Build.GRCH38)
    start, end = 7669700, 7670600  # inside intron 10
    intron = assembly.sequence("17", start, end)
    assert intron is not None
    first = next(at for at in range(len(intron) - 4) if len(set(intron[at : at + 4])) == 1)
    anchor = start + first - 1
    repeat = intron[first]
    stop = first
    while intron[stop] == repeat:
        stop += 1
    at_the_left = variants(("17", anchor, intron[first - 1 : first + 1], intron[first - 1]))
    before_last = stop - 2
    at_the_right = variants(
        ("17", start + before_last, intron[before_last : before_last + 2], intron[before_last])
    )
    [[left]], [[right]] = names(demo, at_the_left), names(demo, at_the_right)
    assert left == right


def test_rows_keep_their_order_and_their_columns(demo: Bundle) -> None:
    frame = variants(
        ("12", 25245350, "C", "T"),
        ("7", 140753336, "A", "T"),
        ("1", 1000, "A", "T"),
        ("chr17", 7674220, "C", "T"),
        ("12", 25245351, "C", "A"),
    ).with_columns(mine=pl.Series(["a", "b", "c", "d", "e"]))
    annotated = demo.assembly(Build.GRCH38).annotator().annotate(frame)
    assert annotated.columns == [*frame.columns, "annotation"]
    assert annotated.drop("annotation").equals(frame)
    genes = [[named["gene_symbol"] for named in row] for row in annotated["annotation"].to_list()]
    assert genes == [["KRAS"], ["BRAF"], [], ["TP53"], ["KRAS"]]


def test_no_variants_give_no_rows(demo: Bundle) -> None:
    annotated = demo.assembly(Build.GRCH38).annotator().annotate(variants())
    assert annotated.height == 0
    assert "annotation" in annotated.columns


def test_one_answer_whether_asked_together_or_alone(demo: Bundle) -> None:
    """Every base of an exon border of EGFR, whose bases are known, and of ERBB2, whose are not."""
    assembly = demo.assembly(Build.GRCH38)
    rows = []
    for gene in ("EGFR", "ERBB2"):
        place = assembly.genes.row(by_predicate=pl.col("gene") == gene, named=True)
        exon = assembly.exons.filter(pl.col("feature_id") == place["feature_id"]).row(5, named=True)
        bases = assembly.spliced(place["feature_id"])[exon["tx_start"] - 1 : exon["tx_start"] + 4]
        rows += [
            (place["contig"], exon["start"] + at, base, "A" if base != "A" else "C")
            for at, base in enumerate(bases)
        ]
    together = names(demo, variants(*rows))
    assert together == [names(demo, variants(row))[0] for row in rows]
    assert all(len(row) == 1 for row in together)


def test_overlapping_and_touching_slices_are_one_covered_range() -> None:
    slices = pl.DataFrame(
        {"contig": ["1", "1", "1", "2", "1"], "start": [1, 50, 101, 1, 300], "end": [100, 90, 200, 5, 400]}
    )
    assert merged(slices).rows() == [("1", 1, 200), ("1", 300, 400), ("2", 1, 5)]


@pytest.mark.parametrize("build", Build)
def test_every_coding_base_of_a_gene_with_bases_is_asked_with_the_genome(demo: Bundle, build: Build) -> None:
    assembly = demo.assembly(build)
    coding = assembly.exons.drop_nulls("cds_start").select("feature_id", "contig", "cds_start", "cds_end")
    known = coding.join(assembly.genes.filter("has_sequence").select("feature_id"), on="feature_id")
    inside = known.join_where(
        merged(assembly.covered).rename({"contig": "_contig"}),
        pl.col("contig") == pl.col("_contig"),
        pl.col("start") + MARGIN <= pl.col("cds_start"),
        pl.col("end") - MARGIN >= pl.col("cds_end"),
    )
    assert inside.height == known.height > 2000


@pytest.mark.parametrize(
    ("reference", "alternative"),
    [
        ("C", "<DEL>"),
        ("C", "*"),
        ("C", "."),
        ("C", "T,A"),
        ("C", "G]17:198982]"),
        ("C", "N"),
        ("C", ""),
        ("c", "t"),
    ],
)
def test_alleles_that_are_no_bases_are_left_unasked_and_harm_no_other_row(
    demo: Bundle, reference: str, alternative: str
) -> None:
    frame = variants(("17", 7674220, reference, alternative), ("17", 7674220, "C", "T"), ("1", 1, "A", "T"))
    odd, plain, elsewhere = demo.assembly(Build.GRCH38).annotator().annotate(frame)["annotation"].to_list()
    assert odd is None
    assert plain[0]["hgvs_c"] == "c.743G>A"
    assert elsewhere == []


def test_missing_values_are_left_unasked(demo: Bundle) -> None:
    """mehari would name a missing ALT a deletion."""
    frame = variants(("17", 7674220, "C", None), (None, 7674220, "C", "T"), ("17", None, "C", "T"))
    assert demo.assembly(Build.GRCH38).annotator().annotate(frame)["annotation"].to_list() == [
        None,
        None,
        None,
    ]


def test_no_variant_reaches_the_log(demo: Bundle, caplog: pytest.LogCaptureFixture) -> None:
    """mehari warns of a deleted gene and of an unknown contig by naming the variant."""
    assembly = demo.assembly(Build.GRCH38)
    hmox1 = assembly.genes.row(by_predicate=pl.col("feature_id") == "NM_000852.4", named=True)
    bases = assembly.sequence(hmox1["contig"], hmox1["start"] - 30, hmox1["end"] + 1500)
    assert bases is not None
    assembly.annotator().annotate(
        variants((hmox1["contig"], hmox1["start"] - 30, bases, bases[0]), ("GL000220.1", 5, "C", "T"))
    )
    assert caplog.records == []
