"""Commands that meet something else: what has ended meanwhile, what still waits, the same click once more."""

from typing import Any

import pytest
from sqlalchemy import event

from bot.domain.intent import Kind, State
from bot.domain.people import Role
from bot.engine import announce
from bot.report.answers import undone_marker
from bot.storage import holds
from tests.component.engine.rig import ALICE, TWO_PLACES, Rig
from tests.component.engine.test_commands_rollback import SOAK, answer, is_held, last, release, runs
from tests.factories import sha

CLICK = b'{"action": "requested_action"}'


async def waiting(desk: Rig, number: int, letter: str) -> int:
    """Somebody's `/deploy` of a green head; its comment."""
    await desk.open_pull(number, letter)
    desk.clock.advance(seconds=5)
    return await desk.comment(number, "/deploy staging")


async def test_a_rollout_that_ended_before_the_abort_was_written_is_not_said_to_be_aborted(desk: Rig) -> None:
    await release(desk, "a")
    desk.cluster.behaviour = "slow"
    await desk.merge(2, "b")
    await desk.checks("b", build="success", test="success")
    write = desk.deliveries._desk._write

    async def late(*args: Any) -> str:
        desk.cluster.behaviour = "ok"
        for _ in range(10):
            desk.clock.advance(seconds=5)
            await desk.run("reconciler")
        return await write(*args)

    desk.deliveries._desk._write = late  # type: ignore[method-assign]
    comment = await desk.comment(2, "/abort staging")

    assert (await last(desk)).state is State.SUCCEEDED
    assert (await desk.decided()).reason == "nothing_to_abort"
    assert desk.reactions(comment) == ["confused"]


async def test_what_people_asked_for_and_has_not_begun_ends_with_a_rollback(desk: Rig) -> None:
    await release(desk, "a", "b")
    desk.cluster.behaviour = "slow"
    await waiting(desk, 7, "c")
    queued = await waiting(desk, 8, "d")
    desk.cluster.behaviour = "ok"

    await desk.comment(2, "/rollback staging to aaaaaaa")
    await desk.pass_time(120)

    ended = next(each for each in await desk.intents() if each.pull_request == 8)
    assert (ended.state, ended.reason) == (State.CANCELLED, "rolled_back")
    assert "`/deploy staging checkout` asks for it again" in ended.detail
    assert desk.reactions(queued) == ["eyes", "confused"]
    assert runs(desk, "a")


async def test_what_was_asked_for_elsewhere_or_after_the_rollback_goes_on(desk: Rig) -> None:
    await release(desk, "a", "b")
    await desk.comment(2, "/deploy production", settle=False)
    await desk.comment(2, "/rollback staging")
    await waiting(desk, 8, "d")
    await desk.pass_time(120)

    states = {(each.environment, each.sha[0]): each.state for each in await desk.intents()}
    assert states["production", "b"] is State.SUCCEEDED
    assert runs(desk, "d")


async def test_a_redeploy_that_failed_is_rolled_back_to_the_release_before_it(desk: Rig) -> None:
    await release(desk, "a", "b")
    desk.cluster.behaviour = "crash"
    await desk.comment(2, "/deploy staging")
    await desk.pass_time(700, step=15)
    desk.cluster.behaviour = "ok"

    await desk.comment(2, "/rollback staging")
    await desk.pass_time(SOAK)

    assert ((await last(desk)).kind, (await last(desk)).state) == (Kind.ROLLBACK, State.SUCCEEDED)
    assert runs(desk, "a")


async def test_a_rollback_refused_at_its_start_leaves_no_hold(desk: Rig) -> None:
    await release(desk, "a", "b")
    await desk.comment(2, "/rollback staging", settle=False)
    await desk.run("deliveries")
    held = await is_held(desk)
    desk.github.roles[ALICE.login] = (ALICE.id, Role.READ)
    await desk.pass_time(60)

    assert held
    assert (await last(desk)).state is State.REFUSED
    assert not await is_held(desk)


async def test_a_rollback_goes_where_the_catalog_names_the_place_now(desk: Rig) -> None:
    await release(desk, "a", "b")
    renamed = Rig(
        database=desk.database,
        clock=desk.clock,
        catalog_text=TWO_PLACES.replace("staging: {", "stage: {"),
        clusters=desk.clusters,
        github=desk.github,
        registry=desk.registry,
    )

    await renamed.comment(2, "/rollback stage")
    await renamed.pass_time(SOAK)

    back = await last(renamed)
    assert (back.environment, back.state) == ("stage", State.SUCCEEDED)
    async with desk.database.begin() as connection:
        assert [each.environment for each in await holds.every(connection)] == ["stage"]


async def test_the_same_click_under_another_delivery_is_the_same_click(desk: Rig) -> None:
    await release(desk, "a")
    intent = await last(desk)

    for _ in range(2):
        await desk.click(intent, "again", body=CLICK)
        await desk.pass_time(SOAK)
        desk.clock.advance(days=2)

    assert [each.kind for each in await desk.intents()] == [Kind.AUTOMATIC, Kind.MANUAL]


async def test_deploy_again_on_an_older_deploy_is_refused(desk: Rig) -> None:
    await release(desk, "a", "b")
    older = (await desk.intents())[0]

    await desk.click(older, "again")

    assert (await desk.decided()).reason == "outdated_button"
    assert f"`/deploy staging {sha('a')}`" in await answer(desk)


async def test_deploy_again_works_after_our_own_rollback_and_not_after_a_persons(desk: Rig) -> None:
    await release(desk, "a", "b")
    taken_back = (await desk.intents())[1]
    await desk.comment(2, "/rollback staging")
    await desk.pass_time(SOAK)
    await desk.click(taken_back, "again")
    after_a_persons = (await desk.decided()).reason

    desk.cluster.crashing.add(sha("c"))
    await desk.comment(2, "/resume staging")
    await desk.merge(3, "c")
    await desk.checks("c", build="success", test="success")
    await desk.pass_time(900, step=15)
    failed = next(each for each in await desk.intents() if each.sha == sha("c"))
    desk.cluster.crashing.clear()
    await desk.click(failed, "again")
    await desk.pass_time(SOAK)

    assert after_a_persons == "outdated_button"
    assert failed.state is State.FAILED
    assert runs(desk, "c")


async def test_a_long_way_back_is_told_on_the_newest_pull_requests_only(
    desk: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announce, "MOST_UNDONE", 2)
    await release(desk, "a", "b", "c", "d")

    await desk.comment(4, "/rollback staging to #1")
    await desk.pass_time(SOAK)

    back = await last(desk)
    assert [n for n in (1, 2, 3, 4) if undone_marker(back.id, n) in desk.github.comments] == [3, 4]


async def test_intents_are_locked_before_messages_as_the_reconciler_does(desk: Rig) -> None:
    """In any other order two of them wait for each other on PostgreSQL."""
    wrong: list[str] = []
    transaction: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        words = statement.split()
        if words[0] == "BEGIN":
            transaction.clear()
        elif words[0] == "UPDATE" and words[1] == "intents" and "outbox" in transaction:
            wrong.append(statement)
        elif words[0] == "INSERT":
            transaction.append(words[2])

    await release(desk, "a", "b")
    desk.cluster.behaviour = "slow"
    await waiting(desk, 7, "c")
    await waiting(desk, 8, "d")
    await waiting(desk, 9, "e")
    event.listen(desk.database.engine.sync_engine, "before_cursor_execute", note)
    for line in ("/lock staging", "/unlock staging", "/abort staging", "/lock staging"):
        await desk.comment(8, line, settle=False)
        await desk.run("deliveries")
    await desk.comment(2, "/rollback staging to aaaaaaa", settle=False)
    await desk.run("deliveries")
    await desk.comment(2, "/resume staging", settle=False)
    await desk.run("deliveries")
    desk.clock.advance(hours=5)
    await desk.sweeps.sweep()
    event.remove(desk.database.engine.sync_engine, "before_cursor_execute", note)

    assert {each.decision for each in await desk.decisions()} == {"accepted"}
    assert transaction
    assert wrong == []
