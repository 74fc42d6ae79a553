from collections.abc import Callable
from pathlib import Path

import pytest
from canheal_genome.errors import VcfRefused
from canheal_genome.vcf import check

Write = Callable[..., Path]

BARE = "##fileformat=VCFv4.2\n{meta}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO{columns}\n"


def header(*samples: str, meta: str = "") -> str:
    columns = "".join(f"\t{name}" for name in ("FORMAT", *samples)) if samples else ""
    return BARE.format(meta=meta, columns=columns)


@pytest.mark.parametrize(
    ("samples", "sample", "normal"),
    [
        ((), None, None),
        (("S1",), "S1", None),
        (("TUMOR", "NORMAL"), "TUMOR", "NORMAL"),
        (("NORMAL", "TUMOUR"), "TUMOUR", "NORMAL"),
        (("SomaticSample", "NormalSample"), "SomaticSample", "NormalSample"),
        (("P7", "P7_blood"), "P7", "P7_blood"),
        (("P7_primary", "P7"), "P7_primary", None),
    ],
)
def test_a_tumours_column_is_told_by_the_names(
    write: Write, samples: tuple[str, ...], sample: str | None, normal: str | None
) -> None:
    facts = check(write(header(*samples)), kind="tumour")
    assert (facts.sample, facts.normal) == (sample, normal)


def test_the_callers_own_word_counts_more_than_the_order(write: Write) -> None:
    meta = "##tumor_sample=B\n##normal_sample=A\n"
    facts = check(write(header("A", "B", meta=meta)), kind="tumour")
    assert (facts.sample, facts.normal) == ("B", "A")


def test_the_submissions_word_counts_most(write: Write) -> None:
    facts = check(write(header("TUMOR", "NORMAL", "T2")), kind="tumour", tumour="T2", normal="NORMAL")
    assert (facts.sample, facts.normal) == ("T2", "NORMAL")


@pytest.mark.parametrize("samples", [("A", "B"), ("DNA_NORMAL", "DNA_TUMOR", "RNA_TUMOR")])
def test_columns_that_cannot_be_told_apart_are_listed(write: Write, samples: tuple[str, ...]) -> None:
    with pytest.raises(VcfRefused, match="sample-ambiguous") as refused:
        check(write(header(*samples)), kind="tumour")
    assert all(name in refused.value.reason for name in samples)


def test_a_name_that_is_not_there_is_refused_with_those_that_are(write: Write) -> None:
    with pytest.raises(VcfRefused, match=r"sample-unknown.*A, B"):
        check(write(header("A", "B")), kind="tumour", tumour="C")


@pytest.mark.parametrize(
    ("samples", "named", "sample"),
    [(("S1",), None, "S1"), (("TUMOR", "NORMAL"), None, "NORMAL"), (("mother", "child"), "child", "child")],
)
def test_a_germline_file_is_read_for_the_person(
    write: Write, samples: tuple[str, ...], named: str | None, sample: str
) -> None:
    assert check(write(header(*samples)), kind="germline", normal=named).sample == sample


def test_a_germline_file_without_genotypes_is_refused(write: Write) -> None:
    with pytest.raises(VcfRefused, match="sample-missing"):
        check(write(header()), kind="germline")
    with pytest.raises(VcfRefused, match="genotypes-missing"):
        check(write(header("S1") + "1\t5\t.\tA\tG\t.\t.\t.\tDP\t30\n"), kind="germline")


def test_a_sample_may_be_called_like_a_column(write: Write) -> None:
    record = "1\t5\t.\tA\tG\t.\t.\t.\tGT\t0/1\n"
    assert check(write(header("pos") + record), kind="germline").has_genotypes
