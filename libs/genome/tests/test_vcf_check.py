"""Every rule of the door refuses its breach by name and line, and lets its neighbour in."""

from collections.abc import Callable
from pathlib import Path

import pytest
from canheal_genome.errors import VcfRefused
from canheal_genome.vcf import check

Write = Callable[..., Path]
HEADER = (
    "##fileformat=VCFv4.2\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTUMOR\tNORMAL\n"
)
ROW = "1\t{at}\t.\tA\tG\t50\tPASS\tDP=30\tGT:AD\t0/1:20,10\t0/0:30,0\n"


GOOD = "1\t100\t.\tA\tG\t50\tPASS\tDP=30\tGT:AD\t0/1:20,10\t0/0:30,0"


def refusal(path: Path, kind: str = "tumour", **options: str) -> VcfRefused:
    with pytest.raises(VcfRefused) as refused:
        check(path, kind=kind, **options)
    return refused.value


def with_field(place: int, value: str) -> str:
    fields = GOOD.split("\t")
    fields[place] = value
    return "\t".join(fields)


BREACHES = [
    (0, "", "chrom"), (0, "chr 1", "chrom"), (1, "1e5", "pos"), (1, "-1", "pos"), (1, "", "pos"),
    (2, "rs1 rs2", "id"), (2, "", "id"), (3, "AR", "ref"), (3, "", "ref"), (3, ".", "ref"),
    (4, "A/T", "alt"), (4, "G,", "alt"), (4, "", "alt"), (4, "<DEL", "alt"), (4, "G]17]", "alt"),
    (4, "a", "alt-equals-ref"), (4, "G,A", "alt-equals-ref"), (4, "G,G", "alt-duplicate"),
    (5, "high", "qual"), (5, "", "qual"), (5, "-3", "qual"),
    (6, "q10;.", "filter"), (6, "PASS;", "filter"), (6, "0", "filter"), (6, "", "filter"),
    (7, "", "info"), (7, "=3", "info"), (7, "DP=3;;X", "info"),
    (8, "GT:", "format"), (8, "AD:GT", "genotype-place"), (9, "0/1:20,10:3", "sample-fields"),
    (9, "", "sample-fields"), (9, "0/x:1,1", "genotype"), (9, "0/2:1,1", "genotype-allele"),
    (10, "0\\1", "genotype"), (10, "3", "genotype-allele"),
    (2, "rs1;rs2;rs1", "id-duplicate"), (7, "D P=3", "info-key"), (7, "DB=1", "flag-value"),
    (7, "DP=many", "value-type"), (7, "X=1;DP=1.5", "value-type"), (7, "AF=high", "value-type"),
    (7, "DP=-1", "value-negative"), (7, "DP=2147483648", "value-range"), (7, "DP=1,2", "value-number"),
    (7, "AC=1,2", "value-number"), (7, "AD=1", "value-number"), (7, "DP=", "value-type"),
    (8, "GT:AD:AD", "format-duplicate"), (8, "GT:" + ":".join(f"K{n}" for n in range(200)), "format-many"),
    (9, "0/1:20,ten", "value-type"), (9, "0/1:20,-10", "value-negative"), (9, "0/1:20", "value-number"),
    (9, "0/1:20,2147483648", "value-range"), (10, "0/0:30", "value-number"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "rule"), BREACHES)
def test_a_broken_field_is_refused_with_its_rule_and_line(
    vcf: Write, place: int, value: str, rule: str
) -> None:
    error = refusal(vcf(GOOD, with_field(place, value), GOOD))
    assert (error.rule, error.line) == (rule, 5)
    assert "expected" in error.reason


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, "HLA-A*01:01:01:01"), (1, "0"), (2, "rs1;rs2"), (3, "acgtN"), (4, "."), (4, "*"), (4, "G,*"),
        (4, "<DUP:TANDEM>"), (4, "<NON_REF>"), (4, "]13:123456]T"), (4, "C[<ctg1>:7["), (4, ".T"), (4, "G."),
        (5, "."), (5, "1e-3"), (6, "."), (6, "q10;s50"), (7, "."), (7, "DP=3;DB;NOTE=two words"),
        (7, "DP=.;AF=1e-5;AC=.;END=2147483647;UNKNOWN=1,2,x;H2"), (7, "DP"), (9, "0/1:."), (9, "0/1:.,10"),
        (9, "."), (9, "./."), (9, "0|1"), (9, "1"), (9, "0/0/1"),
    ],
)  # fmt: skip
def test_a_field_as_the_specification_allows_is_let_in(vcf: Write, place: int, value: str) -> None:
    fields = with_field(place, value).split("\t")
    if fields[4] == ".":
        fields[9] = "0/0"
    if fields[4] == "G,*":
        fields[9:] = ["0/1:20,10,0", "0/0:30,0,0"]
    assert check(vcf("\t".join(fields)), kind="tumour").n_records == 1


def test_the_first_breach_of_the_file_is_the_one_that_is_named(vcf: Write) -> None:
    error = refusal(vcf(GOOD, with_field(9, "x"), with_field(3, "?")))
    assert (error.rule, error.line) == ("genotype", 5)


def test_a_breach_far_into_a_large_file_has_its_own_line(write: Write) -> None:
    rows = [ROW.format(at=1000 + n) for n in range(400_000)]
    rows[399_990] = rows[399_990].replace("\tA\tG", "\tA\tG?")
    error = refusal(write(HEADER + "".join(rows)))
    assert (error.rule, error.line) == ("alt", 3 + 399_991)


@pytest.mark.parametrize(
    ("records", "line"),
    [
        ([GOOD, with_field(1, "99")], 5),
        ([GOOD, with_field(0, "2"), with_field(1, "200")], 6),
        ([GOOD, with_field(0, "2"), with_field(0, "3"), with_field(0, "2")], 7),
    ],
)
def test_unsorted_records_are_refused(vcf: Write, records: list[str], line: int) -> None:
    error = refusal(vcf(*records))
    assert (error.rule, error.line) == ("unsorted", line)


def test_a_variant_that_stands_there_twice_is_refused_across_blocks_too(write: Write) -> None:
    rows = [ROW.format(at=1000 + n) for n in range(200_000)]
    end = HEADER.count("\n") + len(rows)
    for extra in ([rows[-1]], [rows[-1].replace("\tG\t", "\tT\t"), rows[-1]]):
        error = refusal(write(HEADER + "".join([*rows, *extra])))
        assert (error.rule, error.line) == ("record-duplicate", end + len(extra))
    at = 4 << 20  # the first block ends near here: every row is doubled once around it
    near = at // len(rows[0])
    for n in range(near - 3, near + 3):
        error = refusal(write(HEADER + "".join([*rows[: n + 1], *rows[n:]])))
        assert (error.rule, error.line) == ("record-duplicate", HEADER.count("\n") + n + 2)


def test_a_symbolic_allele_may_stand_there_twice_with_another_end(vcf: Write) -> None:
    rows = [with_field(4, "<DEL>"), with_field(4, "<DEL>").replace("DP=30", "END=200")]
    assert check(vcf(*rows), kind="tumour").n_records == 2


@pytest.mark.parametrize("change", [lambda row: row + "\t0/0", lambda row: row.rsplit("\t", 1)[0]])
def test_a_record_of_another_width_is_refused(vcf: Write, change: object) -> None:
    error = refusal(vcf(GOOD, GOOD, change(GOOD), GOOD))
    assert (error.rule, error.line) == ("field-count", 6)


def test_a_tab_missing_here_and_doubled_there_does_not_even_out(vcf: Write) -> None:
    error = refusal(vcf(GOOD.rsplit("\t", 1)[0], GOOD + "\t0/0"))
    assert (error.rule, error.line) == ("field-count", 4)


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("VCFv4.2\n", "fileformat", 1),
        ("##fileformat=VCFv3.3\n", "fileformat", 1),
        ("\ufeff" + HEADER, "fileformat", 1),
        ("##fileformat=VCFv4.2\n##nothing\n", "meta-line", 2),
        ("##fileformat=VCFv4.2\n##INFO=<Number=1>\n", "meta-line", 2),
        ("##fileformat=VCFv4.2\n##contig=<ID=1,length=1k>\n", "contig-line", 2),
        ("##fileformat=VCFv4.2\n##contig=<ID=1 A>\n", "meta-id", 2),
        ("##fileformat=VCFv4.2\n##FILTER=<ID=q,Description=low>\n", "description-unquoted", 2),
        (HEADER.replace("Type=String", "Type=Integer"), "reserved-type", 2),
        (HEADER.replace("Number=1", "Number=2"), "reserved-number", 2),
        ('##fileformat=VCFv4.2\n##INFO=<ID=X,Number=1,Type=Flag,Description="x">\n', "flag-number", 2),
        ("##fileformat=VCFv4.2\n" + "##x=y\n" * 100_000, "header-large", 100_001),
        (HEADER.replace("NORMAL", "NOR\u202eMAL"), "sample-name", 3),
        (HEADER.replace("NORMAL", "\t".join(map(str, range(5_000)))), "samples-many", 3),
        ("##fileformat=VCFv4.2\n##contig=<ID=1,length=5>\n##contig=<ID=1,length=6>\n", "contig-line", 3),
        ("##fileformat=VCFv4.2\n", "header-missing", None),
        ("##fileformat=VCFv4.2\n" + GOOD + "\n", "header-missing", 2),
        (HEADER.replace("\tPOS", " POS"), "header-columns", 3),
        (HEADER.replace("\tINFO", ""), "header-columns", 3),
        (HEADER.replace("NORMAL", "TUMOR"), "sample-duplicate", 3),
        (HEADER + "\n" + GOOD + "\n", "blank-line", 4),
        (HEADER + GOOD + "\n\n" + GOOD + "\n", "blank-line", 5),
        (HEADER + GOOD + "\n" + with_field(7, "X=\0") + "\n", "control-character", 5),
        (HEADER + GOOD, "no-final-newline", None),
    ],
)
def test_a_broken_text_or_header_is_refused(write: Write, text: str, rule: str, line: int | None) -> None:
    error = refusal(write(text))
    assert (error.rule, error.line) == (rule, line)


def test_bytes_that_are_not_utf8_are_refused_with_their_line(write: Write) -> None:
    error = refusal(write((HEADER + with_field(7, "NOTE=M@") + "\n").encode().replace(b"@", b"\xfc")))
    assert (error.rule, error.line) == ("encoding", 4)


def test_windows_newlines_and_empty_lines_at_the_end_are_let_in(write: Write) -> None:
    text = (HEADER + GOOD + "\n" + with_field(4, "T") + "\n\n\n").replace("\n", "\r\n")
    assert check(write(text), kind="tumour").n_records == 2


def test_a_file_without_records_is_a_vcf(write: Write) -> None:
    assert check(write(HEADER), kind="germline", normal="NORMAL").n_records == 0


def test_every_refusal_says_how_to_mend_it(vcf: Write) -> None:
    assert "bcftools sort" in refusal(vcf(GOOD, with_field(1, "1"))).reason
    assert "Name it" in refusal(vcf(header=HEADER.replace("TUMOR\tNORMAL", "A\tB"))).reason
