"""JSON Schemas of the models: Draft 2020-12 as pydantic writes them, and Draft 7 for AsyncAPI."""

from typing import Any

from canheal_schemas.event import Envelope, Model

type Schema = dict[str, Any]


def model_schema(model: type[Model], ref_template: str = "#/$defs/{model}") -> Schema:
    """What a writer puts on the wire."""
    return model.model_json_schema(mode="serialization", ref_template=ref_template)


def headers_schema() -> Schema:
    """The envelope as it travels: an absent value is no header, so no header is null."""
    schema = model_schema(Envelope)
    properties = {name: _never_null(field) for name, field in schema["properties"].items()}
    return {**schema, "properties": properties}


def draft_7(schema: Any) -> Any:
    """The same meaning in Draft 7, which ignores everything that stands beside a `$ref`."""
    if isinstance(schema, list):
        return [draft_7(inside) for inside in schema]
    if not isinstance(schema, dict):
        return schema
    inside = {name: draft_7(value) for name, value in schema.items() if name != "$ref"}
    if "$ref" not in schema:
        return inside
    return {**inside, "allOf": [{"$ref": schema["$ref"]}]} if inside else {"$ref": schema["$ref"]}


def _never_null(field: Schema) -> Schema:
    choices = [choice for choice in field.get("anyOf", []) if choice.get("type") != "null"]
    kept = {name: value for name, value in field.items() if name not in ("anyOf", "default")}
    return kept | choices[0] if len(choices) == 1 else field
