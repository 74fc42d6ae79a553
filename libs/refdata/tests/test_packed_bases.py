from pathlib import Path

import polars as pl
import pytest
from canheal_refdata.sequences import RUNS, SLICES, FlatBases, PackedBases, Packer
from hypothesis import given
from hypothesis import strategies as st

LETTERS = st.text(alphabet="ACGTN", min_size=1, max_size=60)


def opened(folder: Path, packer: Packer, *added: tuple[str, int, str]) -> PackedBases:
    packed = [packer.add(contig, start, letters.encode()) for contig, start, letters in added]
    path = folder / "slices.2bit"
    path.write_bytes(packer.packed.getvalue())
    rows = pl.DataFrame([one.row for one in packed], schema=SLICES, orient="row")
    runs = pl.DataFrame([run for one in packed for run in one.runs], schema=RUNS, orient="row")
    return PackedBases(path, rows, runs)


@given(first=LETTERS, second=LETTERS, data=st.data())
def test_what_is_packed_is_read_back_at_every_place(
    tmp_path_factory: pytest.TempPathFactory, first: str, second: str, data: st.DataObject
) -> None:
    bases = opened(tmp_path_factory.mktemp("packed"), Packer(), ("1", 101, first), ("1", 1001, second))
    assert bases.sequence("1", 1001, 1000 + len(second)) == second
    start = data.draw(st.integers(0, len(first) - 1))
    end = data.draw(st.integers(start, len(first) - 1))
    assert bases.sequence("1", 101 + start, 101 + end) == first[start : end + 1]


def test_other_letters_are_kept_as_runs(tmp_path: Path) -> None:
    packer = Packer()
    packed = packer.add("1", 11, b"acNNRRNgt")
    assert packed.runs == [("1", 13, 14, "N"), ("1", 15, 16, "R"), ("1", 17, 17, "N")]
    assert opened(tmp_path, Packer(), ("1", 11, "acNNRRNgt")).sequence("1", 12, 18) == "CNNRRNG"


def test_the_same_slice_of_two_assemblies_is_stored_once(tmp_path: Path) -> None:
    packer = Packer()
    once = packer.add("7", 1, b"ACGTACGTACGT")
    size = len(packer.packed.getvalue())
    again = packer.add("7", 5001, b"ACGTACGTACGT")
    assert len(packer.packed.getvalue()) == size == 3
    assert once.row[3] == again.row[3]


def test_slices_that_differ_only_in_length_are_two(tmp_path: Path) -> None:
    bases = opened(tmp_path, Packer(), ("1", 1, "ACGTA"), ("2", 1, "ACGTAA"))
    assert bases.sequence("1", 1, 5) == "ACGTA"
    assert bases.sequence("1", 1, 6) is None
    assert bases.sequence("2", 1, 6) == "ACGTAA"


def test_a_range_over_two_slices_is_none(tmp_path: Path) -> None:
    bases = opened(tmp_path, Packer(), ("1", 1, "ACGT"), ("1", 5, "ACGT"))
    assert bases.sequence("1", 4, 5) is None
    assert bases.sequence("X", 1, 1) is None


def test_a_whole_chromosome_is_read_from_its_line(tmp_path: Path) -> None:
    fasta = tmp_path / "genome.fa"
    fasta.write_bytes(b">1\nACGTN\n>2\nGG\n")
    bases = FlatBases(fasta, {"1": (3, 5), "2": (12, 2)})
    assert bases.sequence("1", 1, 5) == "ACGTN"
    assert bases.sequence("1", 2, 3) == "CG"
    assert bases.sequence("2", 2, 2) == "G"
    assert bases.sequence("1", 5, 6) is None
    assert bases.sequence("1", 0, 1) is None
    assert bases.sequence("3", 1, 1) is None
