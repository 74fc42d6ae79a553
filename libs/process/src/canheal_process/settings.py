"""What every service is told by its environment. A service's own `Settings` extends this class."""

from pathlib import Path
from typing import Annotated

from canheal_schemas import Lane
from canheal_vault.secretfiles import SecretFiles
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Read from the environment when a process starts, never on import; secrets also from files."""

    model_config = SettingsConfigDict(
        env_prefix="CANHEAL_",
        frozen=True,
        populate_by_name=True,
        secrets_dir=None,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is said in the program, then secrets by `NAME_FILE`, then the environment."""
        secrets = SecretFiles(settings_cls)
        return init_settings, secrets, env_settings, dotenv_settings, file_secret_settings

    kafka_bootstrap_servers: Annotated[str, Field(validation_alias="KAFKA_BOOTSTRAP_SERVERS")]
    """Addresses of the Kafka brokers, `host:port[,host:port]`."""
    mongodb_uri: Annotated[SecretStr, Field(validation_alias="MONGODB_URI")]
    """Address of the database, `mongodb://...`."""
    platform_key: SecretStr
    """The platform's key, 32 bytes in base64: wraps the subjects' data keys."""
    platform_key_former: SecretStr | None = None
    """Another platform key, accepted beside it while keys are being rotated."""
    instance_id: str
    """Static name of this process's slot, e.g. `annotate-0`; two live processes never share one."""
    http_host: str = "127.0.0.1"
    """Address that the process serves HTTP on."""
    http_port: int = 0
    """Port that the process serves HTTP on; 0 takes a free one."""
    scratch: Path = Path("/tmp/canheal")  # noqa: S108 only a default: each process makes a private folder below it
    """Folder for decrypted files of the event in hand; emptied after the event and at start."""
    bundle: Path | None = None
    """Folder of the reference bundle; the demo bundle when absent."""
    pool_processes: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes for the science of one worker."""
    handler_tries: Annotated[int, Field(ge=1, le=20)] = 3
    """Runs of a handler that raises before its event becomes a dead letter."""
    consent_max_age_seconds: Annotated[float, Field(ge=3, le=300)] = 10.0
    """Without contact with the broker for longer, personal data is not shown and handlers wait."""
    lane: Lane = Lane.COMMON
    """common: all inputs, of which it passes on what is too heavy; heavy: these, one at a time, niced."""
    log_level: str = "info"
    """debug, info, warning or error."""
