"""A damaged VCF is refused by a rule or read whole, never a crash; what only looks different reads the same.

`CANHEAL_LONG=1` tries 10,000 damaged files instead of 300.
"""

import gzip
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest
from canheal_genome.columns import read_all
from canheal_genome.definitions import Definition
from canheal_genome.errors import VcfRefused
from canheal_genome.header import read_header
from canheal_genome.rules import rules
from canheal_genome.values import fault, info_faults, sample_pattern
from canheal_genome.vcf import VcfFacts, check
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LONG: Final = os.environ.get("CANHEAL_LONG") == "1"
TRIES: Final = 10_000 if LONG else 300
quiet = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
many = settings(max_examples=TRIES, deadline=None, suppress_health_check=quiet)

META: Final = [
    "##contig=<ID=1,length=248956422>", "##contig=<ID=X,length=156040895>",
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">',
    '##INFO=<ID=AF,Number=A,Type=Float,Description="Fraction, of reads">',
    '##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Kind">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads">',
    '##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Likelihoods">',
    '##FILTER=<ID=q10,Description="Quality below 10">', '##ALT=<ID=DEL,Description="Deletion">',
    "##tumor_sample=TUMOR",
]  # fmt: skip
COLUMNS: Final = "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT TUMOR NORMAL".replace(" ", "\t")
RECORDS: Final = [line.replace(" ", "\t") for line in (
    "1 100 rs1 A G 50 PASS DP=30;AF=0.4 GT:AD 0/1:20,10 0/0:30,0",
    "1 200 . AT A,C,<DEL> . q10 DP=9;AF=0.1,0.2,0.3;SVTYPE=DEL GT:AD 1/2:1,2,3,4 ./.:.",
    "1 300 . C CTTT 1e3 . DB GT:AD:PL 0/1:5,5:10,0,20 0|0:9,0:0,9,90",
    "1 400 . G ]X:500]G 3 PASS SVTYPE=BND GT 0/1 0/0",
    "X 500 rs2;rs3 T . . PASS . GT:PL 0:0,9 0:.",
    "X 500 . T * . PASS DP=. . . .",
)]  # fmt: skip


def text_of(meta: list[str], records: list[str], version: str = "4.3") -> str:
    return "\n".join([f"##fileformat=VCFv{version}", *meta, COLUMNS, *records]) + "\n"


WHOLE: Final = text_of(META, RECORDS)
TOKENS: Final = [
    b"\t", b"\n", b"\r\n", b":", b";", b",", b"=", b"|", b"/", b".", b"<", b">", b"[", b"]", b'"', b"-", b"#",
    b"##", b"0", b"9" * 12, b"\0", b"\xff", b"\xe2\x80\xae", b" ", b"GT", b"chr", b"nan", b"1e9", b"*", b"\\",
]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """The file after some cuts, doublings, swaps and insertions."""
    data = WHOLE.encode()
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        end = min(len(data), at + draw(st.integers(0, 60)))
        token = draw(st.sampled_from(TOKENS) | st.binary(min_size=1, max_size=4))
        ways = [
            data[:at] + data[end:], data[:at] + data[at:end] * 2 + data[end:], data[:at] + token + data[at:],
            data[:at] + token + data[end:], data[: max(at, 1)],
            data[:at] + data[at:end].swapcase() + data[end:],
        ]  # fmt: skip
        data = draw(st.sampled_from(ways))
    return gzip.compress(data, mtime=0) if draw(st.booleans()) else data


@many
@given(data=damaged(), germline=st.booleans())
def test_a_damaged_file_is_refused_by_a_numbered_rule_or_read_whole(
    tmp_path: Path, data: bytes, germline: bool
) -> None:
    path = tmp_path / "damaged.vcf"
    path.write_bytes(data)
    try:
        facts = check(path, kind="germline" if germline else "tumour", max_uncompressed_bytes=1 << 20)
    except VcfRefused as error:
        refused = error
    else:
        reads_whole(path, facts)
        return
    assert rules()[refused.rule].number.startswith("V")
    assert len(refused.reason) < 2_000


def reads_whole(path: Path, facts: VcfFacts) -> None:
    frame = read_all(path, sample=facts.sample)
    assert frame["record"].n_unique() == facts.n_records
    assert frame["position"].null_count() == 0


DAMAGE: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "many gzip members": lambda data: b"".join(
        gzip.compress(data[n : n + 97]) for n in range(0, len(data), 97)
    ),
    "bgzip": lambda data: subprocess.run(["bgzip", "-c"], input=data, capture_output=True, check=True).stdout,
    "CR LF": lambda data: data.replace(b"\n", b"\r\n"),
    "empty lines at the end": lambda data: data + b"\n\n",
}


def read(path: Path, data: bytes) -> pl.DataFrame:
    """Every allele, by the canonical name of its contig."""
    path.write_bytes(data)
    facts = check(path, kind="tumour")
    assert (facts.sample, facts.normal) == ("TUMOR", "NORMAL")
    return read_all(path, sample=facts.sample).drop("contig_original")


@pytest.mark.parametrize("how", DAMAGE)
def test_another_wrapping_of_the_same_text_reads_the_same(tmp_path: Path, how: str) -> None:
    other = read(tmp_path / "other.vcf", DAMAGE[how](WHOLE.encode()))
    assert other.equals(read(tmp_path / "whole.vcf", WHOLE.encode()))


@settings(max_examples=100 if LONG else 25, deadline=None, suppress_health_check=quiet)
@given(
    meta=st.permutations(META), version=st.sampled_from(["4.1", "4.2", "4.3", "4.4"]),
    chr_prefix=st.booleans(), more=st.booleans(), drop=st.booleans(),
)  # fmt: skip
def test_a_valid_change_of_header_names_or_info_reads_the_same(
    tmp_path: Path, meta: list[str], version: str, chr_prefix: bool, more: bool, drop: bool
) -> None:
    records = [line.replace("DP=", "NOTE=x,y;DP=") for line in RECORDS] if more else RECORDS
    if chr_prefix:
        records = [f"chr{line}".replace("]X:", "]chrX:") for line in records]
        meta = [line.replace("<ID=1,", "<ID=chr1,").replace("<ID=X,", "<ID=chrX,") for line in meta]
    kept = [line for line in meta if not (drop and line.startswith(("##FILTER", "##ALT", "##INFO=<ID=SV")))]
    changed = read(tmp_path / "changed.vcf", text_of(kept, records, version).encode())
    whole = read(tmp_path / "whole.vcf", WHOLE.encode())
    same = pl.col("kind") != "breakend"  # its ALT names the contig
    assert changed.filter(same).equals(whole.filter(same))
    assert changed.height == whole.height


numbers = st.sampled_from(["1", "2", "3", "A", "R", "G", "."])
definitions = st.builds(
    Definition, numbers, st.sampled_from(["Integer", "Float", "String", "Character"]), st.just("")
) | st.builds(
    Definition, numbers, st.sampled_from(["Integer", "Float"]), st.sampled_from(["count", "uncounted"])
)
one = st.sampled_from(
    ["", ".", "0", "7", "-7", "1.5", "1e-5", "-0.1", "nan", "x", "AB", "2147483647", "2147483648"]
)
values = st.lists(one, min_size=1, max_size=4).map(",".join)


@settings(max_examples=TRIES, deadline=None)
@given(
    definition=definitions,
    value=values,
    n_alts=st.integers(0, 10),
    genotype=st.sampled_from(["0", "0/0", "."]),
)
def test_the_pattern_of_a_sample_finds_exactly_what_is_at_fault(
    definition: Definition, value: str, n_alts: int, genotype: str
) -> None:
    ploidy = {"0": 1, "0/0": 2}.get(genotype)
    pattern = sample_pattern((("GT", None), ("K", definition)), n_alts)
    fine = pl.Series([f"{genotype}:{value}"]).str.contains(pattern).item()
    assert fine is (fault(definition, value, n_alts, ploidy) is None)


@settings(max_examples=TRIES, deadline=None)
@given(
    keys=st.dictionaries(st.sampled_from(["A", "AB", "B.C", "1000G"]), definitions),
    value=values,
    data=st.data(),
)
def test_the_pattern_of_info_finds_nothing_that_is_not_at_fault(
    keys: dict[str, Definition], value: str, data: Any
) -> None:
    n_alts = data.draw(st.integers(0, 10))
    key = data.draw(st.sampled_from(["A", "AB", "B.C", "1000G", "ABC"]))
    info = f"{data.draw(st.sampled_from(['', 'H2;', 'AX=1;']))}{key}={value};END"
    found = pl.Series([info]).str.contains(info_faults(keys, n_alts)).item()
    truly = key in keys and fault(keys[key], value, n_alts, None) is not None
    loose = key in keys and keys[key].type == "Float"
    assert found is truly or (loose and not found)


def test_the_whole_file_passes(tmp_path: Path) -> None:
    assert read(tmp_path / "whole.vcf", WHOLE.encode()).height == 8
    assert read_header(tmp_path / "whole.vcf").samples == ("TUMOR", "NORMAL")
