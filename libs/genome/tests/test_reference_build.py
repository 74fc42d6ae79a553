"""The build told from REF: real exomes against the real slices of both builds, and the edges of the rule."""

import gzip
from pathlib import Path

import polars as pl
import pytest
from canheal_genome.builds import Build, contig_name
from canheal_genome.errors import BuildRefused
from canheal_genome.reference import BuildEvidence, Sites, build_from_reference

Slices = dict[Build, dict[str, list[tuple[int, str]]]]


@pytest.fixture(scope="module")
def slices(test_data: Path) -> Slices:
    return {build: _slices(test_data / "genes" / f"cancer_regions.{build}.fa.gz") for build in Build}


def _slices(path: Path) -> dict[str, list[tuple[int, str]]]:
    found: dict[str, list[tuple[int, str]]] = {}
    for record in gzip.decompress(path.read_bytes()).decode().split(">")[1:]:
        title, *lines = record.split("\n")
        contig, span = title.split()[2].split(":")
        found.setdefault(contig_name(contig) or contig, []).append((int(span.split("-")[0]), "".join(lines)))
    return found


def sequence_of(slices: Slices, build: Build, contig: str, start: int, end: int) -> str | None:
    for first, bases in slices[build].get(contig, []):
        if first <= start and end < first + len(bases):
            return bases[start - first : end - first + 1].upper()
    return None


@pytest.mark.parametrize("build", list(Build))
@pytest.mark.parametrize("with_cover", [False, True])
def test_the_exomes_own_bases_name_its_build(
    test_data: Path, slices: Slices, build: Build, with_cover: bool
) -> None:
    path = test_data / "vcf" / f"T001-COAD.{build.lower()}.vcf.gz"
    covered = {
        build: pl.DataFrame(
            [
                (contig, start, start + len(bases) - 1)
                for contig, parts in by.items()
                for start, bases in parts
            ],
            schema={"contig": pl.String, "start": pl.Int64, "end": pl.Int64},
            orient="row",
        )
        for build, by in slices.items()
    }
    evidence = build_from_reference(
        path, lambda *site: sequence_of(slices, *site), covered=covered if with_cover else None
    )
    other = next(each for each in Build if each is not build)
    assert evidence.build is build
    assert evidence.sites[build].mismatches == 0
    assert evidence.contradicts(other)
    assert not evidence.contradicts(build)
    assert evidence.demand(None) is evidence.demand(build) is build
    with pytest.raises(BuildRefused, match="build-contradicted"):
        evidence.demand(other)


@pytest.mark.parametrize(
    ("in_37", "in_38", "build"),
    [
        ((5, 0), (0, 5), Build.GRCH37),
        ((0, 0), (5, 0), Build.GRCH38),
        ((4, 0), (0, 4), None),
        ((5, 0), (5, 0), None),
        ((19, 1), (5, 15), Build.GRCH37),
        ((18, 2), (5, 15), None),
    ],
)
def test_a_build_stands_with_five_sites_and_one_in_twenty(
    in_37: tuple[int, int], in_38: tuple[int, int], build: Build | None
) -> None:
    evidence = BuildEvidence({Build.GRCH37: Sites(*in_37), Build.GRCH38: Sites(*in_38)})
    assert evidence.build is build
    if build is None:
        with pytest.raises(BuildRefused, match="build-unknown"):
            evidence.demand(None)


def test_a_declared_build_is_believed_where_no_sequence_can_say_otherwise() -> None:
    evidence = BuildEvidence({Build.GRCH37: Sites(0, 0), Build.GRCH38: Sites(0, 0)})
    assert evidence.demand(Build.GRCH38) is Build.GRCH38
