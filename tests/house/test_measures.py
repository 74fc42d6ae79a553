"""A made tree that crosses each limit is caught by name; one that keeps them passes."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from house.figures import Figure, figures
from house.limits import Limits, LimitsError
from house.lint_exceptions import LintException

ROOT = Path(__file__).parents[2]
CONTRACTS = """
[tool.importlinter]
root_packages = ["upper", "lower"]
[[tool.importlinter.contracts]]
name = "down only"
type = "layers"
layers = ["upper", "lower"]
"""
Write = Callable[[str, str], None]
SCIENCE = "services/one/src/canheal_one/science.py"
STREAM = "libs/chassis/src/canheal_chassis/stream.py"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small tree that keeps every limit."""
    shutil.copy(ROOT / "tools/measures.toml", tmp_path)
    files = {
        "pyproject.toml": CONTRACTS,
        "upper/__init__.py": "import lower\n",
        "lower/__init__.py": "",
        "libs/chassis/pyproject.toml": "",
        STREAM: '"""Doc."""\n\n\ndef short():\n    return 1\n',
        "services/one/pyproject.toml": "",
        SCIENCE: "\n".join(f"VALUE_{number} = {number}" for number in range(9)),
        "services/one/src/canheal_one/main.py": "import canheal_one.science\n",
        "services/one/tests/test_one.py": "def test_one():\n    assert 1\n",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


@pytest.fixture
def write(tree: Path) -> Write:
    def at(path: str, text: str) -> None:
        (tree / path).write_text(text)

    return at


def crossed(tree: Path) -> dict[str, Figure]:
    found = figures(tree, Limits.read(tree / "measures.toml"))
    return {figure.name: figure for figure in found if figure.crossed}


def statements(count: int, indent: str = "") -> str:
    return "".join(f"{indent}value_{number} = {number}\n" for number in range(count))


def test_a_tree_within_the_limits_crosses_nothing(tree: Path) -> None:
    assert crossed(tree) == {}


def test_a_file_over_its_limit_is_named(tree: Path, write: Write) -> None:
    write(SCIENCE, statements(501))
    found = crossed(tree)
    assert found["file_lines"].crossed == [f"{SCIENCE}:1: 501, allowed 500"]
    assert "file_lines, nine_in_ten" in found


def test_a_file_at_its_limit_passes(tree: Path, write: Write) -> None:
    write(SCIENCE, statements(500))
    assert "file_lines" not in crossed(tree)


def test_long_files_all_over_cross_the_median(tree: Path, write: Write) -> None:
    for name in ("science", "more", "still"):
        write(f"services/one/src/canheal_one/{name}.py", statements(121).replace("value", name))
    assert len(crossed(tree)["file_lines, median"].crossed) == 3


def test_long_functions_cross_the_median_and_the_ninth_tenth(tree: Path, write: Write) -> None:
    write(STREAM, "def long():\n" + statements(40, "    "))
    found = crossed(tree)
    assert "function_lines, median" in found
    assert found["function_lines, nine_in_ten"].crossed == [f"{STREAM}:1 long: 41"]


NESTED = """
class Deep:
    def dig(self, a):
        if a:
            pass
        elif a > 1:
            with a:
                for b in a:
                    {inner}
"""


@pytest.mark.parametrize(("inner", "is_crossed"), [("a.b", False), ("while b: b()", True)])
def test_a_fourth_level_of_nesting_is_named_and_an_elif_is_no_level(
    tree: Path, write: Write, inner: str, is_crossed: bool
) -> None:
    write(SCIENCE, NESTED.format(inner=inner))
    named = [f"{SCIENCE}:3 Deep.dig: 4, allowed 3"]
    assert [*crossed(tree).get("nesting", Figure("", 0)).crossed] == (named if is_crossed else [])


METHODS = [("six", ""), ("seven", ", g")]


def test_a_seventh_argument_is_named_and_self_is_none(tree: Path, write: Write) -> None:
    six, seven = (f"    def {name}(self, a, b, *, c, d, e, f{more}): pass\n" for name, more in METHODS)
    write(SCIENCE, f"class Door:\n{six}{seven}")
    assert crossed(tree)["arguments"].crossed == [f"{SCIENCE}:3 Door.seven: 7, allowed 6"]


def test_an_eleventh_path_is_named_in_a_function_within_a_function(tree: Path, write: Write) -> None:
    inner = "def outer():\n    def inner(a):\n" + "        if a: a()\n" * 10
    write(SCIENCE, inner)
    assert crossed(tree)["complexity"].crossed == [f"{SCIENCE}:2 outer.inner: 11, allowed 10"]


def test_a_function_in_a_class_in_a_function_is_measured(tree: Path, write: Write) -> None:
    hidden = "def outer():\n  while outer:\n    class Within:\n      def hidden(a):\n"
    write(SCIENCE, hidden + "        if a: a()\n" * 10)
    assert crossed(tree)["complexity"].crossed == [f"{SCIENCE}:4 outer.Within.hidden: 11, allowed 10"]


def test_six_lines_that_stand_in_two_files_are_repeated_whatever_their_indentation(
    tree: Path, write: Write
) -> None:
    write(SCIENCE, statements(6))
    write(STREAM, "def again():\n" + statements(6, "    "))
    found = crossed(tree)["repeated, % of lines"]
    assert found.value == round(100 * 12 / 14, 1)
    assert found.crossed[0].endswith(":1 6 lines, also at libs/chassis/src/canheal_chassis/stream.py:2") or (
        found.crossed[0].endswith(":2 6 lines, also at services/one/src/canheal_one/science.py:1")
    )


def test_five_lines_in_two_files_are_not_repeated(tree: Path, write: Write) -> None:
    write(SCIENCE, statements(5))
    write(STREAM, "def again():\n" + statements(5, "    "))
    assert "repeated, % of lines" not in crossed(tree)


def test_a_service_that_is_mostly_edge_is_named(tree: Path, write: Write) -> None:
    write("services/one/src/canheal_one/main.py", "import canheal_one.science\n" * 6)
    assert crossed(tree)["edge of services/one, %"].value == 40


def test_a_chassis_over_its_lines_is_named(tree: Path, write: Write) -> None:
    for part in range(7):
        write(
            f"libs/chassis/src/canheal_chassis/part{part}.py", statements(430).replace("value", f"part{part}")
        )
    assert crossed(tree)["chassis_lines"].value == 7 * 430 + 5


def test_a_broken_import_contract_is_named(tree: Path, write: Write) -> None:
    write("lower/__init__.py", "import upper\n")
    found = crossed(tree)["import contracts broken"]
    assert found.value == 1
    assert any("lower" in line and "upper" in line for line in found.crossed)


def test_an_import_linter_that_cannot_read_the_tree_is_a_crossed_limit(tree: Path, write: Write) -> None:
    write("lower/__init__.py", "def broken(:\n")
    assert "could not finish" in crossed(tree)["import contracts broken"].crossed[0]


def test_lint_exceptions_are_counted_in_tests_too_and_need_a_reason(tree: Path, write: Write) -> None:
    mark = "# no" + "qa: S101"
    write("services/one/tests/test_one.py", f"A = 1  {mark}\nB = 1  {mark} - the reason\nC = '{mark}'\n")
    assert crossed(tree)["lint exceptions without a reason"].crossed == [
        f"services/one/tests/test_one.py:1 {mark}"
    ]


@pytest.mark.parametrize(
    ("comment", "has_reason"),
    [
        ("# type: ig" + "nore[arg-type]", False),
        ("# type: ig" + "nore[arg-type, misc]  # checked above", True),
        ("# no" + "qa", False),
        ("# no" + "qa: S101, PLR2004", False),
        ("# no" + "qa: S101, PLR2004 a path of ours", True),
        ("# pra" + "gma: no cover", False),
        ("# pra" + "gma: no cover - only on Windows", True),
    ],
)
def test_a_reason_is_words_behind_the_code(comment: str, has_reason: bool) -> None:
    assert LintException("a.py", 1, comment).has_reason is has_reason


def test_too_many_lint_exceptions_are_named(tree: Path, write: Write) -> None:
    write(
        "services/one/tests/test_one.py", "".join(f"A{n} = 1  # no" + "qa: S101 - why\n" for n in range(26))
    )
    assert len(crossed(tree)["lint_exceptions"].crossed) == 26


def exception(limit: int, place: str = SCIENCE) -> str:
    return (
        f'\n[[exceptions]]\nmeasure = "file_lines"\nwhere = "{place}"\nlimit = {limit}\nreason = "a table"\n'
    )


def add_exception(tree: Path, *tables: str) -> None:
    with (tree / "measures.toml").open("a") as limits:
        limits.writelines(tables)


def test_a_listed_exception_allows_its_place_up_to_its_own_limit(tree: Path, write: Write) -> None:
    add_exception(tree, exception(600))
    write(SCIENCE, statements(600))
    assert not {"file_lines", "listed_exceptions"} & crossed(tree).keys()
    write(SCIENCE, statements(601))
    assert "file_lines" in crossed(tree)


def test_a_listed_exception_that_is_no_longer_needed_is_an_error(tree: Path) -> None:
    add_exception(tree, exception(600), exception(600, "services/one/src/canheal_one/gone.py"))
    found = crossed(tree)["listed_exceptions"].crossed
    assert [line.split(" is ")[1] for line in found] == ["no longer needed, take it out"] * 2


def test_a_sixth_exception_is_an_error(tree: Path, write: Write) -> None:
    names = [f"services/one/src/canheal_one/long{number}.py" for number in range(6)]
    for number, name in enumerate(names):
        write(name, statements(501).replace("value", f"long{number}"))
    add_exception(tree, *(exception(600, name) for name in names))
    found = crossed(tree)
    assert "file_lines" not in found
    assert found["listed_exceptions"].crossed == ["tools/measures.toml: 6 exceptions are listed, 5 may be"]


def test_an_exception_without_a_reason_is_refused(tree: Path) -> None:
    add_exception(tree, exception(600).replace("a table", ""))
    with pytest.raises(LimitsError, match="needs reason"):
        Limits.read(tree / "measures.toml")


def test_the_command_ends_with_one_and_names_the_place_when_a_limit_is_crossed(
    tree: Path, write: Write
) -> None:
    command = [sys.executable, ROOT / "tools/measures.py", "--check", "--root", tree]
    command += ["--limits", tree / "measures.toml"]
    good = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (good.returncode, good.stderr) == (0, "")
    write(SCIENCE, statements(501))
    bad = subprocess.run(command, capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert f"{SCIENCE}:1: 501, allowed 500" in bad.stderr
