"""A subscriber's `pip install ./schemas`: the package builds, installs alone and works with pydantic only."""

import json
import shutil
import subprocess
import sys
import tomllib
from email.parser import HeaderParser
from pathlib import Path

import pytest

SCHEMAS = Path(__file__).parents[2] / "schemas"
PROBE = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import canheal_schemas
from canheal_schemas import Envelope, ReportIssued
from canheal_schemas.generate import contents
some_id = b"00000000-0000-5000-8000-000000000001"
envelope = Envelope.from_headers([
    ("event_id", some_id), ("root_id", some_id), ("correlation_id", some_id), ("site", b"BE-UZG"),
    ("event_type", b"canheal.report.issued.v1"), ("occurred_at", b"2026-01-01T00:00:00Z"),
])
contents()
top = {name.partition(".")[0] for name in sys.modules}
foreign = [
    name for name in top
    if "site-packages" in str(getattr(sys.modules[name], "__file__", "")) and not name.startswith("_")
]
print(json.dumps({"file": canheal_schemas.__file__, "type": envelope.event_type, "foreign": sorted(foreign)}))
"""
PYDANTIC = {"annotated_types", "pydantic", "pydantic_core", "typing_extensions", "typing_inspection"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package alone in a folder, built from a copy: an install must not write into the tree."""
    folder = tmp_path_factory.mktemp("subscriber")
    source = folder / "schemas"
    shutil.copytree(SCHEMAS, source, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__", "build"))
    target = folder / "site"
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *offline, "--target", target, source],
        check=True,
        timeout=120,
    )
    return target


def test_the_installed_package_holds_our_modules_with_their_types_and_nothing_else(installed: Path) -> None:
    modules = {path.name for path in (SCHEMAS / "src/canheal_schemas").glob("*.py")}
    assert {path.name for path in (installed / "canheal_schemas").glob("*.py")} == modules
    assert (installed / "canheal_schemas/py.typed").exists()
    others = {path.name for path in installed.iterdir()} - {"canheal_schemas"}
    assert all(name.endswith(".dist-info") for name in others)


def test_the_installed_package_wants_pydantic_only(installed: Path) -> None:
    (about,) = installed.glob("canheal_schemas-*.dist-info/METADATA")
    metadata = HeaderParser().parsestr(about.read_text("utf-8"))
    assert metadata.get_all("Requires-Dist") == ["pydantic"]
    project = tomllib.loads((SCHEMAS / "pyproject.toml").read_text("utf-8"))["project"]
    assert metadata["Version"] == project["version"]


def test_the_installed_package_reads_headers_and_imports_pydantic_only(
    installed: Path, tmp_path: Path
) -> None:
    run = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", PROBE, installed],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert Path(told["file"]).is_relative_to(installed)
    assert told["type"] == "canheal.report.issued.v1"
    assert set(told["foreign"]) <= PYDANTIC | {"canheal_schemas"}
