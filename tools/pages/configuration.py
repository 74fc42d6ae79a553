"""`docs/configuration.md`: every setting of every process, from the settings classes."""

import re
from collections.abc import Iterator

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from pages.markdown import HEAD, table
from pages.modules import classes_of, meaning, modules_named

BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
INTRODUCTION = """# Configuration

Settings are environment variables, read once when a process starts.
A process that lacks one, or cannot read it, says so and ends. A `SecretStr` is also read from the file that
`<variable>_FILE` names, as Docker and Kubernetes mount secrets (`MONGODB_URI_FILE=/run/secrets/mongodb`).
Source: `settings.py` of each member.
"""


def pages() -> dict[str, str]:
    """The page by its path."""
    classes = [
        (member, settings)
        for member, module in modules_named("settings")
        for settings in classes_of(module, BaseSettings)
    ]
    return {"docs/configuration.md": "\n".join([HEAD + INTRODUCTION, *_sections(classes)])}


def environment_name(settings: type[BaseSettings], name: str, field: FieldInfo) -> str:
    """The variable that sets a field."""
    if isinstance(field.validation_alias, str):
        return field.validation_alias
    return f"{settings.model_config.get('env_prefix', '')}{name}".upper()


def _sections(classes: list[tuple[str, type[BaseSettings]]]) -> Iterator[str]:
    for member, settings in classes:
        own = {
            name: field for name, field in settings.model_fields.items() if name in settings.__annotations__
        }
        if not own:
            continue
        bases = [base for base in settings.__mro__[1:] if base in {one for _, one in classes}]
        also = f"Besides the settings of `{bases[0].__module__}`.\n\n" if bases else ""
        rows = (_row(settings, name, field) for name, field in own.items())
        title = f"## {member}: `{settings.__module__}.{settings.__name__}`"
        settings_table = table(("variable", "type", "default", "meaning"), rows)
        yield f"{title}\n\n{meaning(settings)}\n\n{also}{settings_table}"


def _row(settings: type[BaseSettings], name: str, field: FieldInfo) -> tuple[str, str, str, str]:
    return (
        f"`{environment_name(settings, name, field)}`",
        _kind(field),
        "required" if field.default is PydanticUndefined and not field.default_factory else _default(field),
        field.description or "",
    )


def _kind(field: FieldInfo) -> str:
    """A field's type by its plain name, with its bounds."""
    plain = getattr(field.annotation, "__name__", "")
    kind = plain if plain and "|" not in str(field.annotation) else str(field.annotation)
    bounds = [
        f"{words} {getattr(bound, sign)}"
        for bound in field.metadata
        for sign, words in BOUNDS.items()
        if hasattr(bound, sign)
    ]
    return ", ".join([re.sub(r"\b[\w.]+\.", "", kind), *bounds])


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    return "none" if value is None else f"`{value}`"
