"""Which therapies the evidence of a finding speaks of, grouped as a tumour board asks for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from canheal_schemas import DiseaseMatch, Evidence, EvidenceMatch, Finding

EFFECTS = {
    "sensitivity/response": "responds to",
    "resistance": "resists",
    "reduced sensitivity": "resists",
    "adverse response": "adverse response to",
}
"""CIViC's significance of predictive evidence in the reader's words."""

OWN_DISEASE = (DiseaseMatch.SAME, DiseaseMatch.ANCESTOR)


JOINED_BY = {"combination": " + ", "substitutes": " or ", "sequential": ", then "}
"""CIViC's therapy interaction in a reader's words; where it tells none, the names stand side by side."""


@dataclass(frozen=True, slots=True)
class Therapy:
    """One therapy or combination, and the evidence items that name it."""

    effect: str
    names: str
    level: str
    """The source's best level among the items."""
    here: bool
    """Whether an item is about this tumour type or a group that includes it."""
    diseases: tuple[str, ...]
    items: tuple[Evidence, ...]

    @property
    def exact(self) -> bool:
        """Whether the foremost item speaks of this very change."""
        return self.items[0].match is EvidenceMatch.ALLELE


def therapies(finding: Finding) -> tuple[Therapy, ...]:
    """Supported predictive evidence by effect and therapy: this tumour type first, then the best level."""
    usable = [item for item in finding.evidence if _effect(item) and item.therapies]
    grouped = groupby(sorted(usable, key=_group), key=_group)
    return tuple(sorted((_therapy(effect, names, items) for (effect, names), items in grouped), key=_rank))


def link(item: Evidence) -> str | None:
    """The item's own page, where the source has one a reader can open."""
    number = item.evidence_id.removeprefix("EID")
    known = item.source.casefold() == "civic" and number.isdecimal()
    return f"https://civicdb.org/links/evidence/{number}" if known else None


def regimen(item: Evidence) -> str:
    """The item's therapies as one phrase: together, one or the other, or one after the other."""
    interaction = (item.therapy_interaction or "").casefold()
    names = item.therapies if interaction == "sequential" else sorted(item.therapies)
    return JOINED_BY.get(interaction, " / ").join(names)


def _effect(item: Evidence) -> str | None:
    if item.type.casefold() != "predictive" or (item.direction or "").casefold() != "supports":
        return None
    return EFFECTS.get((item.significance or "").casefold())


def _group(item: Evidence) -> tuple[str, str]:
    return _effect(item) or "", regimen(item)


def _therapy(effect: str, names: str, items: Iterable[Evidence]) -> Therapy:
    ordered = tuple(sorted(items, key=_foremost))
    here = ordered[0].disease_match in OWN_DISEASE
    return Therapy(
        effect=effect,
        names=names,
        level=ordered[0].level,
        here=here,
        diseases=tuple(dict.fromkeys(item.disease for item in ordered if item.disease)),
        items=ordered,
    )


def _foremost(item: Evidence) -> tuple[bool, str, int]:
    return item.disease_match not in OWN_DISEASE, item.level, list(EvidenceMatch).index(item.match)


def _rank(therapy: Therapy) -> tuple[bool, str, bool, str]:
    return not therapy.here, therapy.level, therapy.effect != "responds to", therapy.names
