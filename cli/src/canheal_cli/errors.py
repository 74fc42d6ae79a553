"""What can go wrong at the command line, each with its exit code.

CommandError                 the command cannot do what it was asked
|-- EmbeddedError            an embedded part (broker, database) cannot be had
|   |-- JarError             a jar cannot be fetched, or is not the pinned one
|   `-- NotReadyError        it was started but does not answer
`-- AlreadyRunningError      the data folder or slot is in use
"""


class CommandError(Exception):
    """Base of all: its text is written for the person at the terminal."""

    slug = "command-failed"
    exit_code = 1


class EmbeddedError(CommandError):
    slug = "embedded-part-failed"
    exit_code = 3


class JarError(EmbeddedError):
    slug = "jar-not-the-pinned-one"


class NotReadyError(EmbeddedError):
    slug = "embedded-part-not-ready"


class AlreadyRunningError(CommandError):
    slug = "already-running"
    exit_code = 4
