"""Whether a changed contract still serves those who speak the old one.

A topic holds records of both ages, and its readers are updated one by one. So a change must stand both ways:
new readers accept every old record, old readers accept every new one. What remains is to add optional fields.
Schemas are compared by meaning: titles, descriptions, examples and the names of parts do not count.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

type Schema = Mapping[str, Any]

LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
EXACT = ("pattern", "format", "multipleOf", "uniqueItems")
CHOICES = ("anyOf", "oneOf")


def breaking_changes(old_schema: Schema, new_schema: Schema) -> list[str]:
    """What in the new JSON Schema breaks those who hold the old one, each with its place."""
    return list(_Comparison(old_schema, new_schema).changes(old_schema, new_schema, ""))


def breaking_channels(old: Schema, new: Schema) -> list[str]:
    """What breaks between two AsyncAPI documents in topics, keys, partitions, clean-up and messages."""
    return [
        f"{name}: {change}"
        for name, channel in old["channels"].items()
        for change in _channel_changes(channel, new["channels"].get(name))
    ]


def _channel_changes(old: Schema, new: Schema | None) -> Iterator[str]:
    if new is None:
        yield "topic removed"
        return
    for fact, was in _facts(old).items():
        now = _facts(new)[fact]
        if was != now:
            yield f"{fact} changed from {was!r} to {now!r}"
    for message in sorted(old["messages"].keys() ^ new["messages"].keys()):
        yield f"message {message} {'removed' if message in old['messages'] else 'added'}"


def _facts(channel: Schema) -> dict[str, object]:
    kafka = channel["bindings"]["kafka"]
    return {
        "topic": channel["address"],
        "key": channel["x-key-field"],
        "partitions": kafka["partitions"],
        "clean-up": kafka["topicConfiguration"]["cleanup.policy"],
    }


@dataclass(frozen=True)
class _Comparison:
    """Two whole schemas, to which the references in their parts point."""

    old: Schema
    new: Schema
    seen: set[tuple[str, str]] = field(default_factory=set)
    """Pairs of references that are being compared or have been."""

    def changes(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        pair = (old.get("$ref", ""), new.get("$ref", ""))
        if all(pair):
            if pair in self.seen:
                return
            self.seen.add(pair)
        before, after = _by_type(old, self.old), _by_type(new, self.new)
        yield from _sets("type", before, after, place)
        for kind in (kind for kind in before if kind in after):
            yield from _scalar(before[kind], after[kind], place)
            yield from self._inside(before[kind], after[kind], place)

    def _inside(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        yield from self._fields(old, new, place)
        yield from self._either("items", old, new, f"{place}[]")
        yield from self._either("additionalProperties", old, new, f"{place}.*")

    def _fields(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before:
            inner = f"{place}.{name}".lstrip(".")
            if name not in after:
                yield f"{inner}: field removed"
            else:
                yield from self.changes(before[name], after[name], inner)
        required_before, required_after = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted(required_after - required_before):
            yield f"{place}.{name}: new required field; old records lack it".lstrip(".")
        for name in sorted((required_before - required_after) & after.keys()):
            yield f"{place}.{name}: no longer required; old readers demand it".lstrip(".")

    def _either(self, keyword: str, old: Schema, new: Schema, place: str) -> Iterator[str]:
        """Schemas that may be absent or, as Draft 7 and later allow, a bare truth value."""
        before, after = old.get(keyword, True), new.get(keyword, True)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from self.changes(before, after, place)
        elif before != after:
            yield f"{place}: {keyword} changed from {_said(before)} to {_said(after)}"


def _by_type(schema: Schema, root: Schema) -> dict[str, Schema]:
    """The kinds of value that a schema accepts, each with what it says of them."""
    while "$ref" in schema:
        schema = _resolved(schema["$ref"], root)
    for keyword in CHOICES:
        if keyword in schema:
            return _together(_by_type(choice, root) for choice in schema[keyword])
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]]}
    kinds = schema.get("type", "any")
    return dict.fromkeys([kinds] if isinstance(kinds, str) else kinds, schema)


def _together(choices: Iterable[dict[str, Schema]]) -> dict[str, Schema]:
    """The choices in one; of two of the same type the second is told apart by its number."""
    found: dict[str, Schema] = {}
    for kind, inner in (pair for choice in choices for pair in choice.items()):
        count = sum(known.split(" ")[0] == kind for known in found)
        found[f"{kind} {count + 1}" if count else kind] = inner
    return found


def _resolved(reference: str, root: Schema) -> Schema:
    found: Any = root
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    resolved: Schema = found
    return resolved


def _scalar(old: Schema, new: Schema, place: str) -> Iterator[str]:
    if "enum" in old and "enum" in new:
        yield from _sets("value", old["enum"], new["enum"], place)
    elif "enum" in old or "enum" in new:
        yield f"{place}: {'was' if 'enum' in old else 'is now'} a list of fixed values"
    for keyword in (*LOWER, *UPPER):
        before, after = old.get(keyword), new.get(keyword)
        if before != after:
            yield f"{place}: {keyword} {_direction(keyword, before, after)} from {before} to {after}"
    for keyword in EXACT:
        if old.get(keyword) != new.get(keyword):
            yield f"{place}: {keyword} changed from {old.get(keyword)!r} to {new.get(keyword)!r}"


def _direction(keyword: str, before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return "narrowed" if before is None else "widened"
    return "narrowed" if (after > before) == (keyword in LOWER) else "widened"


def _sets(what: str, old: Iterable[Any], new: Iterable[Any], place: str) -> Iterator[str]:
    before, after = set(old), set(new)
    for value in sorted(before - after, key=str):
        yield f"{place}: {what} {value!r} removed; old records have it"
    for value in sorted(after - before, key=str):
        yield f"{place}: {what} {value!r} added; old readers refuse it"


def _said(schema: Any) -> str:
    return "a schema" if isinstance(schema, Mapping) else repr(schema).lower()
