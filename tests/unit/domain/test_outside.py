"""Outside text stays one inert, bounded line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.outside import as_code, one_line


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
