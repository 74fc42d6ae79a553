"""Each kind of breaking change is told, an addition is not; today's contract keeps the released one."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from canheal_schemas import generate, release
from canheal_schemas.compatibility import breaking_changes, breaking_channels

ROOT = Path(__file__).parents[2]
OLD: dict[str, Any] = {
    "type": "object",
    "$defs": {
        "Colour": {"type": "string", "enum": ["red", "green"]},
        "Twin": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Twin"}}},
    },
    "properties": {
        "id": {"type": "string", "format": "uuid", "description": "old words"},
        "count": {"type": "integer", "minimum": 0, "maximum": 10},
        "note": {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}], "default": None},
        "colour": {"$ref": "#/$defs/Colour"},
        "codes": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z]$"}},
        "by_name": {"type": "object", "additionalProperties": {"type": "integer"}},
        "twin": {"$ref": "#/$defs/Twin"},
    },
    "required": ["id", "count"],
}
NEW_PARTS: list[tuple[str, dict[str, Any], str]] = [
    ("id", {"type": "integer"}, "id: type 'string' removed; old records have it"),
    ("id", {"type": ["string", "null"], "format": "uuid"}, "id: type 'null' added; old readers refuse it"),
    ("id", {"type": "string"}, "id: format changed from 'uuid' to None"),
    ("count", {"type": "integer", "minimum": 1, "maximum": 10}, "count: minimum narrowed from 0 to 1"),
    ("count", {"type": "integer", "minimum": 0, "maximum": 9}, "count: maximum narrowed from 10 to 9"),
    ("count", {"type": "integer", "minimum": 0, "maximum": 11}, "count: maximum widened from 10 to 11"),
    ("count", {"type": "integer", "minimum": 0}, "count: maximum widened from 10 to None"),
    (
        "count",
        {"type": "integer", "minimum": 0, "maximum": 10, "exclusiveMinimum": 0},
        "count: exclusiveMinimum narrowed from None to 0",
    ),
    ("note", {"type": "string", "maxLength": 5}, "note: type 'null' removed; old records have it"),
    (
        "note",
        {"anyOf": [{"type": "string", "maxLength": 4}, {"type": "null"}]},
        "note: maxLength narrowed from 5 to 4",
    ),
    ("colour", {"type": "string", "enum": ["red"]}, "colour: value 'green' removed; old records have it"),
    (
        "colour",
        {"type": "string", "enum": ["red", "green", "blue"]},
        "colour: value 'blue' added; old readers refuse it",
    ),
    ("colour", {"type": "string"}, "colour: was a list of fixed values"),
    ("id", {"type": "string", "format": "uuid", "const": "a"}, "id: is now a list of fixed values"),
    (
        "codes",
        {"type": "array", "items": {"type": "string"}},
        "codes[]: pattern changed from '^[A-Z]$' to None",
    ),
    ("codes", {"type": "array"}, "codes[]: items changed from a schema to true"),
    ("by_name", {"type": "object", "additionalProperties": False}, "by_name.*: additionalProperties changed"),
    ("by_name", {"type": "object", "additionalProperties": {"type": "number"}}, "by_name.*: type 'integer'"),
    ("twin", {"type": "object", "properties": {}}, "twin.next: field removed"),
]


def changed(name: str, part: dict[str, Any]) -> dict[str, Any]:
    return {**OLD, "properties": {**OLD["properties"], name: part}}


@pytest.mark.parametrize(("name", "part", "told"), NEW_PARTS, ids=[told for *_, told in NEW_PARTS])
def test_a_changed_field_is_told_with_its_place(name: str, part: dict[str, Any], told: str) -> None:
    assert any(change.startswith(told) for change in breaking_changes(OLD, changed(name, part)))


def test_a_removed_field_is_told() -> None:
    fewer = {**OLD, "properties": {name: part for name, part in OLD["properties"].items() if name != "note"}}
    assert breaking_changes(OLD, fewer) == ["note: field removed"]


def test_a_new_required_field_and_one_that_is_required_from_now_on_are_told() -> None:
    more = {**changed("new", {"type": "string"}), "required": ["id", "count", "new", "note"]}
    assert breaking_changes(OLD, more) == [
        "new: new required field; old records lack it",
        "note: new required field; old records lack it",
    ]


def test_a_field_that_may_be_absent_from_now_on_is_told() -> None:
    assert breaking_changes(OLD, {**OLD, "required": ["id"]}) == [
        "count: no longer required; old readers demand it"
    ]


def test_a_change_inside_a_shared_part_is_told() -> None:
    new = copy.deepcopy(OLD)
    new["$defs"]["Colour"]["enum"] = ["red"]
    assert breaking_changes(OLD, new) == ["colour: value 'green' removed; old records have it"]


def test_two_choices_of_one_type_are_both_compared() -> None:
    old = changed("id", {"anyOf": [{"type": "string", "maxLength": 1}, {"type": "string", "minLength": 5}]})
    new = changed("id", {"anyOf": [{"type": "string", "maxLength": 1}, {"type": "string", "minLength": 6}]})
    assert breaking_changes(old, new) == ["id: minLength narrowed from 5 to 6"]


def test_a_new_optional_field_breaks_nothing() -> None:
    optional = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    assert breaking_changes(OLD, changed("extra", optional)) == []


def test_words_order_and_the_names_of_parts_mean_nothing() -> None:
    new = copy.deepcopy(OLD)
    new["properties"] = dict(reversed(new["properties"].items()))
    new["properties"]["id"] |= {"description": "new words", "examples": ["a"], "title": "Id"}
    new["properties"]["note"]["anyOf"].reverse()
    new["required"].reverse()
    new["$defs"]["Paint"] = {**new["$defs"].pop("Colour"), "enum": ["green", "red"]}
    new["properties"]["colour"] = {"$ref": "#/$defs/Paint", "description": "of the house"}
    assert breaking_changes(OLD, new) == []


def test_a_part_that_refers_to_itself_is_compared_once() -> None:
    assert breaking_changes(OLD, copy.deepcopy(OLD)) == []


def channels(**facts: Any) -> dict[str, Any]:
    kafka = {
        "partitions": facts.get("partitions", 12),
        "topicConfiguration": {"cleanup.policy": [facts.get("cleanup", "delete")], "retention.ms": 1},
    }
    channel = {
        "address": facts.get("topic", "a.v1"),
        "x-key-field": facts.get("key", "sample"),
        "messages": dict.fromkeys(facts.get("messages", ["Said"])),
        "bindings": {"kafka": kafka},
    }
    return {"channels": {facts.get("name", "a.v1"): channel}}


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"partitions": 24}, "a.v1: partitions changed from 12 to 24"),
        ({"key": "subject"}, "a.v1: key changed from 'sample' to 'subject'"),
        ({"cleanup": "compact"}, "a.v1: clean-up changed from ['delete'] to ['compact']"),
        ({"topic": "b.v1"}, "a.v1: topic changed from 'a.v1' to 'b.v1'"),
        ({"name": "b.v1"}, "a.v1: topic removed"),
        ({"messages": []}, "a.v1: message Said removed"),
        ({"messages": ["Said", "Sung"]}, "a.v1: message Sung added"),
    ],
)
def test_a_changed_topic_is_told(facts: dict[str, Any], told: str) -> None:
    assert breaking_channels(channels(), channels(**facts)) == [told]


def test_a_new_topic_and_a_longer_retention_break_nothing() -> None:
    new = channels(name="b.v1")["channels"] | channels()["channels"]
    new["a.v1"]["bindings"]["kafka"]["topicConfiguration"]["retention.ms"] = 2
    assert breaking_channels(channels(), {"channels": new}) == []


def test_todays_contract_keeps_the_released_one() -> None:
    released = release.released(ROOT)
    assert "asyncapi.json" in released
    assert release.breaks(released, generate.contents()) == []


def test_every_event_and_topic_of_today_is_released() -> None:
    """What is not released is not held to anything: `python -m canheal_schemas.release` adds it."""
    released, today = release.released(ROOT), generate.contents()
    assert released.keys() == today.keys()
    assert released["asyncapi.json"]["channels"].keys() == today["asyncapi.json"]["channels"].keys()


def test_a_release_writes_what_is_said_today_and_a_second_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "schemas/src/canheal_schemas").mkdir(parents=True)
    assert release.main(tmp_path) == 0
    first = release.released(tmp_path)
    assert first == json.loads(json.dumps(generate.contents()))
    assert release.main(tmp_path) == 0
    assert release.released(tmp_path) == first


def test_a_release_that_breaks_the_last_one_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "schemas/src/canheal_schemas").mkdir(parents=True)
    release.main(tmp_path)
    kept = tmp_path / release.RELEASED / "canheal.report.issued.v1.schema.json"
    schema = json.loads(kept.read_text())
    schema["properties"]["dear"] = {"type": "string"}
    kept.write_text(json.dumps(schema))
    assert release.main(tmp_path) == 1
    assert "canheal.report.issued.v1: dear: field removed" in capsys.readouterr().err
    assert "dear" in kept.read_text()


def test_a_release_elsewhere_than_in_the_repository_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert release.main(tmp_path) == 1
    assert "not the repository's root" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
