"""What can go wrong at the command line; part of the platform's one tree.

PlatformError (canheal_chassis.errors)
└── CommandError                 the command cannot do what it was asked
    ├── EmbeddedError            an embedded part (broker, database) cannot be had
    │   ├── JarError             a jar cannot be fetched, or is not the pinned one
    │   └── NotReadyError        it was started but does not answer
    └── AlreadyRunningError      the data folder or slot is in use
"""

from canheal_chassis.errors import PlatformError


class CommandError(PlatformError):
    """The command cannot do what it was asked."""

    slug = "command-failed"


class EmbeddedError(CommandError):
    """An embedded part cannot be had."""

    slug = "embedded-part-failed"
    exit_code = 69


class JarError(EmbeddedError):
    """A jar of the embedded broker cannot be fetched, or is not the pinned one."""

    slug = "jar-not-the-pinned-one"


class NotReadyError(EmbeddedError):
    """A part was started but does not answer."""

    slug = "part-not-ready"


class AlreadyRunningError(CommandError):
    """The data folder or the slot is in use by a living process."""

    slug = "already-running"
    exit_code = 73
