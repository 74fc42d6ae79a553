"""Write every file that is made from our code, or with `--check` show which of them are stale.

A generator returns texts by path, relative to the tree's root.
A folder in OWNED holds generated files and nothing else.
"""

import argparse
import sys
from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path

from pages import bad_input, commands, configuration, contract, errors, events, vcf_rules

ROOT = Path(__file__).parents[1]
GENERATORS: tuple[Callable[[], dict[str, str]], ...] = (
    contract.pages,
    configuration.pages,
    errors.pages,
    events.pages,
    commands.pages,
    vcf_rules.pages,
    bad_input.pages,
)
OWNED = ("schemas/generated",)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; print the difference and exit 1")
    asked = parser.parse_args()
    made = {path: text for generator in GENERATORS for path, text in generator().items()}
    stale = differences(ROOT, made)
    if asked.check:
        print("".join(stale.values()) or f"generate: {len(made)} files are fresh\n", end="")
        if stale:
            print(f"Stale: {', '.join(stale)}. `make generate` writes them anew.", file=sys.stderr)
        return int(bool(stale))
    write(ROOT, made, list(stale))
    print(f"generate: {len(stale)} of {len(made)} files written anew")
    return 0


def differences(root: Path, made: dict[str, str]) -> dict[str, str]:
    """The unified diff of each file that is not as made, of orphans in the owned folders too."""
    on_disk = {path: _text(root / path) for path in [*made, *_owned(root)]}
    return {
        path: "".join(_diff(path, there, made.get(path, "")))
        for path, there in on_disk.items()
        if there != made.get(path)
    }


def write(root: Path, made: dict[str, str], stale: list[str]) -> None:
    """Write the stale files; an owned one that nothing makes any more goes."""
    for path in stale:
        if path in made:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(made[path], "utf-8")
        else:
            (root / path).unlink()


def _owned(root: Path) -> list[str]:
    found = (path for folder in OWNED for path in sorted((root / folder).rglob("*")) if path.is_file())
    return [path.relative_to(root).as_posix() for path in found]


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def _diff(path: str, there: str | None, made: str) -> list[str]:
    old, new = (text.splitlines(keepends=True) for text in (there or "", made))
    return list(unified_diff(old, new, f"{path} (in the tree)", f"{path} (made now)"))


if __name__ == "__main__":
    sys.exit(main())
