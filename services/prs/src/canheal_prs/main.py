"""The service's composition root."""

from functools import partial

from canheal_chassis.service import Service, run
from canheal_desk.mount import mount_desk

from canheal_prs.risk import warm
from canheal_prs.settings import Settings
from canheal_prs.worker import handlers


def main() -> None:
    """Run until told to stop."""
    settings = Settings()
    run(
        Service(
            name="prs",
            handlers=handlers(settings),
            warm=partial(warm, settings.scores, settings.bundle),
            mount=mount_desk,
        ),
        settings,
    )


if __name__ == "__main__":  # a spawned pool child imports this module and must not start a second worker
    main()
