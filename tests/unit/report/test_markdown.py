"""Outside text never becomes formatting, a mention or a link."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.report.markdown import code, fence, fitting, lasting, plain, prose, size
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


@given(st.lists(st.text(max_size=40), max_size=6), st.integers(0, 200))
def test_a_fence_cannot_be_left_nor_outgrow_its_room(lines: list[str], room: int) -> None:
    block = fence(lines, room=room)
    html = PAGE.render(block + "\n\nend")

    assert size(block) <= room
    assert tags(html) == ({"pre", "code", "p"} if block else {"p"})
    assert html.count("<pre>") == bool(block)


def test_a_fence_shows_what_a_terminal_would() -> None:
    lines = [
        "\x1b[31mfatal:\x1b[0m no \x1b]8;;https://evil.example\x1b\\database\x1b]8;;\x07",
        "10 %\r55 %\r100 %\r",
        "a\tb\x00",
    ]

    assert fence(lines) == "```text\nfatal: no database\n100 %\na\tb\n```"


def test_a_fence_too_small_keeps_the_end() -> None:
    block = fence([f"line {number}" for number in range(100)], room=60)

    assert block == "```text\n…\nline 95\nline 96\nline 97\nline 98\nline 99\n```"


def test_one_long_line_keeps_its_end() -> None:
    assert fence(["x" * 5_000 + "cause"], room=40).endswith("xcause\n```")


def test_a_fence_of_backticks_is_no_longer_than_what_it_holds() -> None:
    assert size(fence(["`" * 2_000])) < 200


def test_no_text_passes_for_a_marker_of_ours() -> None:
    marker = "<!-- greenlane:notice:7 -->"

    assert [shown for shown in (fence([marker]), code(marker), plain(marker), prose(marker)) if marker in shown] == []


def test_of_too_many_lines_the_first_and_the_last_stay() -> None:
    lines = [f"- line {number}" for number in range(100)]

    kept = fitting(lines, room=80)

    assert kept == ["- line 0", "- … 95 lines left out …", "- line 96", "- line 97", "- line 98", "- line 99"]
    assert fitting(lines[:3], room=80) == lines[:3]


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
