"""What the page looks up in the reference bundle: names of tumour types, and the sources of its facts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from canheal_refdata.bundle import open_bundle
from canheal_refdata.manifest import Source


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Two look-ups; without a bundle both answer that they do not know."""

    tumour_name: Callable[[str], str | None] = field(default=lambda _code: None)
    """The name of an OncoTree code."""
    sources: Callable[[str], Sequence[Source]] = field(default=lambda _version: ())
    """The sources of the bundle of this version: none where another one lies here."""


def knowledge_of(directory: Path | None) -> Knowledge:
    """Open the bundle, the demo bundle for None.

    Raises:
        canheal_refdata.errors.RefdataError: the bundle is absent or broken.
    """
    bundle = open_bundle(directory)
    tree = bundle.oncotree

    def tumour_name(code: str) -> str | None:
        current = tree.current(code) if tree else None
        return tree.name(current) if tree and current else None

    def sources(version: str) -> Sequence[Source]:
        return bundle.sources if version == bundle.version else ()

    return Knowledge(tumour_name, sources)
