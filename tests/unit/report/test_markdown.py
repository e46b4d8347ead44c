"""Outside text never becomes formatting, a mention or a link."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.report.markdown import code, fence, lasting, plain, prose
from tests.factories import after

PAGE = MarkdownIt("gfm-like", {"linkify": False, "html": True})


def tags(html: str) -> set[str]:
    import re

    return set(re.findall(r"</?([a-z0-9]+)", html))


@given(st.text(max_size=60))
def test_plain_text_formats_nothing(text: str) -> None:
    html = PAGE.renderInline(plain("x " + text + " x"))

    assert tags(html) == set()


@given(st.text(max_size=60))
def test_a_code_span_is_one_and_cannot_be_left(text: str) -> None:
    html = PAGE.renderInline(code(text))

    assert tags(html) <= {"code"}
    assert html.count("<code>") == 1


@given(st.lists(st.text(max_size=40), max_size=6))
def test_a_fence_cannot_be_left(lines: list[str]) -> None:
    html = PAGE.render(fence(tuple(lines)) + "\n\nend")

    assert tags(html) == {"pre", "code", "p"}
    assert html.count("<pre>") == 1


@given(st.text(max_size=60))
def test_a_sentence_keeps_its_code_spans_and_nothing_else(text: str) -> None:
    html = PAGE.renderInline(prose("see " + text))

    assert tags(html) <= {"code"}


@pytest.mark.parametrize(
    "text", ["@alice", "#12", "https://evil.example", "www.evil.example", "GH-12", "acme/checkout#12"]
)
def test_what_github_links_in_text_is_broken_up(text: str) -> None:
    assert text not in plain(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (41, "41 s"), (60, "1 min"), (185, "3 min 5 s"), (7800, "2 h 10 min")]
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert lasting(after(seconds=seconds) - after()) == text
