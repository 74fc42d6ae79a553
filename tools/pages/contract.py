"""`schemas/generated`: the JSON Schemas and the AsyncAPI document, which the contract writes by itself."""

import importlib
import importlib.util


def pages() -> dict[str, str]:
    """The documents by their paths."""
    if importlib.util.find_spec("canheal_schemas.generate") is None:
        return {}
    documents: dict[str, str] = importlib.import_module("canheal_schemas.generate").documents()
    return documents
