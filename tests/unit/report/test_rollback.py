"""A failure says where things stand: gone back, going back, stuck, or left to a person."""

from typing import Any

import pytest

from bot.domain.hold import Hold
from bot.domain.intent import Evidence, Intent, IntentId, Kind, State
from bot.report import check_run
from bot.report.comment import living, notice
from bot.report.view import View
from tests.factories import after, intent, sha

CRASH = Evidence(
    reason="crash_loop",
    sentence="container `web` exits with code 3 right after start",
    pod="web-1",
    next_step="Read it.",
)
HOLD = Hold(
    team="payments",
    app="checkout",
    environment="staging",
    reason="rolled back from aaaaaaa",
    set_by="",
    set_at=after(seconds=14),
    intent_id=IntentId(2),
)
RESUME = "Automatic deploys to staging are on hold until `/resume staging`."
GOOD = "[`ddddddd`](https://github.example/acme/checkout/commit/" + sha("d") + ")"


def failed(**changes: Any) -> Intent:
    values = {
        "state": State.FAILED,
        "reason": "crash_loop",
        "detail": f"{CRASH.sentence}, in 2 of 2 new pods",
        "evidence": (CRASH,),
        "image": "registry.example/checkout:new",
        "previous_image": "registry.example/checkout:old",
        "patched_at": after(),
        "state_since": after(seconds=14),
    }
    return intent(**(values | changes))


def back(state: State, **changes: Any) -> Intent:
    values = {
        "id": IntentId(2),
        "kind": Kind.ROLLBACK,
        "sha": sha("d"),
        "previous_sha": sha("a"),
        "state": state,
        "detail": "2 of 2 new pods ready",
        "patched_at": after(seconds=15),
        "state_since": after(seconds=30),
        "actor": "",
    }
    return intent(**(values | changes))


def view(of: Intent, **changes: Any) -> View:
    return View(intent=of, timeline=(), web_url="https://github.example", **changes)


def text(seen: View) -> str:
    return notice(seen, marker="<!-- m -->")


@pytest.mark.parametrize(
    ("state", "detail", "stands"),
    [
        (State.QUEUED, "going back", f", so staging goes back to {GOOD}."),
        (State.ROLLING_OUT, "1 of 2 new pods ready", f", so staging goes back to {GOOD}."),
        (State.SUCCEEDED, "2 of 2 new pods ready", f", so staging is back on {GOOD}."),
        (State.NEUTRAL, "applied, but nothing runs", f", so staging is set back to {GOOD}: applied, but nothing runs."),
        (State.FAILED, "it crashed.", f", and going back to {GOOD} failed too: it crashed."),
        (State.REFUSED, "no such image", f", and going back to {GOOD} failed too: no such image."),
        (State.UNKNOWN, "gave up", f", and nobody saw whether staging is back on {GOOD}: gave up."),
        (State.SUPERSEDED, "superseded by 77e01bd", f"; going back to {GOOD} was overtaken: by 77e01bd."),
        (State.CANCELLED, "by alice", f"; going back to {GOOD} was cancelled: by alice."),
    ],
)
def test_the_head_says_what_happened_and_where_things_stand(state: State, detail: str, stands: str) -> None:
    head, *_ = text(view(failed(), rollback=back(state, detail=detail), hold=HOLD)).split("\n")

    assert head.startswith("❌ **staging: `checkout` did not start** with [`aaaaaaa`](")
    assert head.endswith(f" (14 s after the update){stands}")


def test_the_last_line_has_the_way_out_of_the_hold() -> None:
    again = "Fix and merge, or `/deploy staging` to try the same version again."
    shown = text(view(failed(), rollback=back(State.SUCCEEDED), hold=HOLD))

    assert shown.endswith(f"\n\n{again} {RESUME}")


def test_a_hold_of_a_person_says_whose_and_why() -> None:
    held = Hold(
        team="payments",
        app="checkout",
        environment="staging",
        reason="load test until `six`",
        set_by="bob",
        set_at=after(),
    )

    assert "are on hold (since 4 Mar 11:42 UTC by bob: load test until `six`) until `/resume" in text(
        view(failed(), hold=held)
    )


def test_without_a_rollback_a_person_gets_the_command() -> None:
    shown = text(view(failed()))

    assert "; what ran before may still serve.\n" in shown
    assert shown.endswith(
        "\n\nTo go back: `kubectl -n payments-staging rollout undo deployment/checkout`. "
        "Fix and merge, or `/deploy staging` to try the same version again."
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"previous_image": ""},
        {"previous_image": "registry.example/checkout:new"},
        {"reason": "workload_deleted"},
        {"reason": "workload_recreated"},
    ],
)
def test_where_nothing_ran_before_going_back_is_not_spoken_of(changes: dict[str, str]) -> None:
    shown = text(view(failed(**changes)))

    assert "what ran before" not in shown
    assert "rollout undo" not in shown


@pytest.mark.parametrize(
    ("changes", "how"),
    [
        ({"reason": "deadline"}, "did not become ready"),
        ({"detail": "container `web` exits with code 3, 40 s after start"}, "did not stay up"),
        ({"reason": "workload_deleted"}, "failed"),
        ({"reason": "image_not_found"}, "did not start"),
    ],
)
def test_the_failure_is_summed_up_by_its_reason(changes: dict[str, str], how: str) -> None:
    assert f"**staging: `checkout` {how}**" in text(view(failed(**changes)))


@pytest.mark.parametrize(
    ("state", "row"),
    [
        (State.QUEUED, "↩️ going back to `ddddddd` (was `aaaaaaa`) since 4 Mar 11:42 UTC"),
        (State.ROLLING_OUT, "↩️ going back to `ddddddd` (was `aaaaaaa`) since 4 Mar 11:42 UTC"),
        (State.SUCCEEDED, "↩️ back on `ddddddd` (was `aaaaaaa`) since 4 Mar 11:42 UTC, took 15 s"),
        (State.FAILED, "❌ going back to `ddddddd` (was `aaaaaaa`) failed 4 Mar 11:42 UTC: why"),
        (State.REFUSED, "⛔ going back to `ddddddd` (was `aaaaaaa`) failed 4 Mar 11:42 UTC: why"),
        (State.UNKNOWN, "❔ nobody saw whether it is back on `ddddddd` (was `aaaaaaa`): why"),
        (State.SUPERSEDED, "⏭️ going back to `ddddddd` (was `aaaaaaa`) was overtaken: why"),
        (State.CANCELLED, "⏭️ going back to `ddddddd` (was `aaaaaaa`) was cancelled: why"),
        (State.NEUTRAL, "↩️ set back to `ddddddd` (was `aaaaaaa`): why"),
    ],
)
def test_the_row_of_a_rollback_speaks_of_going_back(state: State, row: str) -> None:
    shown = living([view(back(state, detail="why"))], marker="<!-- m -->")

    assert f"| {row} |" in shown
    assert "deployed" not in shown


def test_the_row_of_a_failure_says_what_became_of_it_and_the_hold_is_said_once() -> None:
    seen = view(failed(detail="it crashed"), rollback=back(State.SUCCEEDED), hold=HOLD)

    shown = living([seen], marker="<!-- m -->")

    assert "| ❌ failed 4 Mar 11:42 UTC: it crashed, so staging is back on `ddddddd` |" in shown
    assert shown.count(RESUME) == 1


@pytest.mark.parametrize("state", list(State))
def test_a_rollbacks_check_and_status_never_say_deployed(state: State) -> None:
    seen = view(back(state))

    output = check_run.output(seen)

    assert "ack to this commit" in output.title
    assert "deployed" not in output.title + output.summary + check_run.status_description(seen, "success")
    assert check_run.status_description(seen, "success") == "staging is rolled back to ddddddd"


@pytest.mark.parametrize(
    ("state", "end"),
    [
        (State.ROLLING_OUT, ", going back to ddddddd"),
        (State.SUCCEEDED, ", now back on ddddddd"),
        (State.FAILED, ", going back to ddddddd failed too"),
        (State.CANCELLED, ""),
    ],
)
def test_the_check_run_of_the_failed_commit_says_it_too(state: State, end: str) -> None:
    seen = view(failed(detail="x" * 200), rollback=back(state), hold=HOLD)

    output = check_run.output(seen)
    status = check_run.status_description(seen, "failure")

    assert output.title == f"Failed in staging{end}"
    assert RESUME in output.summary
    assert "| reason | `crash_loop` |" in output.summary
    assert len(status) <= 140
    assert status.endswith(end)


@pytest.mark.parametrize(
    ("state", "head"),
    [
        (State.FAILED, f"❌ **staging: going back to {GOOD} failed**"),
        (State.REFUSED, f"⛔ **staging: going back to {GOOD} was not possible**, nothing was changed"),
        (State.UNKNOWN, f"❔ **staging: going back to {GOOD}: the end could not be seen**"),
    ],
)
def test_a_rollback_that_did_not_work_is_told_as_one(state: State, head: str) -> None:
    shown = text(view(back(state, detail="it crashed too", evidence=(CRASH,)), hold=HOLD))

    assert shown.startswith(f"{head}\n")
    assert RESUME in shown
    assert "rollout undo" not in shown
