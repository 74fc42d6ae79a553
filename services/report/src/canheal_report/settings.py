"""What the service is told by its environment."""

from canheal_process.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of report: those of every service."""
