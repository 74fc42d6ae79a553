"""`schemas/generated`: the JSON Schemas and the AsyncAPI document, which the contract writes by itself."""

import importlib


def pages() -> dict[str, str]:
    """The documents by their paths."""
    documents: dict[str, str] = importlib.import_module("canheal_schemas.generate").documents()
    return documents
