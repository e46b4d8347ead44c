"""Faults at the worst moment: between an effect and its record, between a claim and its end."""

from datetime import timedelta

import pytest

from bot.domain.intent import State
from bot.engine.worker import Worker
from bot.errors import BrokenError, RejectedError, TransientError
from bot.storage import leases
from bot.storage.tables import intents as table
from tests.component.engine.rig import Rig
from tests.factories import CATALOG, sha
from tests.fakes.github import merged

SOAK = 40


async def renewing(rig: Rig, worker: Worker, *, seconds: int) -> None:
    """Time goes by with leases renewed as the engine does it."""
    for _ in range(seconds // 10):
        rig.clock.advance(seconds=10)
        async with rig.database.begin() as connection:
            await leases.renew(connection, table, owner=rig.owner, ids=worker.in_hand, now=rig.clock())
        await rig.settle()


async def test_a_row_that_fell_out_of_hand_is_taken_up_again(rig: Rig) -> None:
    await rig.merge(12, "a")
    rig.github.set_checks(sha("a"), build="success", test="success")
    rig.clock.advance(seconds=61)
    claimed = await rig.reconciler.worker._take()
    assert claimed is not None

    async def blip(*_: object) -> bool:
        raise TransientError("the database can't be used right now")

    rig.reconciler._store, real = blip, rig.reconciler._store
    await rig.reconciler.worker._slots.acquire()
    await rig.reconciler.worker._work(claimed)
    rig.reconciler._store = real
    await renewing(rig, rig.reconciler.worker, seconds=120)

    assert await rig.states() == ["succeeded"]


async def test_a_write_github_calls_wrong_is_tried_again_and_holds_up_nothing_else(rig: Rig) -> None:
    real = rig.github.ensure_deployment

    async def wrong(*_: object, **__: object) -> int:
        raise BrokenError("422")

    rig.github.ensure_deployment = wrong
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(SOAK)
    before = rig.github.kinds()
    rig.github.ensure_deployment = real
    await rig.pass_time(600, step=30)

    assert "check_run" in before
    assert [kind for kind in rig.github.kinds() if kind.startswith(("deployment", "status"))] == [
        "deployment",
        "status success",
    ]


@pytest.mark.parametrize(
    "later", [RejectedError("cluster_forbidden", "no"), TransientError("away")], ids=["no", "away"]
)
async def test_a_patch_whose_answer_was_lost_is_never_called_refused(rig: Rig, later: Exception) -> None:
    real = rig.cluster.patch

    async def lost(*arguments: object, **facts: object) -> None:
        await real(*arguments, **facts)
        rig.cluster.errors += [later] * 1000
        raise TransientError("the answer was lost")

    rig.cluster.patch = lost
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(20 * 60, step=20)

    assert (await rig.only()).state is State.UNKNOWN


async def test_a_patch_that_the_cluster_itself_refuses_is_refused(rig: Rig) -> None:
    async def denied(*_: object, **__: object) -> None:
        raise RejectedError("admission_denied", "a rule denies it")

    rig.cluster.patch = denied
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")

    intent = await rig.only()
    assert (intent.state, intent.reason) == (State.REFUSED, "admission_denied")
    assert intent.patch_sent_at is None


async def test_an_older_commit_does_not_go_over_a_patch_that_nobody_saw_arrive(rig: Rig) -> None:
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(SOAK)
    rig.github.history.append(sha("b"))
    rig.github.pulls[13] = merged(13, sha("b"), at=rig.clock())
    rig.registry.push(sha("b"))
    rig.github.set_checks(sha("b"), build="success", test="success")
    real = rig.cluster.patch

    async def lost(*arguments: object, **facts: object) -> None:
        await real(*arguments, **facts)
        rig.cluster.errors += [TransientError("away")] * 1000
        raise TransientError("the answer was lost")

    await rig.merge(14, "c")
    rig.cluster.patch = lost
    await rig.checks("c", build="success", test="success")
    rig.cluster.patch = real
    await rig.pass_time(20 * 60, step=20)
    rig.cluster.errors.clear()
    await rig.deliver(rig.hint("pull", number=13, merged=True))
    await rig.pass_time(60)

    assert await rig.states() == ["succeeded", "unknown", "superseded"]


async def test_a_reopened_intent_takes_back_its_red_check(rig: Rig) -> None:
    await rig.merge(12, "a")
    await rig.checks("a", build="failure", test="success")
    await rig.pass_time(5)
    await rig.checks("a", build=None)
    await rig.pass_time(5)
    shown = [facts["status"] for kind, facts in rig.github.writes if kind == "check_run"]

    assert shown == ["completed", "in_progress"]


async def test_a_late_success_does_not_come_after_its_end(rig: Rig) -> None:
    real = rig.github.ensure_deployment_status
    known: list[int] = []
    is_down = True

    async def away(*arguments: object, deployment: int, state: str, **facts: object) -> None:
        known.append(deployment)
        if is_down and state == "success" and deployment == known[0]:
            raise TransientError("502")
        await real(*arguments, deployment=deployment, state=state, **facts)

    rig.github.ensure_deployment_status = away
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(SOAK)
    await rig.merge(13, "b")
    await rig.checks("b", build="success", test="success")
    await rig.pass_time(SOAK)
    is_down = False
    await rig.pass_time(600, step=20)
    statuses = [(facts["deployment"], facts["state"]) for kind, facts in rig.github.writes if kind == "status"]

    assert await rig.states() == ["succeeded", "succeeded"]
    assert [state for deployment, state in statuses if deployment == known[0]] == ["in_progress"]


async def test_checks_that_finish_apart_and_a_slow_start_take_no_more_writes(rig: Rig) -> None:
    rig.cluster.behaviour = "slow"
    await rig.merge(12, "a")
    await rig.pass_time(90)
    await rig.checks("a", build="success")
    await rig.pass_time(90)
    await rig.checks("a", test="success")
    await rig.pass_time(60)
    rig.cluster.behaviour, rig.cluster.ready_at = "ok", rig.clock()
    await rig.pass_time(SOAK + 60)

    assert len(rig.github.writes) == 6


async def test_a_permission_that_is_granted_later_brings_what_could_not_be_said(rig: Rig) -> None:
    real = rig.github.ensure_comment

    async def forbidden(*_: object, **__: object) -> int:
        raise RejectedError("github_forbidden", "it needs issues=write")

    rig.github.ensure_comment = forbidden
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(600, step=60)
    before = rig.github.kinds()
    rig.github.ensure_comment = real
    await rig.pass_time(700, step=60)

    assert before == ["deployment", "status in_progress", "check_run", "status success"]
    assert rig.github.kinds() == [*before, "comment"]


async def test_a_storm_of_writes_is_spread_below_githubs_limit(rig: Rig) -> None:
    """A burst, then one a second: 80 a minute is what GitHub allows."""
    for number, letter in enumerate("abcdefgh"):
        await rig.merge(number + 1, letter)
        await rig.checks(letter, build="failure")
    rig.clock.advance(seconds=2)
    await rig.settle()

    writes = len(rig.github.writes)
    assert writes > 10
    assert sum(pause > 0 for pause in rig.naps) >= writes - 10


async def test_an_installation_suspended_for_a_moment_only_delays(rig: Rig) -> None:
    await rig.merge(12, "a")
    rig.github.errors += [RejectedError("github_suspended", "The installation is suspended")] * 3
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(120)

    assert await rig.states() == ["succeeded"]


async def test_a_cluster_that_keeps_refusing_us_refuses_the_intent(rig: Rig) -> None:
    rig.cluster.errors += [RejectedError("cluster_forbidden", "the cluster says no")] * 100
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(300)

    intent = await rig.only()
    assert (intent.state, intent.reason) == (State.REFUSED, "cluster_forbidden")


async def test_the_first_push_of_a_branch_concerns_every_app(rig: Rig) -> None:
    text = CATALOG.replace("on-merge", "on-push").replace(
        "branch: main", 'branch: main\n        paths: ["services/**"]'
    )
    on_push = Rig(database=rig.database, clock=rig.clock, catalog_text=text, github=rig.github)

    async def unlisted(*_: object, **__: object) -> set[str]:
        raise RejectedError("github_not_found", "GitHub has nothing for us")

    rig.github.commit_files = unlisted
    rig.github.history.append(sha("a"))
    await on_push.deliver(on_push.hint("push", branch="main", before="0" * 40, sha=sha("a"), actor="bob"))
    await on_push.settle()

    assert (await on_push.only()).actor == "bob"


async def test_a_busy_namespace_does_not_keep_the_others_watched(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.engine import watching

    stopped: list[str] = []
    rig.cluster.subscribe = lambda namespace, _: lambda: stopped.append(namespace)
    part = watching.Watching(rig.tools, on_due=lambda: None)
    part.watch("done")
    rig.clock.now += timedelta(seconds=watching.REFRESH_SECONDS + 1)
    part._note("busy")
    monkeypatch.setattr(watching, "SETTLE_SECONDS", 0)
    import asyncio

    work = asyncio.create_task(part.run())
    async with asyncio.timeout(5):
        while not stopped:
            await asyncio.sleep(0)
    work.cancel()

    assert stopped == ["done"]
