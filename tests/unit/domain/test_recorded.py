"""Verdicts about what a real cluster said: the recordings of `tests/recorded`, each with what a person expects."""

import ast
from functools import cache

import pytest

from bot.domain.verdict import judge
from tests.recorded.edits import EDITS
from tests.recorded.pair import PAIRS, RECORDED, Pair, pair_names
from tests.recorded.recorder import to_expected
from tests.recorded.script import SCRIPT
from tests.unit.reason_codes import Codes

ENOUGH = 60
ROOT = PAIRS.parents[2]
read = cache(Pair.read)


@pytest.mark.parametrize("name", pair_names())
def test_verdict_is_what_a_person_expects(name: str) -> None:
    pair = read(name)

    judged = judge(pair.observation, pair.wanted, pair.now)

    assert {
        "verdict": str(judged.verdict or "in progress"),
        "reason": judged.reason,
        "findings": sorted({finding.reason for finding in judged.findings}),
    } == pair.expected["expected"], judged.sentence


@pytest.mark.parametrize("name", pair_names())
def test_the_same_objects_give_the_same_verdict_in_any_order(name: str) -> None:
    pair = read(name)
    turned = {**pair.objects, **{key: pair.objects[key][::-1] for key in ("revisions", "pods", "events")}}

    other = Pair(name=name, objects=turned, expected=pair.expected)

    assert judge(other.observation, pair.wanted, pair.now) == judge(pair.observation, pair.wanted, pair.now)


def test_every_declared_moment_is_recorded_as_it_is_declared() -> None:
    declared = {f"{case}-{moment.name}": moment for case, moments in SCRIPT.items() for moment in moments}
    declared |= {each.name: each.moment for each in EDITS}

    assert len(declared) >= ENOUGH
    assert sorted(declared) == pair_names()
    assert {name: to_expected(moment) for name, moment in declared.items()} == {
        name: read(name).expected["expected"] for name in pair_names()
    }


def test_every_code_of_a_verdict_or_a_finding_is_met() -> None:
    """So that none is there which no cluster was ever seen to cause."""
    modules = judging_modules()
    codes = {
        code
        for code, places in Codes.read(ROOT, "bot/domain").places.items()
        if any(place.partition(":")[0] in modules for place in places)
    }
    met = {pair.expected["expected"]["reason"] for pair in map(read, pair_names())}
    met |= {code for pair in map(read, pair_names()) for code in pair.expected["expected"]["findings"]}

    assert not codes - met


def judging_modules(start: str = "bot.domain.verdict") -> set[str]:
    """The modules that a verdict is made in: those it imports, and what they import."""
    found, left = {start}, [start]
    while left:
        tree = ast.parse((ROOT / f"{left.pop().replace('.', '/')}.py").read_text())
        imported = {each.module for each in ast.walk(tree) if isinstance(each, ast.ImportFrom) and each.module}
        new = {name for name in imported if name.startswith("bot.domain.")} - found
        found |= new
        left += new
    return found


def test_recordings_hold_nothing_of_the_machine_they_were_made_on() -> None:
    for path in PAIRS.glob("*.yaml"):
        text = path.read_text()
        assert not [word for word in ("127.0.0.1", "/tmp/", "/root", "/home/", "/work") if word in text], path.name  # noqa: S108


def test_edited_pairs_say_so() -> None:
    edited = {name for name in pair_names() if read(name).expected["source"] != RECORDED}

    assert edited == {each.name for each in EDITS}
