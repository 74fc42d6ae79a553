"""Generated files: stale ones are shown, orphans go, and the pages tell everything that a person may meet."""

import re
from pathlib import Path

import pytest
from canheal_schemas.registry import CHANNELS
from pydantic_settings import BaseSettings

from generate import differences, write
from house.sources import sources
from pages import commands, configuration, errors, events
from pages.modules import classes_of, modules_named

ROOT = Path(__file__).parents[2]
SETTINGS = [one for _, module in modules_named("settings") for one in classes_of(module, BaseSettings)]
ERRORS = [
    error
    for _, module in modules_named("errors")
    for error in classes_of(module, Exception)
    if hasattr(error, "slug")
]


def test_a_fresh_file_has_no_difference_and_a_stale_one_shows_it(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("old\nsame\n")
    (tmp_path / "b.md").write_text("fresh\n")
    found = differences(tmp_path, {"a.md": "new\nsame\n", "b.md": "fresh\n"})
    assert found.keys() == {"a.md"}
    assert "-old\n+new\n same\n" in found["a.md"]


def test_writing_makes_everything_fresh_and_removes_an_orphan(tmp_path: Path) -> None:
    orphan = tmp_path / "schemas/generated/gone.json"
    orphan.parent.mkdir(parents=True)
    orphan.write_text("{}\n")
    made = {"schemas/generated/new/here.json": "{}\n", "docs/page.md": "text\n"}
    stale = differences(tmp_path, made)
    assert stale.keys() == {*made, "schemas/generated/gone.json"}
    write(tmp_path, made, list(stale))
    assert differences(tmp_path, made) == {}
    assert not orphan.exists()


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda one: one.__module__)
def test_every_setting_is_described(settings: type[BaseSettings]) -> None:
    page = configuration.pages()["docs/configuration.md"]
    for name, field in settings.model_fields.items():
        assert f"`{configuration.environment_name(settings, name, field)}`" in page
        assert field.description, f"{settings.__module__}: {name} says nothing of itself"


@pytest.mark.parametrize("error", ERRORS, ids=lambda one: one.__name__)
def test_every_error_says_what_it_means(error: type[Exception]) -> None:
    assert f"`{error.__name__}`" in errors.pages()["docs/errors.md"]
    assert errors.error_meaning(error)


def test_no_two_errors_share_a_slug() -> None:
    slugs = [vars(error)["slug"] for error in ERRORS if "slug" in vars(error)]
    assert sorted(slugs) == sorted(set(slugs))


def test_every_error_with_a_slug_stands_in_the_error_tree_of_its_member() -> None:
    marked = [source for source in sources(ROOT) if "\n    slug = " in source.text]
    assert [source.path for source in marked if Path(source.path).name != "errors.py"] == []


def test_every_topic_and_event_is_on_the_page_of_events() -> None:
    page = events.pages()["docs/events.md"]
    for channel in CHANNELS:
        assert f"| `{channel.topic.name}` |" in page
        for event in channel.events:
            assert f"\n## {event.__name__}\n" in page


def test_every_field_of_an_event_says_what_it_is() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| [^|]*(?:\\\|[^|]*)* \| ([^|]*) \|", events.pages()["docs/events.md"], re.MULTILINE
    )
    assert len(rows) > 50
    assert [field for field, meaning in rows if not meaning] == []


def test_every_command_and_each_of_its_options_says_what_it_does() -> None:
    page = commands.pages()["docs/commands.md"]
    assert [name for name, _ in commands.roots() if f"\n## `canheal {name}`\n" not in page] == []
    rows = re.findall(r"^\| (`[^|]*`) \| [^|]* \| ([^|]*) \|$", page, re.MULTILINE)
    assert len(rows) > 10
    assert [option for option, meaning in rows if not meaning] == []
