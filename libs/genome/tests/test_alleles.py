"""Normalising changes how an allele is written, never what it does to the sequence."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from canheal_genome.alleles import ambiguous, complement, left_align, normalise, reverse_complement, trim
from hypothesis import given, settings
from hypothesis import strategies as st

Row = tuple[int, str, str]


def frame_of(rows: list[Row], contig: str = "1") -> pl.DataFrame:
    positions, refs, alts = ([row[n] for row in rows] for n in range(3))
    return pl.DataFrame(
        {"contig": [contig] * len(rows), "position": positions, "ref": refs, "alt": alts},
        schema_overrides={"position": pl.Int64},
    )


def rows_of(frame: pl.DataFrame) -> list[Row]:
    return frame.select("position", "ref", "alt").rows()


def fetcher(sequence: str, start: int = 1) -> Callable[[str, int, int], str | None]:
    def fetch(contig: str, first: int, last: int) -> str | None:
        inside = contig == "1" and start <= first <= last < start + len(sequence)
        return sequence[first - start : last - start + 1] if inside else None

    return fetch


def applied(sequence: str, row: Row) -> str:
    position, ref, alt = row
    assert sequence[position - 1 : position - 1 + len(ref)] == ref
    return sequence[: position - 1] + alt + sequence[position - 1 + len(ref) :]


def every_form(sequence: str, row: Row) -> set[Row]:
    """All ways to write the same pure indel, anchored on one base before, found by trying every place."""
    size, haplotype = len(row[2]) - len(row[1]), applied(sequence, row)
    forms = set()
    for at in range(1, len(sequence) + 1):
        anchor = sequence[at - 1]
        form = (
            (at, anchor, haplotype[at - 1 : at + size])
            if size > 0
            else (at, sequence[at - 1 : at - size], anchor)
        )
        if len(form[1]) + len(form[2]) == abs(size) + 2 and applied(sequence, form) == haplotype:
            forms.add(form)
    return forms


@st.composite
def variants(draw: st.DrawFn) -> tuple[str, list[Row]]:
    sequence = draw(st.text("AC", min_size=12, max_size=60)) + "G"
    rows = []
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(1, len(sequence)))
        ref = sequence[at - 1 : at - 1 + draw(st.integers(1, 8))]
        alt = draw(st.text("ACG", min_size=1, max_size=8).filter(lambda alt, ref=ref: alt != ref))
        rows.append((at, ref, alt))
    return sequence, rows


@given(variants())
@settings(max_examples=150, deadline=None)
def test_normalising_keeps_the_haplotype_and_a_second_time_changes_nothing(
    case: tuple[str, list[Row]],
) -> None:
    sequence, rows = case
    once = normalise(frame_of(rows), fetcher(sequence))
    assert [applied(sequence, row) for row in rows_of(once)] == [applied(sequence, row) for row in rows]
    assert normalise(once, fetcher(sequence)).equals(once)
    assert once["aligned"].all()


@given(variants())
@settings(max_examples=150, deadline=None)
def test_no_base_is_left_over_and_an_indel_stands_leftmost(case: tuple[str, list[Row]]) -> None:
    sequence, rows = case
    for row in rows_of(normalise(frame_of(rows), fetcher(sequence))):
        _, ref, alt = row
        if len(ref) > 1 and len(alt) > 1:
            assert ref[0] != alt[0]
            assert ref[-1] != alt[-1]
        elif len(ref) != len(alt):
            forms = every_form(sequence, row)
            assert not forms or row == min(forms)


@given(variants())
@settings(max_examples=100, deadline=None)
def test_two_ways_to_write_a_variant_normalise_to_one(case: tuple[str, list[Row]]) -> None:
    sequence, rows = case
    wider = []
    for at, ref, alt in rows:
        after = sequence[at - 1 + len(ref) :]
        wider.append((1, sequence[: at - 1] + ref + after, sequence[: at - 1] + alt + after))
    fetch = fetcher(sequence)
    assert rows_of(normalise(frame_of(wider), fetch)) == rows_of(normalise(frame_of(rows), fetch))


@pytest.mark.parametrize(
    ("row", "trimmed"),
    [
        ((100, "CATAT", "CAT"), (100, "CAT", "C")),
        ((100, "CATAT", "CATATAT"), (100, "C", "CAT")),
        ((100, "ACG", "ATG"), (101, "C", "T")),
        ((100, "AAC", "AAT"), (102, "C", "T")),
        ((100, "GCA", "TCG"), (100, "GCA", "TCG")),
        ((100, "A", "G"), (100, "A", "G")),
        ((100, "AC", "<DEL>"), (100, "AC", "<DEL>")),
        ((100, "AC", "AC"), (100, "AC", "AC")),
        ((100, "AG", "AG]2:7]"), (100, "AG", "AG]2:7]")),
    ],
)
def test_what_both_alleles_share_is_taken_off(row: Row, trimmed: Row) -> None:
    assert rows_of(trim(frame_of([row]))) == [trimmed]


def test_alleles_of_a_hundred_thousand_bases_are_trimmed() -> None:
    shared = "ACGT" * 25_000
    assert rows_of(trim(frame_of([(5, shared + "A" + shared, shared + "T" + shared)]))) == [
        (100_005, "A", "T")
    ]


@pytest.mark.parametrize(
    ("sequence", "row", "aligned"),
    [
        ("GTTTTTTA", (6, "TT", "T"), (1, "GT", "G")),
        ("GCACACAT", (7, "A", "ACA"), (1, "G", "GCA")),
        ("GCACACAT", (7, "AT", "T"), (6, "CA", "C")),
        ("AAAA", (3, "AA", "A"), (1, "AA", "A")),
        ("AAAA", (2, "A", "AA"), (1, "A", "AA")),
        ("CATG", (1, "CA", "A"), (1, "CA", "A")),
    ],
)
def test_an_indel_slides_to_its_leftmost_place(sequence: str, row: Row, aligned: Row) -> None:
    frame = left_align(frame_of([row]), fetcher(sequence))
    assert (rows_of(frame), frame["aligned"].to_list()) == ([aligned], [True])


def test_an_indel_slides_over_many_windows_of_sequence() -> None:
    repeats = fetcher("G" + "CA" * 700 + "T")
    frame = left_align(frame_of([(1399, "ACA", "A"), (1401, "A", "ACA"), (1400, "CA", "C")]), repeats)
    assert rows_of(frame) == [(1, "GCA", "G"), (1, "G", "GCA"), (1400, "CA", "C")]
    assert frame["aligned"].all()


def test_an_indel_whose_ref_is_not_the_sequences_stands() -> None:
    frame = left_align(frame_of([(3, "TA", "T")]), fetcher("GCACAT"))
    assert (rows_of(frame), frame["aligned"].to_list()) == ([(3, "TA", "T")], [False])


def test_an_indel_that_cannot_be_proven_leftmost_stands_and_says_so() -> None:
    inside = fetcher("TTTTTTA", start=50)  # the slice begins within the run
    frame = left_align(frame_of([(54, "TT", "T"), (500, "GA", "G"), (54, "GG", "G"), (54, "T", "C")]), inside)
    assert rows_of(frame) == [(54, "TT", "T"), (500, "GA", "G"), (54, "GG", "G"), (54, "T", "C")]
    assert frame["aligned"].to_list() == [False, False, False, True]


def test_symbolic_alleles_and_other_columns_ride_along() -> None:
    frame = frame_of([(2, "T", "<DEL>"), (2, "T", "*"), (6, "TT", "T")]).with_columns(
        vaf=pl.Series([0.1, 0.2, 0.3])
    )
    out = normalise(frame, fetcher("GTTTTTTA"))
    assert rows_of(out) == [(2, "T", "<DEL>"), (2, "T", "*"), (1, "GT", "G")]
    assert out["vaf"].to_list() == [0.1, 0.2, 0.3]
    assert out["kind"].to_list() == ["symbolic", "spanning", "deletion"]


def test_an_empty_frame_is_normalised_to_an_empty_frame() -> None:
    assert normalise(frame_of([(1, "A", "G")]).clear(), fetcher("ACGT")).height == 0


def test_the_other_strand_of_an_allele() -> None:
    frame = pl.DataFrame({"first": ["A", "c", "GA"], "second": ["T", "T", "TC"]})
    assert frame.select(complement(pl.col("first"))).to_series().to_list() == ["T", "G", "TC"]
    assert frame.select(ambiguous(pl.col("first"), pl.col("second"))).to_series().to_list() == [
        True,
        False,
        True,
    ]
    assert reverse_complement("AACGTN") == "NACGTT"


def test_two_thousand_indels_stand_where_bcftools_puts_them(tmp_path: Path) -> None:
    if shutil.which("bcftools") is None:
        pytest.skip("bcftools is not installed")
    sequence, rows = _random_indels()
    (tmp_path / "r.fa").write_text(f">1\n{sequence}\n")
    lines = "".join(f"1\t{at}\t{n}\t{ref}\t{alt}\t.\t.\t.\n" for n, (at, ref, alt) in enumerate(rows))
    head = f"##fileformat=VCFv4.2\n##contig=<ID=1,length={len(sequence)}>\n"
    head += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    (tmp_path / "in.vcf").write_text(head + lines)
    run = subprocess.run(
        ["bcftools", "norm", "-f", tmp_path / "r.fa", tmp_path / "in.vcf"],
        check=True,
        capture_output=True,
        text=True,
    )
    theirs = {}
    for line in run.stdout.splitlines():
        if not line.startswith("#"):
            _, at, name, ref, alt, *_ = line.split("\t")
            theirs[int(name)] = (int(at), ref, alt)
    assert dict(enumerate(rows_of(normalise(frame_of(rows), fetcher(sequence))))) == theirs


def _random_indels() -> tuple[str, list[Row]]:
    """Indels in a repetitive sequence, made by a small linear congruential generator."""
    state = 7

    def roll(sides: int) -> int:
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 33) % sides

    sequence = "".join(
        "ACGT"[roll(4)] * (1 + roll(6)) if roll(3) else "CA" * (1 + roll(5)) for _ in range(2000)
    )
    rows = []
    while len(rows) < 2000:
        at, size = 1 + roll(len(sequence) - 20), 1 + roll(6)
        base = sequence[at - 1]
        if roll(2):
            rows.append((at, sequence[at - 1 : at + size], base))
        else:
            rows.append((at, base, base + "".join("AC"[roll(2)] for _ in range(size))))
    return sequence, sorted(rows)
