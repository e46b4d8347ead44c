"""Regular looks: what one comment or one repository does to the rest, and what is forgotten."""

from typing import Any

import pytest

from bot.errors import TransientError
from bot.storage import heads, installations
from tests.component.engine.rig import ALICE, BOB, Rig
from tests.factories import CATALOG, REPOSITORY, sha
from tests.fakes.github import merged

UNHEARD = 7001


async def says(rig: Rig, *bodies: str, number: int = 12) -> None:
    """Comments that no webhook tells of; written a while after the first sweep."""
    await rig.open_pull(number, "a")
    await rig.sweeps.sweep()
    rig.clock.advance(seconds=70)
    for place, body in enumerate(bodies, start=UNHEARD):
        rig.github.say(place, body, by=ALICE, at=rig.clock())
        rig.github.unheard[place] = number


async def noted(rig: Rig, number: int) -> str | None:
    async with rig.database.begin() as connection:
        return await heads.newest(connection, repository_id=REPOSITORY.id, number=number, before=rig.clock())


async def test_a_command_found_by_the_sweep_is_given_up_after_the_same_patience(desk: Rig) -> None:
    await says(desk, "/deploy staging")
    desk.github.roles.clear()

    async def away(*_: object) -> Any:
        raise TransientError("GitHub does not answer")

    desk.github.role = away  # type: ignore[method-assign]
    for _ in range(3):
        await desk.sweeps.sweep()
        desk.clock.advance(seconds=60)
    await desk.sweeps.sweep()

    assert [each.reason for each in await desk.decisions()] == ["no_answer"]


@pytest.mark.parametrize("trouble", [TransientError("GitHub does not answer"), ValueError("a fault of ours")])
async def test_one_comment_that_can_not_be_handled_holds_up_neither_the_others_nor_the_sweep(
    desk: Rig, trouble: Exception
) -> None:
    await says(desk, "/status", "/why")
    read = desk.github.comment

    async def breaks(repository: Any, comment: int) -> Any:
        if comment == UNHEARD:
            raise trouble
        return await read(repository, comment)

    desk.github.comment = breaks  # type: ignore[method-assign]
    await desk.sweeps.sweep()

    assert [each.verb for each in await desk.decisions()] == ["why"]
    async with desk.database.begin() as connection:
        swept = await installations.swept(connection, REPOSITORY.id)
    assert swept is not None
    assert swept.swept_at == desk.clock()


async def test_a_fault_of_ours_ends_no_sweep(desk: Rig) -> None:
    async def broken(*_: object) -> Any:
        raise ValueError("a fault of ours")

    await desk.open_pull(12, "a")
    await desk.comment(12, "/lock staging for 1m")
    desk.clock.advance(seconds=70)
    desk.github.find_repository = broken  # type: ignore[method-assign]

    await desk.sweeps.sweep()
    await desk.comment(12, "/unlock staging")

    assert (await desk.decided()).reason == "not_locked"  # house-keeping went on


async def test_heads_of_pull_requests_whose_closing_nobody_told_of_are_forgotten(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.open_pull(13, "b")
    del desk.github.heads[12]
    desk.clock.advance(minutes=11)
    await desk.open_pull(14, "c")
    del desk.github.heads[14]  # GitHub's list does not show it yet

    await desk.sweeps.sweep()

    assert [await noted(desk, number) for number in (12, 13, 14)] == [None, sha("b"), sha("c")]


async def test_a_push_is_no_act_of_who_merged_the_commit_into_another_branch(rig: Rig) -> None:
    on_push = Rig(
        database=rig.database, clock=rig.clock, catalog_text=CATALOG.replace("on-merge", "on-push"), github=rig.github
    )
    rig.github.history.append(sha("a"))
    rig.github.pulls[5] = merged(5, sha("a"), at=rig.clock(), base="develop", merged_by="mallory")

    await on_push.deliver(
        on_push.hint("push", branch="main", before="0" * 40, sha=sha("a"), actor=BOB.login, actor_id=BOB.id)
    )
    await on_push.settle()

    intent = await on_push.only()
    assert (intent.actor, intent.actor_id, intent.pull_request) == (BOB.login, BOB.id, None)


async def test_a_head_of_the_second_in_which_the_comment_was_written_was_seen(desk: Rig) -> None:
    await desk.sweeps.sweep()
    desk.clock.advance(seconds=30.4)
    await desk.open_pull(12, "a")
    written = desk.clock().replace(microsecond=0)
    said = desk.github.say(501, "/deploy staging", by=ALICE, at=written)
    desk.github.unheard = {said.id: 12}
    await desk.sweeps.sweep()

    assert [each.decision for each in await desk.decisions()] == ["accepted"]
