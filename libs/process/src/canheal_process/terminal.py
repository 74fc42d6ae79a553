"""Text for a terminal: what would steer it is shown, not obeyed.

Names and messages come from files of strangers. An escape sequence in one could clear the screen, set its
title or type ahead; a bidirectional override could make one name look like another (CWE-150, CVE-2021-42574).
"""

import unicodedata

HARMLESS = frozenset("\n\t")
STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of control, format (bidirectional, zero-width), surrogate and separator characters."""


def plain(text: str) -> str:
    """The same text, each character that steers written as Python writes its code."""
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character in HARMLESS or unicodedata.category(character) not in STEERING:
        return character
    return character.encode("unicode_escape").decode("ascii")
