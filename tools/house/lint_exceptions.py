"""The places where a checker is told to look away."""

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from house.sources import Source

MARK = re.compile(r"#\s*(noqa|type:\s*ignore|pragma)(?P<rest>.*)", re.IGNORECASE)
CODES = re.compile(r"^\s*(:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*|\[[\w, -]+\]|:\s*no cover)?[\s#:-]*", re.IGNORECASE)


@dataclass(frozen=True)
class LintException:
    """One `noqa`, `type: ignore` or `pragma` comment."""

    path: str
    line: int
    comment: str

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line} {self.comment}"

    @property
    def has_reason(self) -> bool:
        """Whether words follow the code, in the same comment or in a second one."""
        found = MARK.search(self.comment)
        return bool(found and CODES.sub("", found["rest"], count=1).strip())


def lint_exceptions(sources: list[Source]) -> Iterator[LintException]:
    """Every such comment; the same words inside a string are not meant."""
    for source in sources:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.COMMENT and MARK.search(token.string):
                yield LintException(source.path, token.start[0], token.string)
