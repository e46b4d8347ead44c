"""What one person gets of GitHub's few writes: outsiders must not keep back what others wait for."""

import pytest
from sqlalchemy import select

from bot.domain.people import Person, Role
from bot.report.answers import reply_marker
from bot.storage.tables import outbox
from tests.component.engine.rig import ALICE, BOB, EVE, Rig
from tests.factories import sha


def written(desk: Rig) -> tuple[int, int]:
    """Words and reactions."""
    kinds = [kind for kind, _ in desk.github.writes]
    return kinds.count("comment"), kinds.count("reaction")


async def test_an_outsider_who_floods_every_pull_request_gets_one_answer(desk: Rig) -> None:
    for number in range(100, 120):
        desk.github.open_pull(number, sha("c"))
        for line in ("/deploy", "/deploy nowhere", "/status"):
            await desk.comment(number, line, by=EVE, settle=False)
    await desk.settle()

    assert len(await desk.decisions()) == 60
    assert written(desk) == (1, 1)


async def test_an_outsider_is_told_again_after_an_hour(desk: Rig) -> None:
    desk.github.open_pull(12, sha("c"))
    for minutes in (0, 30, 31):
        desk.clock.advance(minutes=minutes)
        await desk.comment(12, "/deploy", by=EVE)

    assert written(desk) == (2, 2)
    assert [bool(each.answer) for each in await desk.decisions()] == [True, False, True]


async def test_an_outsider_who_asks_steadily_is_not_told_of_the_limit_either(desk: Rig) -> None:
    desk.github.open_pull(12, sha("c"))
    for _ in range(40):
        desk.clock.advance(seconds=5.7)
        await desk.comment(12, "/deploy", by=EVE)

    assert "too_many_commands" in {each.reason for each in await desk.decisions()}
    assert written(desk) == (1, 1)


@pytest.mark.parametrize("stranger", [EVE, Person(id=77, login="alice"), Person(id=78, login="nobody")])
async def test_what_an_outsider_edited_or_wrote_long_ago_gets_no_other_answer(desk: Rig, stranger: Person) -> None:
    desk.github.open_pull(12, sha("c"))
    await desk.comment(12, "/deploy", by=stranger)
    old = desk.github.say(900, "/status", by=stranger, at=desk.clock())
    await desk.deliver(desk.comment_hint(12, old.id, "/deploy", by=stranger))
    desk.clock.advance(minutes=59)
    late = desk.github.say(901, "/status", by=stranger, at=old.created_at)
    await desk.deliver(desk.comment_hint(12, late.id, "/status", by=stranger))
    await desk.settle()

    assert len({each.reason for each in await desk.decisions()}) == 1
    assert written(desk) == (1, 1)


async def test_commands_of_one_person_are_counted_over_all_pull_requests(desk: Rig) -> None:
    for number in range(100, 103):
        desk.github.open_pull(number, sha("c"))
        for _ in range(5):
            await desk.comment(number, "/why", settle=False)
    desk.github.open_pull(103, sha("c"))
    await desk.comment(103, "/why", by=BOB, settle=False)
    await desk.settle()

    reasons = [each.reason for each in await desk.decisions()]
    assert reasons == [""] * 10 + ["too_many_commands"] * 5 + [""]
    assert written(desk) == (12, 12)  # ten answers, one that it is enough, and Bob's
    assert "within a minute" in desk.github.comments[reply_marker(11)]


async def test_answers_go_first_and_those_to_outsiders_in_their_turn(desk: Rig) -> None:
    desk.github.open_pull(12, sha("c"))
    await desk.comment(12, "/deploy", by=EVE, settle=False)
    await desk.comment(12, "/why", settle=False)
    await desk.run("deliveries")

    async with desk.database.begin() as connection:
        rows = (await connection.execute(select(outbox.c.command_id, outbox.c.due_at))).all()
    decided = {each.id: each.actor for each in await desk.decisions()}
    due = {decided[row.command_id]: row.due_at for row in rows}
    assert due[EVE] == desk.clock()
    assert due[ALICE] < desk.clock()


async def test_somebody_who_lost_the_right_to_write_is_told_once(desk: Rig) -> None:
    desk.github.open_pull(12, sha("c"))
    await desk.comment(12, "/why")
    desk.github.roles[ALICE.login] = (ALICE.id, Role.READ)
    for _ in range(2):
        await desk.comment(12, "/why")

    assert written(desk) == (2, 2)
    assert (await desk.decided()).reason == "no_write_permission"
