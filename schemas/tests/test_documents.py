"""The generated documents are valid by the standards' own schemas; every reference leads somewhere."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from canheal_schemas import CHANNELS, EVENTS, Event
from canheal_schemas.topic import BROKERS_CLOCK
from jsonschema import Draft7Validator, Draft202012Validator

GENERATED = Path(__file__).parents[1] / "generated"
DOCUMENT = json.loads((GENERATED / "asyncapi.json").read_text("utf-8"))
MESSAGES = DOCUMENT["components"]["messages"]


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inside in part.values():
            yield from references(inside)
    elif isinstance(part, list):
        for inside in part:
            yield from references(inside)


def at(pointer: str, document: Any) -> Any:
    for step in pointer.removeprefix("#/").split("/"):
        document = document[step]
    return document


def test_the_asyncapi_document_is_valid_by_the_schema_of_asyncapi(test_data: Path) -> None:
    schema = json.loads((test_data / "asyncapi/asyncapi-3.1.0.schema.json").read_text("utf-8"))
    found = [f"{error.json_path}: {error.message}" for error in Draft7Validator(schema).iter_errors(DOCUMENT)]
    assert found == []


def test_the_schema_of_asyncapi_would_refuse_a_broken_document(test_data: Path) -> None:
    schema = json.loads((test_data / "asyncapi/asyncapi-3.1.0.schema.json").read_text("utf-8"))
    broken = json.loads(json.dumps(DOCUMENT))
    broken["components"]["schemas"]["ReportIssued"]["properties"]["sample"]["type"] = "uuid"
    broken["channels"]["canheal.report.issued.v1"]["bindings"]["kafka"]["partitions"] = "12"
    assert len(list(Draft7Validator(schema).iter_errors(broken))) >= 2


@pytest.mark.parametrize("path", sorted(GENERATED.glob("*.json")), ids=lambda path: path.name)
def test_every_reference_leads_somewhere(path: Path) -> None:
    document = json.loads(path.read_text("utf-8"))
    for reference in references(document):
        assert at(reference, document) is not None


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_every_schema_of_the_asyncapi_document_is_draft_7_without_neighbours_of_a_reference(
    name: str,
) -> None:
    schema = DOCUMENT["components"]["schemas"][name]
    Draft7Validator.check_schema(schema)
    assert "$defs" not in json.dumps(schema)
    assert list(crowded(schema)) == []


def crowded(part: Any) -> Iterator[Any]:
    """References with a neighbour, which Draft 7 would ignore."""
    inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    if isinstance(part, dict) and "$ref" in part and len(part) > 1:
        yield part
    for one in inside:
        yield from crowded(one)


@pytest.mark.parametrize("path", sorted(GENERATED.glob("*.schema.json")), ids=lambda path: path.name)
def test_every_json_schema_is_valid_by_its_own_dialect(path: Path) -> None:
    schema = json.loads(path.read_text("utf-8"))
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(schema)


def test_every_topic_is_a_channel_with_its_settings_key_and_messages() -> None:
    assert DOCUMENT["channels"].keys() == {channel.topic.name for channel in CHANNELS}
    for channel in CHANNELS:
        told = DOCUMENT["channels"][channel.topic.name]
        kafka = told["bindings"]["kafka"]
        settings = {
            name: value[0] if name == "cleanup.policy" else str(value)
            for name, value in kafka["topicConfiguration"].items()
        }
        assert (told["address"], told["x-key-field"]) == (channel.topic.name, channel.topic.key)
        assert (kafka["topic"], kafka["partitions"]) == (channel.topic.name, 12)
        assert settings | BROKERS_CLOCK == channel.topic.configs
        assert told["messages"].keys() == {event.__name__ for event in channel.events}


def test_every_service_sends_and_receives_what_the_registry_says() -> None:
    told = {
        (part["action"], part["tags"][0]["name"], at(part["channel"]["$ref"], DOCUMENT)["address"])
        for part in DOCUMENT["operations"].values()
    }
    said = {("send", who, channel.topic.name) for channel in CHANNELS for who in channel.said_by}
    read = {("receive", who, channel.topic.name) for channel in CHANNELS for who in channel.read_by}
    assert told == said | read
    for operation in DOCUMENT["operations"].values():
        for message in operation["messages"]:
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_the_examples_of_every_field_keep_their_own_schema(name: str) -> None:
    schema = json.loads((GENERATED / f"{name}.schema.json").read_text("utf-8"))
    parts = {name: schema, **schema.get("$defs", {})}
    for owner, part in parts.items():
        for field, described in part.get("properties", {}).items():
            for choice in [described, *described.get("anyOf", [])]:
                for value in choice.get("examples", []):
                    inside = {**choice, "$defs": schema.get("$defs", {})}
                    assert list(Draft202012Validator(inside).iter_errors(value)) == [], f"{owner}.{field}"


def test_a_real_event_keeps_both_the_json_schema_and_the_asyncapi_payload(events: list[Event]) -> None:
    for event in events:
        value = json.loads(event.to_bytes())
        schema = json.loads((GENERATED / f"{event.event_type}.schema.json").read_text("utf-8"))
        Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)
        message = MESSAGES[type(event).__name__]
        payload = {**message["payload"], "components": DOCUMENT["components"]}
        Draft7Validator(payload).validate(value)
        broken = value | {next(iter(value)): {}}
        assert list(Draft7Validator(payload).iter_errors(broken)) != []
