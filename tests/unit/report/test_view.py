"""Where an intent stands, in words that stay true until the comment is edited again."""

from typing import Any

import pytest

from bot.domain.intent import State, Transition
from bot.report.view import View
from tests.factories import after, intent


def view(*timeline: Transition, **changes: Any) -> View:
    return View(intent=intent(**changes), timeline=timeline, web_url="https://github.example")


@pytest.mark.parametrize("count", ["0 of 2 checks passed", "no checks reported yet"])
def test_waiting_for_checks_has_names_and_a_time_but_no_count(count: str) -> None:
    seen = view(detail=f"waiting for `build` and `test` ({count})", updated_at=after(minutes=2))

    assert seen.standing() == (
        "⏳ deploys here once its checks pass; as of 4 Mar 11:44 UTC: waiting for `build` and `test`"
    )


@pytest.mark.parametrize(
    ("state", "once"), [(State.RESOLVING_IMAGE, "its image is verified"), (State.QUEUED, "it is its turn")]
)
def test_the_other_waits_say_what_for_and_as_of_when(state: State, once: str) -> None:
    seen = view(state=state, detail="waiting behind 77e01bd", state_since=after(minutes=1))

    assert seen.standing() == f"⏳ deploys here once {once}; as of 4 Mar 11:43 UTC: waiting behind 77e01bd"


def test_rolling_out_says_since_when_and_no_count_of_pods() -> None:
    seen = view(state=State.ROLLING_OUT, detail="0 of 2 new pods ready")

    assert seen.standing() == "🚢 rolling out since 4 Mar 11:42 UTC"


def test_a_rollout_that_somebody_paused_says_so() -> None:
    seen = view(state=State.ROLLING_OUT, reason="paused", detail="the rollout is paused", updated_at=after(minutes=3))

    assert seen.standing() == "🚢 rolling out since 4 Mar 11:42 UTC; as of 4 Mar 11:45 UTC: the rollout is paused"


def test_deployed_has_its_day_and_how_long_it_took() -> None:
    ended = after(days=1, seconds=41)

    seen = view(state=State.SUCCEEDED, patched_at=after(days=1), state_since=ended)

    assert seen.standing() == "✅ deployed 5 Mar 11:42 UTC, took 41 s"


@pytest.mark.parametrize(
    ("state", "detail", "text"),
    [
        (State.SUPERSEDED, "superseded by 77e01bd", "⏭️ replaced by 77e01bd"),
        (State.SUPERSEDED, "77e01bd is newer and ready too", "⏭️ replaced: 77e01bd is newer and ready too"),
        (State.NEUTRAL, "applied, but nothing runs", "⚪ applied, but nothing runs"),
        (State.FAILED, "it crashed", "❌ failed 4 Mar 11:42 UTC: it crashed"),
        (State.REFUSED, "`test` failed", "⛔ not deployed: `test` failed"),
        (State.UNKNOWN, "gave up", "❔ unknown: gave up"),
    ],
)
def test_an_end_is_said_once(state: State, detail: str, text: str) -> None:
    assert view(state=state, detail=detail).standing() == text


def test_the_timeline_has_the_date_where_a_day_begins() -> None:
    lines = [
        Transition(at=after(), state=State.WAITING_CHECKS, reason="", detail="taken"),
        Transition(at=after(seconds=5), state=State.QUEUED, reason="", detail="ready"),
        Transition(at=after(days=1), state=State.SUPERSEDED, reason="superseded", detail="superseded by 77e01bd"),
    ]

    assert view(*lines).history() == [
        "- 2026-03-04 11:42:00 UTC · +0 s · ⏳ **waiting checks** taken",
        "- 11:42:05 UTC · +5 s · ⏳ **queued** ready",
        "- 2026-03-05 11:42:00 UTC · +24 h · ⏭️ **superseded** by 77e01bd",
    ]


def test_without_a_timeline_there_is_no_history() -> None:
    assert view().history() == []
