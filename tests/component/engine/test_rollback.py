"""A rollout that fails goes back to the last release by itself, once, and automation is held."""

from datetime import timedelta

from bot.domain.intent import Intent, Kind, State
from bot.errors import TransientError
from bot.report.comment import notice_marker
from bot.storage import holds, intents
from tests.component.engine.rig import Rig
from tests.factories import CATALOG, sha
from tests.fakes.registry import digest

SOAK = 31
WHERE = {"team": "payments", "app": "checkout", "environment": "staging"}


async def deploy(rig: Rig, number: int, letter: str) -> None:
    await rig.merge(number, letter)
    await rig.checks(letter, build="success", test="success")
    await rig.pass_time(SOAK)


async def fail_after_a_release(rig: Rig) -> tuple[Intent, Intent]:
    """A release of commit a, then a crashing commit b; the failed intent and its rollback."""
    await deploy(rig, 12, "a")
    rig.cluster.crashing.add(sha("b"))
    await deploy(rig, 13, "b")
    _, failed, rollback = await rig.intents()
    return failed, rollback


async def handle_until_failed(rig: Rig) -> None:
    """Claim by claim, so that nobody has looked at the rollback yet."""
    while "failed" not in await rig.states():
        claimed = await rig.reconciler.worker.claim()
        assert claimed is not None
        await rig.reconciler._handle(claimed)


async def test_a_failed_rollout_goes_back_to_the_last_release_by_its_digest(rig: Rig) -> None:
    failed, rollback = await fail_after_a_release(rig)

    assert (failed.state, failed.reason) == (State.FAILED, "crash_loop")
    assert (rollback.kind, rollback.state, rollback.sha) == (Kind.ROLLBACK, State.SUCCEEDED, sha("a"))
    assert (rollback.undoes, rollback.restores, rollback.pull_request) == (failed.id, 1, 13)
    assert rig.cluster.image.endswith(digest(sha("a")))
    assert rig.cluster.annotations["greenlane.dev/commit"] == sha("a")


async def test_what_is_merged_during_the_hold_waits_until_somebody_resumes(rig: Rig) -> None:
    await fail_after_a_release(rig)

    await deploy(rig, 14, "c")
    waiting = (await rig.intents())[-1]
    async with rig.database.begin() as connection:
        released = await holds.release(connection, **WHERE, by="alice", now=rig.clock())
        await intents.hint_environment(connection, **WHERE, now=rig.clock())
    await rig.settle()
    await rig.pass_time(SOAK)

    assert (waiting.state, waiting.reason) == (State.QUEUED, "on_hold")
    assert "rolled back from bbbbbbb" in waiting.detail
    assert released is not None
    assert (await rig.intents())[-1].state is State.SUCCEEDED
    assert rig.cluster.image.endswith(digest(sha("c")))


async def test_a_merge_that_waits_out_a_hold_of_a_week_is_refused(rig: Rig) -> None:
    await fail_after_a_release(rig)

    await deploy(rig, 14, "c")
    await rig.pass_time(timedelta(days=7).total_seconds(), step=3600)

    ended = (await rig.intents())[-1]
    assert (ended.state, ended.reason) == (State.REFUSED, "on_hold")


async def test_a_rollback_that_fails_too_is_not_rolled_back(rig: Rig) -> None:
    await deploy(rig, 12, "a")
    rig.cluster.crashing |= {sha("a"), sha("b")}
    await deploy(rig, 13, "b")

    assert await rig.states() == ["succeeded", "failed", "failed"]


async def test_without_a_release_it_stays_as_it_is(rig: Rig) -> None:
    rig.cluster.crashing.add(sha("a"))
    await deploy(rig, 12, "a")

    assert await rig.states() == ["failed"]
    async with rig.database.begin() as connection:
        assert await holds.every(connection) == []


async def test_keep_leaves_the_new_version_where_it_is(rig: Rig) -> None:
    keep = CATALOG.replace("deploy: on-merge", "deploy: on-merge, on_failure: keep")
    kept = Rig(database=rig.database, clock=rig.clock, catalog_text=keep)
    await deploy(kept, 12, "a")
    kept.cluster.crashing.add(sha("b"))
    await deploy(kept, 13, "b")

    assert await kept.states() == ["succeeded", "failed"]
    assert kept.cluster.image.endswith(digest(sha("b")))


async def test_while_a_newer_merge_waits_nothing_is_rolled_back(rig: Rig) -> None:
    await deploy(rig, 12, "a")
    rig.cluster.behaviour = "slow"
    await deploy(rig, 13, "b")
    await rig.merge(14, "c")
    rig.cluster.crashing.add(sha("b"))
    await rig.pass_time(60)

    assert await rig.states() == ["succeeded", "failed", "waiting_checks"]
    async with rig.database.begin() as connection:
        assert await holds.every(connection) == []


async def test_an_unknown_end_is_not_rolled_back(rig: Rig) -> None:
    await deploy(rig, 12, "a")
    rig.cluster.behaviour = "slow"
    await deploy(rig, 13, "b")
    rig.cluster.errors = [TransientError("no answer")] * 1000
    await rig.pass_time(3600, step=60)

    assert await rig.states() == ["succeeded", "unknown"]


async def test_a_superseded_rollout_is_not_rolled_back(rig: Rig) -> None:
    await deploy(rig, 12, "a")
    rig.cluster.behaviour = "slow"
    await deploy(rig, 13, "b")
    rig.cluster.behaviour = "ok"
    rig.cluster.crashing.add(sha("b"))
    rig.cluster.image = "registry.example/payments/checkout:by-hand@sha256:" + "9" * 64
    await rig.pass_time(60)

    assert await rig.states() == ["succeeded", "superseded"]


async def test_somebody_who_changes_the_workload_first_is_not_overwritten(rig: Rig) -> None:
    await deploy(rig, 12, "a")
    rig.cluster.crashing.add(sha("b"))
    await rig.merge(13, "b")
    rig.github.set_checks(sha("b"), build="success", test="success")
    await rig.deliver(rig.hint("commit", sha=sha("b")))
    await rig.run("deliveries")
    await handle_until_failed(rig)
    rig.cluster.annotations["greenlane.dev/intent"] = "another bot's"
    await rig.settle()

    assert await rig.states() == ["succeeded", "failed", "superseded"]
    assert rig.cluster.image.endswith(digest(sha("b")))


async def test_the_pull_request_whose_code_was_taken_back_is_told(rig: Rig) -> None:
    failed, _ = await fail_after_a_release(rig)

    told = rig.github.comments[notice_marker(failed.id)]
    assert "back on" in told
    assert "aaaaaaa" in told
    assert "`/resume staging`" in told


async def test_what_waited_and_is_refused_in_the_end_no_longer_keeps_a_failure_from_being_taken_back(rig: Rig) -> None:
    await deploy(rig, 12, "a")
    rig.cluster.behaviour = "slow"
    await deploy(rig, 13, "b")
    await rig.merge(14, "c")
    rig.cluster.crashing.add(sha("b"))
    rig.cluster.behaviour = "ok"
    await rig.pass_time(60)
    before = await rig.states()
    await rig.checks("c", build="failure")
    await rig.pass_time(SOAK)

    assert before == ["succeeded", "failed", "waiting_checks"]
    assert await rig.states() == ["succeeded", "failed", "refused", "succeeded"]
    assert rig.cluster.image.endswith(digest(sha("a")))


async def test_a_merge_that_comes_before_the_rollback_could_start_does_not_stop_it(rig: Rig) -> None:
    await deploy(rig, 12, "a")
    rig.cluster.crashing.add(sha("b"))
    await rig.merge(13, "b")
    rig.github.set_checks(sha("b"), build="success", test="success")
    await rig.deliver(rig.hint("commit", sha=sha("b")))
    await rig.run("deliveries")
    await handle_until_failed(rig)
    rig.cluster.errors.append(TransientError("no answer"))
    await rig.merge(14, "c")
    await rig.checks("c", build="success", test="success")
    await rig.pass_time(SOAK + 30)

    assert await rig.states() == ["succeeded", "failed", "succeeded", "queued"]
    assert (await rig.intents())[-1].reason == "on_hold"


async def test_a_rollback_that_did_not_happen_holds_nothing(rig: Rig) -> None:
    await deploy(rig, 12, "a")
    rig.cluster.crashing.add(sha("b"))
    await rig.merge(13, "b")
    rig.github.set_checks(sha("b"), build="success", test="success")
    await rig.deliver(rig.hint("commit", sha=sha("b")))
    await rig.run("deliveries")
    await handle_until_failed(rig)
    rig.cluster.annotations["greenlane.dev/intent"] = "another bot's"
    await rig.settle()

    assert await rig.states() == ["succeeded", "failed", "superseded"]
    async with rig.database.begin() as connection:
        assert await holds.every(connection) == []
