"""What the service is told by its environment."""

from pathlib import Path

from canheal_process.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of prs."""

    scores: Path | None = None
    """A PGS Catalog scoring file, or a folder of them; the synthetic demo score when absent."""
