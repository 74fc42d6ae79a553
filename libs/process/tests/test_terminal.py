"""Text for a terminal steers nothing: what would is shown as its code, the rest is left as it is."""

import pytest
from canheal_process.terminal import plain
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("a\rb\bc", r"a\rb\x08c"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("line\u2028break", r"line\u2028break"),
    ],
    ids=["clear", "title", "csi-8-bit", "over-writing", "right-to-left", "zero-width", "line-separator"],
)
def test_what_steers_is_shown_as_its_code(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    "text", ["Novák, Jiří", "p.(Val600Glu)", "1\u202f000", "one\ntwo\tthree", "[red]x[/]", ""]
)
def test_other_text_is_left_as_it_is(text: str) -> None:
    assert plain(text) == text


@given(text=st.text())
def test_whatever_is_said_nothing_is_left_that_steers(text: str) -> None:
    assert not any(ord(sign) < 32 and sign not in "\n\t" for sign in plain(text))
    assert not {"\x1b", "\x9b", "\x7f", "\u202e", "\u2066"} & set(plain(text))
