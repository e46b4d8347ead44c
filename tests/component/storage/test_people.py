"""Commands, locks, stops, holds of pull requests and heads: what people asked for and set, on both databases."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.domain.lock import Lock, PullHold, Stop
from bot.domain.people import Person
from bot.storage import commands, heads, locks, stops
from bot.storage.commands import Record
from bot.storage.database import Database
from tests.factories import NOW, REPOSITORY, after

ALICE, BOB = Person(id=1, login="alice"), Person(id=2, login="bob")
WHERE = {"team": "payments", "app": "checkout", "environment": "staging"}
PULL = {"repository_id": REPOSITORY.id, "number": 12}


def record(**changes: object) -> Record:
    values = {
        "key": "comment:1:5",
        "repository": REPOSITORY,
        "pull_request": 12,
        "comment_id": 5,
        "actor": ALICE,
        "verb": "deploy",
        "line": "/deploy staging",
        "at": NOW,
        "decision": "accepted",
        "facts": {"sha": "a" * 40},
    }
    return Record(**(values | changes))  # type: ignore[arg-type]


def lock(number: int = 12, owner: Person = ALICE, **changes: object) -> Lock:
    values = {"reason": "careful", "set_at": NOW, "expires_at": after(hours=1)}
    return Lock(**WHERE, repository_id=REPOSITORY.id, pull_request=number, owner=owner, **(values | changes))  # type: ignore[arg-type]


async def test_a_command_is_stored_once_and_read_as_it_was(database: Database) -> None:
    async with database.begin() as connection:
        added = await commands.add(connection, record())
        again = await commands.add(connection, record(line="/abort"))
        assert added is not None
        await commands.caused(connection, added.id, 77)
        found = await commands.get(connection, added.id)

    assert again is None
    assert (found.actor, found.repository, found.line, found.intent_id) == (ALICE, REPOSITORY, "/deploy staging", 77)
    assert found.facts == {"sha": "a" * 40}
    assert found.at == NOW


async def test_commands_are_known_by_key_listed_newest_first_and_counted_by_person(database: Database) -> None:
    async with database.begin() as connection:
        for number, person in enumerate((ALICE, ALICE, BOB)):
            await commands.add(connection, record(key=f"k{number}", actor=person, at=after(minutes=number)))
        listed = [each.key for each in await commands.recent(connection)]
        late = [each.key for each in await commands.recent(connection, since=after(minutes=1), limit=1)]
        count = await commands.count_of(connection, actor_id=ALICE.id, since=NOW)

        assert await commands.knows(connection, "k1")
        assert not await commands.knows(connection, "k9")
    assert (listed, late, count) == (["k2", "k1", "k0"], ["k2"], 1)


async def test_what_somebody_was_told_is_known_by_place_reason_and_time(database: Database) -> None:
    told = record(reason="no_write_permission", answer="no", key="k1")
    quiet = record(reason="no_write_permission", actor=BOB, key="k2")
    async with database.begin() as connection:
        for each in (told, quiet):
            await commands.add(connection, each)

        async def was_told(actor: Person, since: datetime, *reasons: str, repository_id: int = REPOSITORY.id) -> bool:
            return await commands.was_told(
                connection, repository_id=repository_id, actor_id=actor.id, reasons=reasons, since=since
            )

        before = NOW - timedelta(hours=1)
        assert await was_told(ALICE, before, "login_reused", "no_write_permission")
        assert not await was_told(ALICE, NOW, "no_write_permission")
        assert not await was_told(ALICE, before, "login_reused")
        assert not await was_told(ALICE, before, "no_write_permission", repository_id=2)
        assert not await was_told(BOB, before, "no_write_permission")
        newest = await commands.newest_of(connection, actor_id=BOB.id, besides="login_reused")
        assert await commands.newest_of(connection, actor_id=BOB.id, besides="no_write_permission") is None
    assert newest is not None
    assert newest.key == "k2"


async def test_other_heads_than_those_of_what_is_open_are_forgotten(database: Database) -> None:
    async with database.begin() as connection:
        for number, minutes in ((12, 0), (13, 0), (14, 9)):
            await heads.record(
                connection, repository_id=REPOSITORY.id, number=number, sha="a", now=after(minutes=minutes)
            )
        gone = await heads.forget_others(
            connection, repository_id=REPOSITORY.id, numbers={13: "a"}.keys(), before=after(minutes=5)
        )
        elsewhere = await heads.forget_others(connection, repository_id=2, numbers=(), before=after(hours=1))
        left = [
            await heads.newest(connection, repository_id=REPOSITORY.id, number=number, before=after(hours=1))
            for number in (12, 13, 14)
        ]

    assert (gone, elsewhere, left) == (1, 0, [None, "a", "a"])


async def test_somebody_at_the_command_line_has_no_repository(database: Database) -> None:
    operator = record(repository=None, pull_request=None, comment_id=None, actor=Person(id=0, login="root"))
    async with database.begin() as connection:
        added = await commands.add(connection, operator)
        assert added is not None
        found = await commands.get(connection, added.id)

    assert (found.repository, found.actor) == (None, Person(id=0, login="root"))


async def test_a_lock_is_taken_over_and_there_is_only_one(database: Database) -> None:
    async with database.begin() as connection:
        await locks.take(connection, lock(), command_id=1)
        await locks.take(connection, lock(13, BOB), command_id=2)
        found = await locks.current(connection, **WHERE, now=NOW)
        lost = await locks.of_pull(connection, **PULL)
        pulls = await locks.pulls_of(connection, repository_id=REPOSITORY.id)
        assert found is not None
        command = await locks.command_of(connection, found)

    assert (found.pull_request, found.owner, found.reason) == (13, BOB, "careful")
    assert (lost, pulls, command) == ([], {13}, 2)


async def test_the_database_itself_keeps_a_second_lock_out(database: Database) -> None:
    from sqlalchemy import insert

    from bot.storage.tables import locks as table

    async with database.begin() as connection:
        await locks.take(connection, lock(), command_id=1)
    row = WHERE | {"repository_id": 1, "pull_request": 13, "owner_id": 2, "owner": "bob", "set_at": NOW}
    with pytest.raises(IntegrityError):
        async with database.begin() as connection:
            await connection.execute(insert(table).values(**row, expires_at=after(hours=1)))


async def test_a_lock_whose_time_is_over_counts_no_more(database: Database) -> None:
    async with database.begin() as connection:
        await locks.take(connection, lock(), command_id=1)

        assert await locks.current(connection, **WHERE, now=after(minutes=59)) is not None
        assert await locks.current(connection, **WHERE, now=after(hours=1)) is None
        assert not await locks.expired(connection, now=after(minutes=59))
        (over,) = await locks.expired(connection, now=after(hours=1))
        await locks.release(connection, over, by="", now=after(hours=1))
        assert not await locks.expired(connection, now=after(hours=2))
        assert await locks.get(connection, over.id) is None


async def test_an_owner_is_reminded_once(database: Database) -> None:
    soon = {"now": after(minutes=50), "before": after(minutes=65)}
    async with database.begin() as connection:
        await locks.take(connection, lock(), command_id=1)

        assert not await locks.ending(connection, now=NOW, before=after(minutes=15))
        (ending,) = await locks.ending(connection, **soon)
        await locks.reminded(connection, ending, now=after(minutes=50))
        assert not await locks.ending(connection, **soon)


async def test_stops_hold_for_their_time_and_are_lifted_by_scope(database: Database) -> None:
    short = Stop(reason="audit", set_by="ops", set_at=NOW, until=after(hours=1))
    team = Stop(team="payments", reason="move", set_by="ops", set_at=NOW, until=after(hours=3))
    async with database.begin() as connection:
        await stops.put(connection, short)
        await stops.put(connection, team)
        now = [each.reason for each in await stops.current(connection, now=NOW)]
        later = [each.reason for each in await stops.current(connection, now=after(hours=1))]
        lifted = await stops.lift(connection, team="payments", app="", by="ops", now=NOW)
        rest = [each.reason for each in await stops.current(connection, now=NOW)]

    assert (now, later, lifted, rest) == (["move", "audit"], ["move"], 1, ["audit"])


async def test_a_pull_request_is_held_once_a_scope_and_let_go_by_scope(database: Database) -> None:
    one = PullHold(environment="staging", set_by="alice", set_at=NOW)
    everywhere = PullHold(set_by="bob", set_at=NOW)
    async with database.begin() as connection:
        for hold in (one, one, everywhere):
            await stops.hold_pull(connection, hold, **PULL)
        held = await stops.pull_holds_of(connection, **PULL)
        covers = await stops.pull_hold(connection, **PULL, app="checkout", environment="production")
        first = await stops.release_pull(connection, **PULL, only=one, by="alice", now=NOW)
        left = await stops.pull_holds_of(connection, **PULL)
        rest = await stops.release_pull(connection, **PULL, by="alice", now=NOW)

    assert (held, covers, first, left, rest) == ([one, everywhere], everywhere, 1, [everywhere], 1)


async def test_a_head_is_what_was_heard_of_before_a_moment(database: Database) -> None:
    async with database.begin() as connection:
        for minutes, sha in ((0, "a"), (1, "a"), (2, "b"), (3, "a")):
            await heads.record(connection, **PULL, sha=sha, now=after(minutes=minutes))
        seen = [
            await heads.newest(connection, **PULL, before=NOW + timedelta(minutes=each)) for each in (-1, 0, 1, 2, 3)
        ]
        other = await heads.newest(connection, repository_id=2, number=12, before=after(hours=1))
        await heads.forget(connection, **PULL)
        gone = await heads.newest(connection, **PULL, before=after(hours=1))

    assert seen == [None, "a", "a", "b", "a"]
    assert (other, gone) == (None, None)


async def test_two_heads_of_one_moment_are_told_apart_by_their_order(database: Database) -> None:
    async with database.begin() as connection:
        for sha in ("a", "b", "a"):
            await heads.record(connection, **PULL, sha=sha, now=NOW)

        assert await heads.newest(connection, **PULL, before=NOW) == "a"
