"""Every reason that a command, or an intent that somebody asked for, can end or wait with is shown by a scenario."""

from collections import Counter
from pathlib import Path

from tests.scenarios.table import GROUPS
from tests.unit.reason_codes import Codes

ROOT = Path(__file__).parents[2]
SPEAKERS = (
    "bot.domain.command.",
    "bot.domain.policy:",
    "bot.engine.announce:",
    "bot.engine.commands.",
    "bot.engine.origin:",
    "bot.engine.rights:",
    "bot.engine.situation:",
    "bot.engine.steps.going_back:",
    "bot.engine.steps.queue:",
    "bot.engine.steps.turn:",
)
"""Modules whose reasons are commands', as the places of `Codes` begin."""
SECTIONS = ("## Cancelled", "## A command that was refused", "## A comment that was not understood")
"""Of docs/reasons.md: all that is in them."""
ELSEWHERE = {
    "no_answer": "takes two minutes of silence: the engine's tests move the clock",
    "unknown_button": "takes a check run of an intent that the database does not know: the engine's tests have it",
}


def test_every_reason_of_commands_is_shown_by_a_scenario():
    # Given
    told = _in_sections() | {code for code, places in Codes.read(ROOT, "bot").places.items() if _is_ours(places)}

    # When
    shown = {code for group in GROUPS.values() for one in group for code in one.shows}

    # Then
    assert not told - shown - set(ELSEWHERE)
    assert not shown & set(ELSEWHERE)


def test_scenarios_are_many_and_each_has_a_name_of_its_own():
    names = Counter(one.name for group in GROUPS.values() for one in group)

    assert len(names) >= 120
    assert [name for name, times in names.items() if times > 1] == []


def _is_ours(places: set[str]) -> bool:
    return any(place.startswith(SPEAKERS) for place in places)


def _in_sections() -> set[str]:
    text = (ROOT / "docs/reasons.md").read_text(encoding="utf-8")
    parts = [text.partition(f"\n{title}\n")[2].partition("\n## ")[0] for title in SECTIONS]
    return {line.split("`")[1] for part in parts for line in part.splitlines() if line.startswith("| `")}
