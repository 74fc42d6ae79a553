"""What goes wrong with a reference bundle or with a source that it is made from.

    BundleError
    ├── BundleAbsent       there is no bundle in this folder
    ├── BundleBroken       a file of it is missing, cut, changed, or of a format that we do not know: `file`
    ├── AssemblyAbsent     the bundle holds no such genome build
    ├── ScratchRefused     the folder for temporary files takes no file
    ├── SourceRefused      a source file cannot be understood: `file`, `line`
    └── CountryRefused     a country's rules cannot be used: `file`

Each class carries what HTTP (RFC 9457), stream and command line need to tell it: `slug`, `status`,
`retryable`, `exit_code`.
"""

from pathlib import Path
from typing import ClassVar


class BundleError(Exception):
    slug: ClassVar[str] = "bundle-error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 70


class BundleAbsent(BundleError):
    slug = "bundle-absent"
    status = 503
    exit_code = 66

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        super().__init__(
            f"{directory} holds no reference bundle: it has no bundle.json. "
            "Name the folder that `canheal refdata build --out` wrote, or leave it out to use the demo bundle"
        )

    def __reduce__(self) -> tuple[type, tuple[Path]]:
        return type(self), (self.directory,)


class BundleBroken(BundleError):
    """One file of the bundle is not what bundle.json says; nothing of the bundle is used then."""

    slug = "bundle-broken"
    exit_code = 65

    def __init__(self, file: Path, reason: str) -> None:
        self.file = file
        self.reason = reason
        super().__init__(
            f"{file}: {reason}. Copy the bundle again or rebuild it with `canheal refdata build`"
        )

    def __reduce__(self) -> tuple[type, tuple[Path, str]]:
        return type(self), (self.file, self.reason)


class AssemblyAbsent(BundleError):
    slug = "assembly-absent"
    status = 422
    exit_code = 65

    def __init__(self, wanted: str, has: tuple[str, ...]) -> None:
        self.wanted = wanted
        self.has = has
        super().__init__(
            f"the reference bundle holds {' and '.join(has)}, not {wanted}. "
            f"Build one with `canheal refdata build --assembly {wanted}`"
        )

    def __reduce__(self) -> tuple[type, tuple[str, tuple[str, ...]]]:
        return type(self), (self.wanted, self.has)


class ScratchRefused(BundleError):
    """The annotator needs some tens of megabytes for a moment; with room again it can be opened."""

    slug = "scratch-refused"
    status = 503
    retryable = True
    exit_code = 73

    def __init__(self, cause: OSError) -> None:
        self.cause = cause
        super().__init__(
            f"the folder for temporary files took no file ({cause.strerror}); "
            "give it room, or name another one in TMPDIR"
        )

    def __reduce__(self) -> tuple[type, tuple[OSError]]:
        return type(self), (self.cause,)


class SourceRefused(BundleError):
    """A source file that cannot be understood.

    Args:
        file: The source.
        reason: What was found, what was expected, how to mend it.
        line: 1-based line of the uncompressed file; None where the whole file is meant.
    """

    slug = "source-refused"
    status = 422
    exit_code = 65

    def __init__(self, file: Path, reason: str, line: int | None = None) -> None:
        self.file = file
        self.reason = reason
        self.line = line
        super().__init__(f"{file}{'' if line is None else f', line {line}'}: {reason}")

    def __reduce__(self) -> tuple[type, tuple[Path, str, int | None]]:
        return type(self), (self.file, self.reason, self.line)


class CountryRefused(BundleError):
    slug = "country-refused"
    exit_code = 78

    def __init__(self, file: str, reason: str) -> None:
        self.file = file
        self.reason = reason
        super().__init__(f"countries/{file}: {reason}")

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.file, self.reason)


def first_sentence(error: Exception) -> str:
    """What a library says went wrong, without its advice to programmers."""
    return str(error).partition(". ")[0].strip()
