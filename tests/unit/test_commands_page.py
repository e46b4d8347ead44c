"""`docs/commands.md` tells every command as it is: usage, summary, who may; and each line on it can be pasted."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.catalog import format_duration
from bot.domain.command import COMMANDS, Command, CommandSpec, Vocabulary, parse
from bot.domain.command.clauses import LONGEST
from bot.domain.lock import DEFAULT_LOCK
from bot.domain.policy import DEPLOYING, READING
from bot.engine.announce import LONG_ROLLOUT, MOST_UNDONE
from bot.engine.commands import desk, limits, telling
from bot.engine.messages import _buttons
from bot.engine.reconciler import QUEUE_DEADLINE
from bot.engine.steps.queue import LONGEST_WAIT
from bot.engine.sweeps import REMIND_BEFORE
from tests.factories import State, intent

PAGE = (Path(__file__).parents[2] / "docs/commands.md").read_text(encoding="utf-8")
APP = Vocabulary(apps={"checkout": ("staging", "production")})
every_command = pytest.mark.parametrize("spec", COMMANDS, ids=lambda spec: spec.verb)


def _section(heading: str) -> str:
    """Below a heading, to the next one of its rank."""
    rank = re.search(rf"^(#+) {re.escape(heading)}$", PAGE, re.MULTILINE)
    assert rank, heading
    return re.split(rf"^#{{2,{len(rank[1])}}} ", PAGE[rank.end() :], maxsplit=1, flags=re.MULTILINE)[0]


def _rows(heading: str) -> list[list[str]]:
    lines = [line for line in _section(heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def _examples() -> list[str]:
    return [line for block in re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


def test_the_table_has_every_command_with_its_usage_and_summary():
    told = [(usage.strip(" `"), summary.strip()) for usage, summary, _ in _rows("In one table")]

    assert told == [(spec.usage, spec.summary) for spec in COMMANDS]


@every_command
def test_the_table_says_who_may(spec: CommandSpec):
    told = {usage.strip(" `"): who.strip() for usage, _, who in _rows("In one table")}[spec.usage]

    assert ("write permission" in told) == (spec.verb in READING)
    assert ("the team" in told) == spec.changes
    assert ("deployers" in told) == (spec.verb in DEPLOYING)


@every_command
def test_every_command_is_explained_with_an_example(spec: CommandSpec):
    headings = re.findall(r"^### (.*)$", PAGE, re.MULTILINE)

    assert any(f"/{spec.verb}" in re.split(r", | and ", heading) for heading in headings)
    assert any(line.split()[0] == f"/{spec.verb}" for line in _examples())


@pytest.mark.parametrize("line", _examples())
def test_every_example_is_understood(line: str):
    assert isinstance(parse(line, APP), Command)


def test_the_times_are_the_real_ones():
    locks, waits = _section("/lock and /unlock"), _section("What waits for what")

    assert format_duration(DEFAULT_LOCK) == "4h"
    assert "4 hours" in locks
    assert timedelta(days=7) == LONGEST
    assert "to seven days" in locks
    assert f"{REMIND_BEFORE.total_seconds() / 60:.0f} minutes before its end" in locks
    assert (timedelta(days=7), timedelta(hours=6)) == (LONGEST_WAIT, QUEUE_DEADLINE)
    assert "After a week of waiting for people, or six hours for its turn" in waits
    assert timedelta(minutes=2) == LONG_ROLLOUT
    assert "longer than two minutes" in _section("Buttons")
    assert f"More than {limits.MOST} commands" in PAGE
    assert timedelta(hours=1) == limits.WORDS_AGAIN
    assert "told so once an hour" in PAGE
    assert f"within {telling.PATIENCE.total_seconds():.0f} seconds is said not to" in PAGE
    assert f"up to {MOST_UNDONE} of the newest" in PAGE
    assert (
        timedelta(minutes=1),
        timedelta(hours=1),
        timedelta(minutes=2),
    ) == (limits.WITHIN, desk.TOO_OLD, desk.PATIENCE)


def test_the_buttons_are_the_real_ones():
    told = {label.strip(" *"): when.strip() for label, when, _ in _rows("Buttons")}

    real = {"it goes on": State.WAITING_CHECKS, "it succeeded": State.SUCCEEDED, "it ended": State.FAILED}
    assert {label for state in State for label, _, _ in _buttons(intent(state=state))} == set(told)
    assert all(label in [each for each, _, _ in _buttons(intent(state=real[when]))] for label, when in told.items())
