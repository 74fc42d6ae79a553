"""docs/operations.md says what to do for each error that can stand in a dead letter."""

import re
from pathlib import Path

import pytest
from canheal_process.errors import EventRefused, dead_letter_error

from pages.modules import modules_named

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
SECTIONS = dict(
    re.findall(r"^### `([a-z-]+)`\n\n(.+?)(?=^##)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
)


def kinds() -> list[type[EventRefused]]:
    """Every error of the tree that can stand in a dead letter, the members' own among them."""
    modules_named("errors")  # imports them all
    found = [EventRefused]
    for kind in found:
        found += kind.__subclasses__()
    return [kind for kind in found if kind.__module__.startswith("canheal_")]


def test_each_error_has_a_section_and_each_section_an_error() -> None:
    assert SECTIONS.keys() == {kind.slug for kind in kinds()}


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.slug)
def test_each_error_says_what_it_means_and_what_to_do_and_the_page_names_a_command(
    kind: type[EventRefused],
) -> None:
    assert dead_letter_error(kind.slug) is kind
    assert kind.__doc__
    assert kind.__doc__.strip().endswith(".")
    assert kind.remedy.endswith(".")
    if kind is not EventRefused:
        assert kind.remedy != EventRefused.remedy
        assert re.search(r"`(retry|drop|retry --body)`", SECTIONS[kind.slug])
