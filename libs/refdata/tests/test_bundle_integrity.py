import json
import pickle
import shutil
from pathlib import Path

import pytest
from canheal_genome.builds import Build
from canheal_refdata.bundle import DEMO_BUNDLE, open_bundle, warm_bundle
from canheal_refdata.errors import (
    AssemblyAbsent,
    BundleAbsent,
    BundleBroken,
    BundleError,
    ScratchRefused,
    SourceRefused,
)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEMO_BUNDLE, tmp_path / "bundle"))


def test_a_tampered_file_is_refused_by_name(copied: Path) -> None:
    target = copied / "civic.arrow"
    content = bytearray(target.read_bytes())
    content[len(content) // 2] ^= 1
    target.write_bytes(content)
    with pytest.raises(BundleBroken, match=r"civic\.arrow: was changed") as caught:
        open_bundle(copied)
    assert caught.value.file == target


def test_a_cut_file_is_refused_by_name(copied: Path) -> None:
    target = copied / "slices.2bit"
    target.write_bytes(target.read_bytes()[:-1])
    with pytest.raises(BundleBroken, match=r"slices\.2bit: has [\d,]+ bytes"):
        open_bundle(copied)


def test_a_missing_file_is_refused_by_name(copied: Path) -> None:
    (copied / "genes.GRCh37.arrow").unlink()
    with pytest.raises(BundleBroken, match=r"genes\.GRCh37\.arrow: is missing"):
        open_bundle(copied)


def test_a_hash_edited_to_fit_a_tampered_file_no_longer_fits_the_version(copied: Path) -> None:
    path = copied / "bundle.json"
    body = json.loads(path.read_text())
    body["files"]["civic.arrow"]["sha256"] = "0" * 64
    path.write_text(json.dumps(body))
    with pytest.raises(BundleBroken, match="says version"):
        open_bundle(copied)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', "\x00"])
def test_a_description_that_is_none_is_refused(copied: Path, text: str) -> None:
    (copied / "bundle.json").write_text(text)
    with pytest.raises(BundleBroken, match=r"bundle\.json"):
        open_bundle(copied)


def test_a_format_from_the_future_is_refused_as_such(copied: Path) -> None:
    path = copied / "bundle.json"
    body = json.loads(path.read_text()) | {"format": 2}
    path.write_text(json.dumps(body))
    with pytest.raises(BundleBroken, match="format 2"):
        open_bundle(copied)


def test_a_file_outside_the_folder_is_refused(copied: Path) -> None:
    path = copied / "bundle.json"
    body = json.loads(path.read_text())
    body["files"]["../elsewhere"] = {"sha256": "0" * 64, "size": 1}
    path.write_text(json.dumps(body))
    with pytest.raises(BundleBroken, match="does not lie in the bundle's own folder"):
        open_bundle(copied)


def test_a_folder_without_bundle_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(BundleAbsent, match="canheal refdata build"):
        open_bundle(tmp_path)


def test_a_build_that_is_not_there_is_refused(copied: Path) -> None:
    bundle = open_bundle(copied)
    bundle.manifest = bundle.manifest.__class__(**{**vars(bundle.manifest), "assemblies": ("GRCh38",)})
    with pytest.raises(AssemblyAbsent, match="holds GRCh38, not GRCh37"):
        bundle.assembly(Build.GRCH37)


def test_a_worker_opens_the_bundle_once() -> None:
    assert warm_bundle() is warm_bundle()
    assert (
        warm_bundle().assembly(Build.GRCH38).annotator() is warm_bundle().assembly(Build.GRCH38).annotator()
    )


@pytest.mark.parametrize(
    "error",
    [
        BundleAbsent(Path("a")),
        BundleBroken(Path("a"), "why"),
        AssemblyAbsent("GRCh37", ("GRCh38",)),
        ScratchRefused(OSError(28, "No space left on device")),
        SourceRefused(Path("a"), "why", 3),
    ],
)
def test_every_error_crosses_a_process_pool_and_carries_what_its_readers_need(error: BundleError) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - what we have just pickled
    assert str(again) == str(error)
    assert type(again) is type(error)
    assert error.slug != BundleError.slug
    assert 400 <= error.status < 600
    assert error.exit_code
    assert error.retryable is isinstance(error, ScratchRefused)
