"""`schemas/generated`: the JSON Schemas and the AsyncAPI document, which the contract writes by itself."""

from canheal_schemas.generate import documents


def pages() -> dict[str, str]:
    """The documents by their paths."""
    return documents()
