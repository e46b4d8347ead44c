"""Whatever a cluster prints, a comment fits: logs give way first, never the head, the next step or the marker."""

import re
from typing import Any

import pytest

from bot.domain.intent import Evidence, State, Transition
from bot.report import check_run
from bot.report.comment import living, next_line, notice
from bot.report.markdown import MAX_SIZE, size
from bot.report.view import View
from tests.factories import after, intent

MARKER = "<!-- greenlane:notice:1 -->"
LINES = {"emoji": "😀" * 2_000, "backticks": "`" * 2_000, "both": "😀`" * 1_000, "plain": "x" * 2_000}


def evidence(number: int, line: str) -> Evidence:
    return Evidence(
        reason="crash_loop",
        sentence=f"container `c{number}` exits with code {number}",
        pod=f"web-{number}",
        container=f"c{number}",
        exit_code=number,
        words="😀" * 600,
        event="`" * 600,
        log_lines=(*[line] * 19, f"{line} the cause {number}"),
        next_step=f"Step {number}.",
    )


def view(line: str = "", *, lines: int = 0, **changes: Any) -> View:
    values = {"state": State.FAILED, "reason": "crash_loop", "detail": "it crashed"}
    found = tuple(evidence(number, line) for number in (1, 2, 3)) if line else ()
    timeline = tuple(
        Transition(at=after(seconds=number), state=State.QUEUED, reason="", detail=f"look {number} " + "😀" * 100)
        for number in range(lines)
    )
    return View(
        intent=intent(**(values | changes), evidence=found), timeline=timeline, web_url="https://github.example"
    )


def blocks(text: str) -> list[str]:
    return [found[1] for found in re.findall(r"^(`{3,})text\n(.*?)\n\1$", text, re.MULTILINE | re.DOTALL)]


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_notice_fits_and_keeps_all_but_the_beginnings_of_logs(line: str) -> None:
    seen = view(line)

    text = notice(seen, marker=MARKER)

    assert size(text) <= MAX_SIZE
    assert text.startswith("❌ **staging: `checkout`")
    assert f"\n{MARKER}\n" in text
    assert text.endswith(f"\n\n{next_line(seen)}")
    assert [f"\n\nStep {number}." in text for number in (1, 2, 3)] == [True] * 3
    assert [block.endswith(f"the cause {number}") for number, block in enumerate(blocks(text), 1)] == [True] * 3


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_check_run_fits_with_logs_and_a_long_timeline(line: str) -> None:
    output = check_run.output(view(line, lines=500))

    assert size(output.title) + size(output.summary) + size(output.text) <= MAX_SIZE
    assert len(blocks(output.text)) == 3
    assert "**Timeline**" in output.text
    assert "look 0" in output.text
    assert "look 499" in output.text
    assert "lines left out" in output.text


def test_a_short_log_leaves_its_room_to_a_long_one() -> None:
    long, short = evidence(1, "x" * 2_000), evidence(2, "y")
    seen = View(
        intent=intent(state=State.FAILED, detail="x", evidence=(long, short)), timeline=(), web_url="https://g.example"
    )

    first, second = blocks(notice(seen, marker=MARKER))

    assert size(first) > 35_000
    assert second.count("y") == 20


def test_the_living_comment_fits_however_long_its_history_is() -> None:
    views = [view(lines=800, environment=f"e{number}") for number in range(4)]

    text = living(views, marker=MARKER)

    assert size(text) <= MAX_SIZE
    assert text.endswith("`/deploy` · `/rollback` · `/status` · `/why` · `/help`")
    assert text.count("look 0 ") == text.count("look 799 ") == 4


def test_the_living_comment_fits_with_very_many_rows() -> None:
    views = [view(detail="😀" * 1_000, environment=f"e{number}", lines=3) for number in range(60)]

    text = living(views, marker=MARKER)

    assert size(text) <= MAX_SIZE
    assert MARKER in text
    assert "| … " in text
