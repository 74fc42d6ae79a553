"""`python -m canheal_schemas.release`: the contract of today becomes the one that later ones must keep.

A maintainer runs it in the repository's root after `make generate`. It refuses a breaking change:
that is a new version of the topic (`.v2`), beside the old one.
"""

import json
import sys
from pathlib import Path
from typing import Any

from canheal_schemas.compatibility import breaking_changes, breaking_channels
from canheal_schemas.generate import contents, documents

RELEASED = "schemas/released/v1"
ASYNCAPI = "asyncapi.json"

type Documents = dict[str, dict[str, Any]]


def main(root: Path) -> int:
    """Write the released documents; 1 with the reasons on stderr where the contract breaks an older one."""
    if not (root / "schemas/src/canheal_schemas").is_dir():
        print(f"{root} is not the repository's root (no schemas/src/canheal_schemas).", file=sys.stderr)
        return 1
    if broken := breaks(released(root), contents()):
        print(
            "This contract breaks the released one; a breaking change is a new topic (.v2):", file=sys.stderr
        )
        print(*(f"  {change}" for change in broken), sep="\n", file=sys.stderr)
        return 1
    folder = root / RELEASED
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in documents().items():
        (folder / Path(path).name).write_text(text, "utf-8")
    print(f"{len(documents())} documents are released in {RELEASED}")
    return 0


def released(root: Path) -> Documents:
    """The released documents by file name; none before the first release."""
    return {
        path.name: json.loads(path.read_text("utf-8")) for path in sorted((root / RELEASED).glob("*.json"))
    }


def breaks(old: Documents, new: Documents) -> list[str]:
    """Every breaking change from the old documents to the new ones."""
    changes = breaking_channels(old[ASYNCAPI], new[ASYNCAPI]) if ASYNCAPI in old else []
    for name, schema in old.items():
        if name == ASYNCAPI:
            continue
        found = breaking_changes(schema, new[name]) if name in new else ["event type removed"]
        changes += [f"{name.removesuffix('.schema.json')}: {change}" for change in found]
    return changes


if __name__ == "__main__":
    sys.exit(main(Path.cwd()))
