"""What goes wrong with a scoring file or with a VCF that is to be scored.

    PrsError (of the platform's tree, canheal_process.errors)
    ├── ScoreFileRefused   a scoring file cannot be understood: `file`, `line`, `reason`
    └── CannotScore        the VCF and the request do not fit: no such sample, no build, no genotypes

Each class carries what HTTP (RFC 9457), stream and command line need to tell it: `slug`, `status`,
`retryable`, `exit_code`.
"""

from canheal_process.errors import PlatformError


class PrsError(PlatformError):
    """A score cannot be computed as asked."""

    slug = "prs-error"
    exit_code = 70


class ScoreFileRefused(PrsError):
    """A scoring file that cannot be understood; nothing of it is used.

    Args:
        file: Its name.
        reason: What was found, what was expected, how to mend it.
        line: 1-based line of the uncompressed file; None where the whole file is meant.
    """

    slug = "score-file-refused"
    status = 422
    exit_code = 65

    def __init__(self, file: str, reason: str, line: int | None = None) -> None:
        self.file = file
        self.reason = reason
        self.line = line
        super().__init__(f"{file}{'' if line is None else f', line {line}'}: {reason}")

    def __reduce__(self) -> tuple[type, tuple[str, str, int | None]]:
        return type(self), (self.file, self.reason, self.line)  # it crosses process pools


class CannotScore(PrsError):
    """This VCF cannot be scored as asked; the message says what to ask instead."""

    slug = "cannot-score"
    status = 422
    exit_code = 65
