"""The way of a merge through the engine, and every early end on it."""

from dataclasses import replace
from datetime import timedelta

from bot.domain.intent import State
from bot.domain.people import Person, Role
from bot.errors import BrokenError, RejectedError, TransientError
from bot.storage import commands
from tests.component.engine.rig import Rig
from tests.factories import sha
from tests.fakes.registry import digest

SOAK = 31


async def test_a_merge_with_green_checks_runs_in_the_end(rig: Rig) -> None:
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(SOAK)

    intent = await rig.only()
    assert (intent.state, intent.reason) == (State.SUCCEEDED, "finished")
    assert rig.cluster.patches == [("1", f"registry.example/payments/checkout:{sha('a')}@{digest(sha('a'))}")]


async def test_an_ordinary_deploy_takes_six_writes(rig: Rig) -> None:
    await rig.merge(12, "a")
    await rig.pass_time(180)
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(SOAK + 120)

    assert rig.github.kinds() == [
        "comment",
        "deployment",
        "status in_progress",
        "comment",
        "check_run",
        "status success",
    ]


async def test_success_is_not_said_before_the_soak_is_over(rig: Rig) -> None:
    await rig.merge(12, "a")
    rig.cluster.ready_at = rig.clock()
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(29)

    assert (await rig.only()).state is State.ROLLING_OUT


async def test_an_absent_required_check_is_waited_for_and_named(rig: Rig) -> None:
    await rig.merge(12, "a")
    await rig.checks("a", build="success")
    await rig.pass_time(600, step=60)

    intent = await rig.only()
    assert intent.state is State.WAITING_CHECKS
    assert "test" in intent.detail
    assert rig.cluster.namespaces == []


async def test_a_failed_check_ends_it_before_the_cluster(rig: Rig) -> None:
    await rig.merge(12, "a")
    await rig.checks("a", build="failure")

    intent = await rig.only()
    assert (intent.state, intent.reason) == (State.REFUSED, "checks_failed")
    assert "build" in intent.detail
    assert rig.cluster.namespaces == []


async def test_a_failed_check_that_is_run_again_and_passes_deploys_after_all(rig: Rig) -> None:
    await rig.merge(12, "a")
    await rig.checks("a", build="failure", test="success")
    await rig.checks("a", build=None)
    states = await rig.states()
    await rig.checks("a", build="success")
    await rig.pass_time(SOAK)

    assert states == ["waiting_checks"]
    assert await rig.states() == ["succeeded"]


async def test_checks_that_never_come_end_at_their_deadline(rig: Rig) -> None:
    await rig.merge(12, "a")
    await rig.pass_time(7300, step=60)

    assert (await rig.only()).reason == "checks_deadline"


async def test_a_missing_image_is_waited_for_then_refused(rig: Rig) -> None:
    await rig.merge(12, "a", pushed=False)
    await rig.checks("a", build="success", test="success")
    waiting = await rig.only()
    await rig.pass_time(16 * 60, step=30)

    assert waiting.state is State.RESOLVING_IMAGE
    assert "not in the registry" in waiting.detail
    intent = await rig.only()
    assert (intent.state, intent.reason) == (State.REFUSED, "image_not_found")
    assert rig.cluster.patches == []


async def test_an_image_that_is_pushed_late_is_deployed(rig: Rig) -> None:
    await rig.merge(12, "a", pushed=False)
    await rig.checks("a", build="success", test="success")
    rig.registry.push(sha("a"))
    await rig.pass_time(SOAK + 10)

    assert await rig.states() == ["succeeded"]


async def test_an_image_of_another_commit_is_refused(rig: Rig) -> None:
    await rig.merge(12, "a", pushed=False)
    rig.registry.tags[sha("a")] = {"org.opencontainers.image.revision": sha("b")}
    await rig.checks("a", build="success", test="success")

    assert (await rig.only()).reason == "revision_mismatch"


async def test_a_crash_fails_with_exit_code_and_last_words_on_the_pull_request(rig: Rig) -> None:
    rig.cluster.behaviour = "crash"
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(10)

    intent = await rig.only()
    assert intent.state is State.FAILED
    notice = rig.github.comments["<!-- greenlane:notice:1 -->"]
    assert "code 3" in notice
    assert "fatal: cannot reach database at db:5432" in notice


async def test_a_secret_in_the_last_words_is_neither_stored_nor_posted(rig: Rig) -> None:
    rig.cluster.behaviour = "crash"
    rig.cluster.log_lines = ["connecting to postgres://shop:hunter2secret@db:5432/shop", "token=ghs_" + "a1" * 20]
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(10)

    everything = str(await rig.only()) + str(rig.github.comments)
    assert "connecting to postgres" in everything
    assert "hunter2secret" not in everything
    assert "ghs_" not in everything


async def test_a_workload_that_is_not_there_refuses(rig: Rig) -> None:
    rig.cluster.errors.append(RejectedError("workload_not_found", "deployment/checkout is not in payments-staging."))
    await rig.merge(12, "a")
    rig.cluster.platforms = None
    await rig.checks("a", build="success", test="success")

    assert (await rig.only()).reason == "workload_not_found"


async def test_github_out_of_reach_only_delays(rig: Rig) -> None:
    await rig.merge(12, "a")
    rig.github.set_checks(sha("a"), build="success", test="success")
    rig.github.errors += [TransientError("GitHub answered 502")] * 3
    await rig.pass_time(180)

    assert await rig.states() == ["succeeded"]


async def test_a_cluster_out_of_reach_in_mid_rollout_is_no_failure(rig: Rig) -> None:
    rig.cluster.behaviour = "slow"
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")
    rig.cluster.errors += [TransientError("the API server does not answer")] * 4
    await rig.pass_time(60)
    rig.cluster.behaviour, rig.cluster.ready_at = "ok", rig.clock()
    await rig.pass_time(120)

    assert await rig.states() == ["succeeded"]


async def test_a_rollout_that_does_not_finish_times_out(rig: Rig) -> None:
    rig.cluster.behaviour = "slow"
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(12 * 60, step=20)

    intent = await rig.only()
    assert (intent.state, intent.reason) == (State.FAILED, "deadline")


async def test_a_merge_webhook_before_the_api_knows_is_believed_a_little_later(rig: Rig) -> None:
    await rig.merge(12, "a")
    assert await rig.states() == ["waiting_checks"]

    pull = rig.github.pulls.pop(12)
    rig.github.pulls[13] = type(pull)(
        **{name: getattr(pull, name) for name in pull.__slots__} | {"number": 13, "merged": False}
    )
    rig.github.history.append(sha("b"))
    await rig.deliver(rig.hint("pull", number=13, merged=True))
    await rig.settle()
    states = await rig.states()
    rig.github.pulls[13] = type(pull)(
        **{name: getattr(pull, name) for name in pull.__slots__} | {"number": 13, "merge_commit_sha": sha("b")}
    )
    await rig.pass_time(5, step=1)

    assert states == ["waiting_checks"]
    assert await rig.states() == ["waiting_checks", "waiting_checks"]


async def test_closed_without_a_merge_makes_nothing(rig: Rig) -> None:
    await rig.merge(12, "a")
    pull = rig.github.pulls[12]
    rig.github.pulls[13] = type(pull)(
        **{name: getattr(pull, name) for name in pull.__slots__} | {"number": 13, "merged": False}
    )
    await rig.deliver(rig.hint("pull", number=13))
    await rig.pass_time(20)

    assert len(await rig.intents()) == 1


async def test_a_lost_webhook_is_made_up_for_by_the_sweep(rig: Rig) -> None:
    await rig.sweeps.sweep()
    rig.clock.advance(seconds=60)
    rig.github.history.append(sha("a"))
    from tests.fakes.github import merged

    rig.github.pulls[12] = merged(12, sha("a"), at=rig.clock())
    await rig.sweeps.sweep()
    await rig.sweeps.sweep()

    assert await rig.states() == ["waiting_checks"]


async def test_what_was_merged_before_the_first_start_stays_as_it_is(rig: Rig) -> None:
    from tests.fakes.github import merged

    rig.github.history.append(sha("a"))
    rig.github.pulls[12] = merged(12, sha("a"), at=rig.clock())
    rig.clock.advance(hours=1)
    await rig.sweeps.sweep()
    await rig.sweeps.sweep()

    assert await rig.intents() == []


async def test_ci_that_runs_again_and_pushes_the_image_deploys_after_all(rig: Rig) -> None:
    await rig.merge(12, "a", pushed=False)
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(16 * 60, step=30)
    await rig.checks("a", build=None)
    rig.registry.push(sha("a"))
    await rig.checks("a", build="success")
    await rig.pass_time(SOAK)

    assert await rig.states() == ["succeeded"]


async def test_our_own_fault_ends_at_the_deadline_too(rig: Rig) -> None:
    await rig.merge(12, "a")
    rig.registry.errors += [BrokenError("an answer outside the protocol")] * 100
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(20 * 60, step=60)

    intent = await rig.only()
    assert (intent.state, intent.reason) == (State.REFUSED, "broken")


async def test_a_command_that_no_webhook_told_of_is_found_by_the_sweep(rig: Rig) -> None:
    await rig.sweeps.sweep()
    rig.clock.advance(seconds=30)
    rig.github.open_pull(12, sha("e"))
    rig.github.roles["alice"] = (7, Role.WRITE)
    rig.github.say(501, "/status", by=Person(id=7, login="alice"), at=rig.clock())
    edited = rig.github.say(502, "/help", by=Person(id=7, login="alice"), at=rig.clock())
    rig.github.comments_by_people[502] = replace(edited, updated_at=rig.clock() + timedelta(seconds=5))
    rig.github.unheard = {501: 12, 502: 12}
    await rig.sweeps.sweep()
    await rig.sweeps.sweep()
    await rig.settle()

    async with rig.database.begin() as connection:
        assert [each.verb for each in await commands.recent(connection)] == ["status"]
