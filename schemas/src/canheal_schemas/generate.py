"""The contract as documents: a JSON Schema of every event and of the headers, and one AsyncAPI document.

`make generate` writes them to `schemas/generated`; nothing here touches a file.
"""

import json
from typing import Any

from canheal_schemas.asyncapi import asyncapi
from canheal_schemas.event import Model
from canheal_schemas.json_schema import Schema, headers_schema, model_schema
from canheal_schemas.registry import EVENTS

FOLDER = "schemas/generated"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def documents() -> dict[str, str]:
    """The text of each document by its path, relative to the repository's root."""
    return {f"{FOLDER}/{name}": _text(content) for name, content in contents().items()}


def contents() -> dict[str, dict[str, Any]]:
    """Each document by its file name."""
    events = {f"{name}.schema.json": _document(name, event) for name, event in EVENTS.items()}
    return {
        **events,
        "envelope.schema.json": _headed("envelope", headers_schema()),
        "asyncapi.json": asyncapi(),
    }


def _document(name: str, model: type[Model]) -> Schema:
    return _headed(name, model_schema(model))


def _headed(name: str, schema: Schema) -> Schema:
    return {"$schema": DIALECT, "$id": f"urn:canheal:{name}", **schema}


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
