"""`/rollback` and `/abort`: always to a release on record, past checks and queue, and never back and forth."""

import pytest

from bot.domain.intent import Intent, Kind, State
from bot.domain.people import Role
from bot.engine.commands.ask import Answer
from bot.report.answers import reply_marker, undone_marker
from bot.storage import holds
from bot.storage.commands import Record
from tests.component.engine.rig import ALICE, BOB, CARL, TWO_PLACES, Rig
from tests.factories import sha
from tests.fakes.registry import digest

SOAK = 31
STAGING = {"team": "payments", "app": "checkout", "environment": "staging"}


async def release(rig: Rig, *letters: str) -> None:
    """Pull requests 1, 2, … are merged as these commits, and each holds in staging."""
    for number, letter in enumerate(letters, start=1):
        await rig.merge(number, letter)
        await rig.checks(letter, build="success", test="success")
        await rig.pass_time(SOAK)


async def answer(rig: Rig) -> str:
    return rig.github.comments.get(reply_marker((await rig.decided()).id), "")


async def last(rig: Rig) -> Intent:
    return (await rig.intents())[-1]


async def is_held(rig: Rig) -> bool:
    async with rig.database.begin() as connection:
        return await holds.current(connection, **STAGING) is not None


def runs(rig: Rig, letter: str) -> bool:
    return rig.cluster.image.endswith(digest(sha(letter)))


async def test_it_goes_to_the_release_before_with_the_same_digest_and_holds_automation(desk: Rig) -> None:
    await release(desk, "a", "b")
    desk.github.set_checks(sha("a"), build="failure")  # nobody asks

    comment = await desk.comment(2, "/rollback staging")
    await desk.pass_time(SOAK)

    back = await last(desk)
    assert (back.kind, back.state, back.undoes, back.restores) == (Kind.ROLLBACK, State.SUCCEEDED, 2, 1)
    assert runs(desk, "a")
    assert await is_held(desk)
    assert desk.reactions(comment) == ["eyes", "rocket"]


async def test_it_is_said_on_every_pull_request_that_is_undone(desk: Rig) -> None:
    await release(desk, "a", "b", "c")

    await desk.comment(3, "/rollback staging to #1")
    await desk.pass_time(SOAK)

    back = await last(desk)
    told = [number for number in (1, 2, 3) if undone_marker(back.id, number) in desk.github.comments]
    assert told == [2, 3]
    assert "`/resume staging checkout`" in desk.github.comments[undone_marker(back.id, 2)]


async def test_twice_in_a_row_goes_back_two_releases_and_does_not_swing(desk: Rig) -> None:
    await release(desk, "a", "b", "c")

    for _ in range(2):
        await desk.comment(3, "/rollback staging")
        await desk.pass_time(SOAK)

    assert runs(desk, "a")
    second = await last(desk)
    assert undone_marker(second.id, 3) not in desk.github.comments  # it was undone by the first
    await desk.comment(3, "/rollback staging")
    assert (await desk.decided()).reason == "no_release"


async def test_what_was_rolled_back_and_deployed_again_on_purpose_is_a_release_again(desk: Rig) -> None:
    await release(desk, "a", "b")
    await desk.comment(2, "/rollback staging")
    await desk.pass_time(SOAK)
    await desk.comment(2, "/deploy staging")
    await desk.pass_time(SOAK)
    again = runs(desk, "b")

    await desk.comment(2, "/rollback staging")
    await desk.pass_time(SOAK)

    assert again
    assert runs(desk, "a")


async def test_two_people_who_roll_back_at_once_go_back_one_release(desk: Rig) -> None:
    await release(desk, "a", "b", "c")

    desk.cluster.behaviour = "slow"
    await desk.comment(3, "/rollback staging", by=ALICE)
    await desk.comment(3, "/rollback staging", by=BOB)
    refused = await desk.decided()
    desk.cluster.behaviour, desk.cluster.ready_at = "ok", desk.clock()
    await desk.pass_time(SOAK + 15)

    assert refused.reason == "rollback_under_way"
    assert "asked for by alice" in refused.sentence
    assert runs(desk, "b")


async def test_one_that_is_named_ends_the_one_that_is_under_way(desk: Rig) -> None:
    await release(desk, "a", "b", "c")
    desk.cluster.behaviour = "slow"
    await desk.comment(3, "/rollback staging")

    await desk.comment(3, "/rollback staging to #1", by=BOB)
    desk.cluster.behaviour, desk.cluster.ready_at = "ok", desk.clock()
    await desk.pass_time(SOAK + 15)

    assert (await desk.states())[3:] == ["superseded", "succeeded"]
    assert runs(desk, "a")


async def test_during_a_running_deploy_it_goes_to_what_ran_before(desk: Rig) -> None:
    await release(desk, "a", "b")
    desk.cluster.behaviour = "slow"
    await desk.merge(3, "c")
    await desk.checks("c", build="success", test="success")

    await desk.comment(3, "/rollback staging")
    desk.cluster.behaviour, desk.cluster.ready_at = "ok", desk.clock()
    await desk.pass_time(SOAK + 15)

    assert (await desk.states())[2:] == ["superseded", "succeeded"]
    assert runs(desk, "b")


async def test_after_a_failure_that_was_kept_it_goes_to_the_last_that_held(sqlite, clock) -> None:
    rig = Rig(database=sqlite, clock=clock, catalog_text=TWO_PLACES.replace("on-merge}", "on-merge, on_failure: keep}"))
    rig.let_people_in()
    await release(rig, "a", "b")
    rig.cluster.crashing.add(sha("c"))
    await rig.merge(3, "c")
    await rig.checks("c", build="success", test="success")
    await rig.pass_time(20)
    failed = await last(rig)

    await rig.comment(3, "/rollback staging")
    await rig.pass_time(SOAK)

    assert failed.state is State.FAILED
    assert runs(rig, "b")


@pytest.mark.parametrize("to", ["#1", "aaaaaaa", sha("a"), "1"])
async def test_a_release_may_be_named_by_number_or_commit(desk: Rig, to: str) -> None:
    await release(desk, "a", "b", "c")

    await desk.comment(3, f"/rollback staging to {to}")
    await desk.pass_time(SOAK)

    assert runs(desk, "a")


@pytest.mark.parametrize("to", ["#99", "ddddddd"])
async def test_what_never_held_is_refused_with_what_there_is(desk: Rig, to: str) -> None:
    await release(desk, "a", "b")

    await desk.comment(2, f"/rollback staging to {to}")

    assert (await desk.decided()).reason == "no_release"
    assert "`/rollback staging to #2`" in await answer(desk)


async def test_the_present_release_is_refused_as_being_there(desk: Rig) -> None:
    await release(desk, "a", "b")

    await desk.comment(2, "/rollback staging to #2")

    assert (await desk.decided()).reason == "already_there"


async def test_nothing_deployed_is_nothing_to_go_back_from(desk: Rig) -> None:
    await desk.open_pull(1, "a")

    await desk.comment(1, "/rollback staging")

    assert (await desk.decided()).reason == "no_release"


async def test_a_rollback_needs_the_same_right_as_a_deploy(desk: Rig) -> None:
    await release(desk, "a", "b")

    await desk.comment(2, "/rollback staging", by=CARL)

    assert (await desk.decided()).reason == "not_in_team"
    assert runs(desk, "b")


async def test_a_rollback_whose_person_lost_the_right_before_its_start_is_refused(desk: Rig) -> None:
    await release(desk, "a", "b")
    await desk.comment(2, "/rollback staging", settle=False)
    await desk.run("deliveries")

    desk.github.roles["alice"] = (ALICE.id, Role.READ)
    await desk.settle()

    assert ((await last(desk)).state, (await last(desk)).reason) == (State.REFUSED, "no_write_permission")
    assert runs(desk, "b")


async def test_the_next_merge_waits_for_a_person_after_a_rollback(desk: Rig) -> None:
    await release(desk, "a", "b")
    await desk.comment(2, "/rollback staging")
    await desk.pass_time(SOAK)

    await desk.merge(3, "c")
    await desk.checks("c", build="success", test="success")
    await desk.pass_time(SOAK)
    waiting = await last(desk)
    await desk.comment(3, "/resume staging")
    await desk.pass_time(SOAK)

    assert (waiting.state, waiting.reason) == (State.QUEUED, "on_hold")
    assert "`/resume staging`" in waiting.detail
    assert runs(desk, "c")


async def test_a_rollback_passes_a_stop_a_lock_and_what_waits(desk: Rig) -> None:
    await release(desk, "a", "b")
    await desk.open_pull(7, "f")
    await desk.comment(7, "/lock staging for 2h", by=BOB)

    await desk.comment(2, "/rollback staging")
    await desk.pass_time(SOAK)

    assert runs(desk, "a")


async def test_a_button_rolls_back_the_version_it_was_made_for(desk: Rig) -> None:
    await release(desk, "a", "b")
    first, second = await desk.intents()

    await desk.click(first, "rollback")
    refused = await desk.decided()
    await desk.click(second, "rollback", by=CARL)
    denied = await desk.decided()
    await desk.click(second, "rollback")
    await desk.pass_time(SOAK)

    assert (refused.reason, denied.reason) == ("not_present", "not_in_team")
    assert runs(desk, "a")


async def test_a_button_that_reaches_us_hours_later_is_not_obeyed(desk: Rig) -> None:
    await release(desk, "a", "b")
    hint = desk.hint("click", button="rollback", external_id="check_run:2", actor="alice", actor_id=1)
    await desk.deliver(hint)
    desk.clock.advance(hours=2)

    await desk.settle()

    assert (await desk.decided()).reason == "comment_too_old"
    assert runs(desk, "b")


@pytest.mark.parametrize(("about", "button"), [("check_run:99", "rollback"), ("check_run:1", "shell"), ("x", "abort")])
async def test_a_button_of_nothing_known_does_nothing(desk: Rig, about: str, button: str) -> None:
    await release(desk, "a")

    await desk.deliver(desk.hint("click", button=button, external_id=about, actor="alice", actor_id=1))
    await desk.settle()

    assert not await desk.decisions()


async def test_deploy_again_is_the_same_commit(desk: Rig) -> None:
    await release(desk, "a")

    await desk.click(await last(desk), "again")
    await desk.pass_time(SOAK)

    assert [each.sha for each in await desk.intents()] == [sha("a")] * 2
    assert (await last(desk)).state is State.SUCCEEDED


@pytest.mark.parametrize("state", [State.WAITING_CHECKS, State.RESOLVING_IMAGE, State.QUEUED])
async def test_abort_ends_what_waits(desk: Rig, state: State) -> None:
    await desk.open_pull(12, "a")
    match state:
        case State.WAITING_CHECKS:
            desk.github.set_checks(sha("a"), build=None)
        case State.RESOLVING_IMAGE:
            del desk.registry.tags[sha("a")]
        case _:
            await desk.open_pull(13, "b")
            desk.cluster.behaviour = "slow"
            await desk.comment(13, "/deploy staging")
    deploy = await desk.comment(12, "/deploy staging")
    before = (await last(desk)).state

    comment = await desk.comment(12, "/abort staging")

    ended = await last(desk)
    assert before is state
    assert (ended.state, ended.reason, ended.detail) == (State.CANCELLED, "aborted", "aborted by alice")
    assert desk.reactions(comment) == ["rocket"]
    assert desk.reactions(deploy) == ["eyes", "confused"]
    assert sha("a") not in "".join(image for _, image in desk.cluster.patches)


async def test_abort_takes_a_running_rollout_back_to_what_ran_before_without_a_hold(desk: Rig) -> None:
    await release(desk, "a")
    await desk.open_pull(12, "b")
    desk.cluster.behaviour = "slow"
    await desk.comment(12, "/deploy staging")

    comment = await desk.comment(12, "/abort staging", by=BOB)
    desk.cluster.behaviour, desk.cluster.ready_at = "ok", desk.clock()
    await desk.pass_time(SOAK + 15)

    assert await desk.states() == ["succeeded", "cancelled", "succeeded"]
    assert runs(desk, "a")
    assert not await is_held(desk)
    assert desk.reactions(comment) == ["eyes", "rocket"]
    assert undone_marker((await last(desk)).id, 12) not in desk.github.comments  # it never held, so nothing was lost


async def test_abort_of_the_first_rollout_says_that_there_is_nothing_to_go_back_to(desk: Rig) -> None:
    await desk.open_pull(12, "b")
    desk.cluster.behaviour = "slow"
    await desk.comment(12, "/deploy staging")

    await desk.comment(12, "/abort staging")

    assert await desk.states() == ["cancelled"]
    assert "rollout undo deployment/checkout" in await answer(desk)


async def test_abort_of_a_rollout_that_begins_in_this_moment_takes_it_back(desk: Rig) -> None:
    await release(desk, "a")
    await desk.open_pull(12, "b")
    desk.github.set_checks(sha("b"), build=None)
    await desk.comment(12, "/deploy staging")
    desk.cluster.behaviour = "slow"
    counter = desk.deliveries._desk
    real = counter._close

    async def slow(record: Record, answer: Answer) -> str:
        """Between decision and act the checks turn green, and the rollout begins."""
        await desk.checks("b", build="success")
        return await real(record, answer)

    counter._close = slow  # type: ignore[method-assign]
    await desk.comment(12, "/abort staging")
    desk.cluster.behaviour, desk.cluster.ready_at = "ok", desk.clock()
    await desk.pass_time(SOAK + 15)

    assert await desk.states() == ["succeeded", "cancelled", "succeeded"]
    assert runs(desk, "a")


async def test_abort_of_somebody_elses_running_rollout_is_allowed_and_of_what_waits_is_not(desk: Rig) -> None:
    desk.cluster.behaviour = "slow"
    await desk.open_pull(12, "a")
    await desk.open_pull(13, "b")
    await desk.open_pull(14, "c")
    await desk.comment(12, "/deploy staging")
    await desk.comment(13, "/deploy staging")

    await desk.comment(14, "/abort staging", by=BOB)
    await desk.pass_time(5)

    assert await desk.states() == ["cancelled", "rolling_out"]


async def test_nothing_to_abort_is_told(desk: Rig) -> None:
    await release(desk, "a")

    await desk.comment(1, "/abort staging")

    assert (await desk.decided()).reason == "nothing_to_abort"


async def test_what_was_aborted_is_not_taken_up_when_its_checks_run_again(desk: Rig) -> None:
    await desk.merge(12, "a")
    await desk.checks("a", build="failure")
    await desk.merge(13, "b")
    await desk.comment(13, "/abort staging")

    await desk.checks("b", build="success", test="success")
    await desk.pass_time(SOAK)

    assert await desk.states() == ["refused", "cancelled"]
    assert not desk.cluster.patches
