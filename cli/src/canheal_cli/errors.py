"""What can go wrong at the command line; part of the platform's one tree.

PlatformError (canheal_process.errors)
└── CommandError                 the command cannot do what it was asked
    ├── EmbeddedError            an embedded part (broker, database) cannot be had
    │   ├── JarError             a jar cannot be fetched, or is not the pinned one
    │   └── NotReadyError        it was started but does not answer
    ├── AlreadyRunningError      the data folder or slot is in use
    ├── RefusedError             a service said no; its problem document says why
    ├── TopicsDifferError        a topic has another number of partitions than the contract says
    ├── BackupDamagedError       a backup is not what was written, or its folder is taken
    ├── DatabaseNotEmptyError    a restore would mix with what is there
    ├── StillRunningError        services run on what is to be restored
    ├── NotRunningError          no platform is known to run here
    ├── MetadataError            metadata of a sample cannot be read
    ├── NoReportError            no report has this id
    └── NoDemoSamplesError       the package carries no demo samples

A dead letter that is not there is the chassis' NoSuchDeadLetter.
"""

from canheal_process.errors import PlatformError


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


class RefusedError(CommandError):
    """A service said no; its problem document says why."""

    slug = "refused"
    exit_code = 65


class TopicsDifferError(CommandError):
    """A topic exists with another number of partitions than the contract says."""

    slug = "topics-differ"
    exit_code = 78


class NotRunningError(CommandError):
    """No platform is known to run here."""

    slug = "not-running"
    exit_code = 69


class BackupDamagedError(CommandError):
    """A backup is not what was written, or its folder holds something else."""

    slug = "backup-damaged"
    exit_code = 65


class DatabaseNotEmptyError(CommandError):
    """The database holds a platform already; a restore would mix the two."""

    slug = "database-not-empty"
    exit_code = 73


class StillRunningError(CommandError):
    """Services run on the stores that are to be restored."""

    slug = "still-running"
    exit_code = 73


class MetadataError(CommandError):
    """The metadata of a sample cannot be read from what was given."""

    slug = "metadata-unreadable"
    exit_code = 65


class NoReportError(CommandError):
    """No report has this id, nor a sample that has one."""

    slug = "report-not-found-here"
    exit_code = 66


class NoDemoSamplesError(CommandError):
    """The package carries no demo samples."""

    slug = "no-demo-samples"
    exit_code = 66
