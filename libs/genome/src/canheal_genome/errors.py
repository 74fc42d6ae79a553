"""What goes wrong with a variant file or its build.

    GenomeError
    ├── VcfRefused        a VCF breaks a rule of the door: `rule`, `line`, `reason`
    │   └── BuildRefused  contig lengths or REF bases fit no known build, two at once, or not the declared one
    └── SchemaBroken      a frame lacks columns that were promised (our fault, never the hospital's)

Each class carries what HTTP (RFC 9457), stream and command line need: `slug`, `status`, `retryable`,
`exit_code`.
"""

from typing import ClassVar


class GenomeError(Exception):
    slug: ClassVar[str] = "genome-error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 70


class VcfRefused(GenomeError):
    """A VCF that must not enter.

    Args:
        rule: Stable slug of the broken rule, such as `bgzf-truncated`; documented, never reworded.
        reason: What was found, what was expected, how to mend it.
        line: 1-based line of the uncompressed file; None where the whole file is meant.
    """

    slug = "vcf-refused"
    status = 422
    exit_code = 65

    def __init__(self, rule: str, reason: str, line: int | None = None) -> None:
        self.rule = rule
        self.line = line
        self.reason = reason
        where = "" if line is None else f" (line {line})"
        super().__init__(f"{rule}{where}: {reason}")

    def __reduce__(self) -> tuple[type, tuple[str, str, int | None]]:
        return (type(self), (self.rule, self.reason, self.line))  # it crosses process pools


class BuildRefused(VcfRefused):
    """The genome build is not one of ours, or the file contradicts itself or the declared build."""

    slug = "build-refused"


class SchemaBroken(GenomeError):
    slug = "schema-broken"
