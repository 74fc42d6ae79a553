"""A document of a service: what it keeps of a person, by an id of its own."""

from typing import ClassVar
from uuid import UUID

from canheal_schemas import Model


class Document(Model):
    """What a service keeps; a `shared` one is changed by several events and carries a revision."""

    collection: ClassVar[str]
    shared: ClassVar[bool] = False

    id: UUID
    subject: str
