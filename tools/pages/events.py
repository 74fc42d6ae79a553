"""`docs/events.md`: what flows on which topic, from the event classes."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from canheal_schemas.event import Envelope, Event, Model
from canheal_schemas.registry import CHANNELS, Channel

from pages.markdown import HEAD, table
from pages.modules import meaning

INTRODUCTION = """# Events

A record's value is the JSON of one event, its headers are the envelope.
The topic's suffix is the only version.
JSON Schemas and the AsyncAPI document stand in `schemas/generated`. Source: `schemas/src/canheal_schemas`.
"""
COLUMNS = ("topic", "events", "key", "kept", "said by", "read by")
FIELDS = ("field", "type", "meaning", "example")
Schema = dict[str, Any]  # a JSON Schema, as pydantic writes it


def pages() -> dict[str, str]:
    """The page by its path."""
    events = list(dict.fromkeys(event for channel in CHANNELS for event in channel.events))
    parts = {name: part for event in events for name, part in _schema(event).get("$defs", {}).items()}
    sections = [
        HEAD + INTRODUCTION,
        f"## Topics\n\n{table(COLUMNS, map(_topic, CHANNELS))}",
        f"## Headers\n\n{table(FIELDS, _fields(_schema(Envelope)))}",
        *(_event(event) for event in events),
        "# Parts of events\n",
        *(_part(name, schema) for name, schema in sorted(parts.items())),
    ]
    return {"docs/events.md": "\n".join(sections)}


def _schema(model: type[Model]) -> Schema:
    return model.model_json_schema(mode="serialization")


def _topic(channel: Channel) -> tuple[str, ...]:
    topic = channel.topic
    days = f"{topic.retention.days} days"
    kept = f"newest of a key; tombstones {days}" if topic.cleanup == "compact" else days
    events = ", ".join(f"[{event.__name__}](#{event.__name__.lower()})" for event in channel.events)
    said, read = ", ".join(channel.said_by), ", ".join(channel.read_by)
    return f"`{topic.name}`", events, f"`{topic.key}`", kept, said, read


def _event(event: type[Event]) -> str:
    return f"## {event.__name__}\n\n{meaning(event)}\n\n{table(FIELDS, _fields(_schema(event)))}"


def _part(name: str, schema: Schema) -> str:
    about = f"{schema.get('description', '').split(chr(10) * 2)[0]}\n\n"
    if "enum" in schema:
        return f"## {name}\n\n{about}One of {_values(schema['enum'])}.\n"
    return f"## {name}\n\n{about}{table(FIELDS, _fields(schema))}"


def _fields(schema: Schema) -> Iterator[tuple[str, str, str, str]]:
    for name, field in schema.get("properties", {}).items():
        shown = next((f"`{json.dumps(example, ensure_ascii=False)}`" for example in _examples(field)), "")
        yield f"`{name}`", _kind(field), field.get("description") or _inherited(field, schema), shown


def _examples(field: Schema) -> list[object]:
    """A field's examples; those of an optional field stand inside its first choice."""
    places: list[Schema] = [field, *field.get("anyOf", [])]
    return [example for place in places for example in place.get("examples", [])]


def _inherited(field: Schema, schema: Schema) -> str:
    """What the part says that a field refers to; a field of its own words needs none."""
    part = schema.get("$defs", {}).get(field.get("$ref", "").rpartition("/")[2], {})
    return str(part.get("description", "")).split("\n\n")[0]


def _kind(field: Schema) -> str:
    """A JSON Schema's type in a few words."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(_kind(choice) for choice in field["anyOf"])
    if "const" in field or "enum" in field:
        return _values(field.get("enum") or [field["const"]])
    return _plain_kind(field)


def _plain_kind(field: Schema) -> str:
    if field.get("type") == "array":
        return f"list of {_kind(field.get('items', {}))}"
    if isinstance(inside := field.get("additionalProperties"), dict):
        return f"map to {_kind(inside)}"
    return str(field.get("format") or field.get("type") or "any")


def _values(values: Iterable[object]) -> str:
    return ", ".join(f"`{value}`" for value in values)
