"""Secrets from files: `NAME_FILE` in the environment names the file that holds the secret `NAME`.

That is how Docker and Kubernetes mount secrets. The value never stands in the environment, where
`docker inspect` and a crash report would show it. A message about a secret names variable and file, no value.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from canheal_vault.errors import SecretUnreadable

SUFFIX = "_FILE"
LONGEST_SECRET_BYTES = 64 << 10


def secret(name: str, environment: Mapping[str, str] = os.environ) -> SecretStr | None:
    """The secret `name`, from the environment or from the file that `name_FILE` names; None where neither is.

    Raises:
        SecretUnreadable: the file cannot be read, is empty, or says another thing than the variable.
    """
    said, path = environment.get(name), environment.get(name + SUFFIX)
    if not path:
        return SecretStr(said) if said else None
    value = _read(name, Path(path))
    if said and said != value:
        raise SecretUnreadable(f"{name} and the file of {name + SUFFIX} differ; give one of the two")
    return SecretStr(value)


def _read(name: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            value = file.read(LONGEST_SECRET_BYTES + 1).decode().strip()
    except OSError as error:
        raise SecretUnreadable(f"{name + SUFFIX} names {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise SecretUnreadable(f"{name + SUFFIX} names {path}, which is no text") from None
    if not value or len(value) > LONGEST_SECRET_BYTES:
        raise SecretUnreadable(
            f"{name + SUFFIX} names {path}, which is empty or longer than {LONGEST_SECRET_BYTES:,} bytes"
        )
    return value


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting is a secret."""
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)


class SecretFiles(PydanticBaseSettingsSource):
    """Where a settings class finds its secrets; asked before the environment, which it includes."""

    def __init__(self, settings: type[BaseSettings]) -> None:
        super().__init__(settings)
        self._prefix = str(settings.model_config.get("env_prefix", ""))

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value, the key under which the model takes it, and that it is no JSON."""
        named = field.validation_alias if isinstance(field.validation_alias, str) else None
        return secret((named or self._prefix + field_name).upper()), named or field_name, False

    def __call__(self) -> dict[str, Any]:
        """What is found, by its key."""
        found = [
            self.get_field_value(field, name)
            for name, field in self.settings_cls.model_fields.items()
            if is_secret(field)
        ]
        return {key: value for value, key, _ in found if value is not None}
