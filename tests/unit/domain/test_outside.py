"""Outside text stays one inert, bounded line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.outside import as_code, as_printed, one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain", "`plain`"),
        ("two\nlines\tand  more", "`two lines and more`"),
        ("`@everyone` ![x](y)", "`'@everyone' ![x](y)`"),
        ("a\u202eb\x00c", "`a b c`"),
        (" \n ", ""),
    ],
)
def test_as_code(text, shown):
    assert as_code(text) == shown


def test_long_text_is_cut_with_an_ellipsis():
    assert one_line("x" * 20, limit=10) == "x" * 9 + "…"


@given(st.text(), st.integers(1, 50))
def test_nothing_can_leave_the_code_span(text, limit):
    shown = as_code(text, limit=limit)

    assert shown == "" or (shown[0] == shown[-1] == "`" and "`" not in shown[1:-1])
    assert len(shown) <= limit + 2
    assert shown.isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1;31mfatal\x1b[0m: x", "fatal: x"),
        ("\x9b31mfatal", "fatal"),
        ("\x1b[38;2;255;0;0mred\x1b[K", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://a.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]unfinished\nnext", "unfinished\nnext"),
        ("\x1b(Btext\x1b", "text"),
        ("10 %\r50 %\r100 %", "100 %"),
        ("10 %\r100 %\r\r\n", "100 %\n"),
        ("windows\r\nlines\r\n", "windows\nlines\n"),
        ("a\x00b\u202ec\ud800d\u2028e\tf", "abcde\tf"),
        ("array[31m] stays", "array[31m] stays"),
    ],
)
def test_as_printed(text, shown):
    assert as_printed(text) == shown


def test_one_line_has_no_colours():
    assert one_line("\x1b[31mfatal\x1b[0m: x") == "fatal: x"


@given(st.text(alphabet=st.sampled_from("\x1b[]31;m\x07\\P_^(\r\n a\x9b\x9c"), max_size=40))
def test_nothing_of_a_sequence_is_left_to_a_terminal(text):
    shown = as_printed(text)

    assert not set(shown) & set("\x1b\x07\r\x9b\x9c")
    shown.encode()
    assert as_printed(shown) == shown


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", ["\x1b]", "\x1b[", "\x1b[1", "\x1bP1", "\r", "a\r", "\x9d", "\x1b"])
def test_hostile_sequences_take_linear_time(part):
    assert len(as_printed(part * 100_000)) <= 2 * 100_000
