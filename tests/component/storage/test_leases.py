"""Claims, hints and fences, on both databases."""

import asyncio

import pytest
from sqlalchemy.exc import IntegrityError

from bot.domain.intent import Facts, Intent, State
from bot.errors import LostLeaseError
from bot.storage import intents, leases
from bot.storage.database import Database
from bot.storage.leases import LEASE, Lease
from bot.storage.tables import intents as table
from tests.conftest import Clock
from tests.factories import after, sha, wish


async def add(database: Database, clock: Clock, **changes: object) -> int:
    async with database.begin() as connection:
        intent_id = await intents.add(connection, wish(**changes), detail="", now=clock(), deadline=after(hours=2))
    assert intent_id is not None
    return intent_id


async def claim(database: Database, clock: Clock, owner: str = "one") -> tuple[Lease, Intent] | None:
    async with database.begin() as connection:
        return await intents.claim(connection, owner=owner, now=clock())


async def due(database: Database) -> object:
    async with database.begin() as connection:
        return await leases.next_due(connection, table)


async def test_the_same_wish_is_one_row(database: Database, clock: Clock) -> None:
    await add(database, clock)
    async with database.begin() as connection:
        again = await intents.add(connection, wish(), detail="", now=clock(), deadline=clock())

    assert again is None


async def test_a_row_in_hand_is_nobody_elses(database: Database, clock: Clock) -> None:
    await add(database, clock)
    first = await claim(database, clock)
    second = await claim(database, clock, "two")

    assert first is not None
    assert second is None


async def test_the_row_of_a_dead_worker_is_claimed_when_its_lease_is_over(database: Database, clock: Clock) -> None:
    await add(database, clock)
    await claim(database, clock)
    waits_until = await due(database)
    clock.advance(seconds=LEASE.total_seconds() + 1)
    second = await claim(database, clock, "two")

    assert waits_until == after() + LEASE
    assert second is not None


async def test_the_dead_workers_late_write_fails(database: Database, clock: Clock) -> None:
    await add(database, clock)
    first = await claim(database, clock)
    clock.advance(seconds=LEASE.total_seconds() + 1)
    await claim(database, clock, "two")

    assert first is not None
    with pytest.raises(LostLeaseError):
        async with database.begin() as connection:
            await intents.remember(connection, first[0], Facts(previous_image="x"))


async def test_a_hint_in_mid_step_is_not_lost(database: Database, clock: Clock) -> None:
    await add(database, clock)
    claimed = await claim(database, clock)
    assert claimed is not None
    async with database.begin() as connection:
        await intents.hint_commit(connection, repository_id=1, sha=sha("a"), now=clock())
    async with database.begin() as connection:
        await intents.settle(connection, claimed[0], next_due=after(seconds=60))

    assert await due(database) == clock()


async def test_without_a_hint_the_next_look_is_the_steps(database: Database, clock: Clock) -> None:
    await add(database, clock)
    claimed = await claim(database, clock)
    assert claimed is not None
    async with database.begin() as connection:
        await intents.settle(connection, claimed[0], next_due=after(seconds=60))

    assert await due(database) == after(seconds=60)


async def test_a_stopped_worker_leaves_its_rows_due(database: Database, clock: Clock) -> None:
    await add(database, clock)
    await claim(database, clock)
    async with database.begin() as connection:
        await leases.release(connection, table, owner="one", now=clock())

    assert await claim(database, clock, "two") is not None


async def test_renewing_keeps_what_is_held(database: Database, clock: Clock) -> None:
    await add(database, clock)
    claimed = await claim(database, clock)
    assert claimed is not None
    clock.advance(seconds=20)
    async with database.begin() as connection:
        await leases.renew(connection, table, owner="one", ids={claimed[1].id}, now=clock())
    clock.advance(seconds=20)

    assert await claim(database, clock, "two") is None


async def test_a_row_that_was_dropped_by_a_fault_is_not_kept(database: Database, clock: Clock) -> None:
    await add(database, clock)
    await claim(database, clock)
    clock.advance(seconds=20)
    async with database.begin() as connection:
        await leases.renew(connection, table, owner="one", ids=set(), now=clock())
    clock.advance(seconds=20)

    assert await claim(database, clock) is not None


async def test_many_workers_claim_each_row_once(database: Database, clock: Clock) -> None:
    for number in range(20):
        await add(database, clock, key=f"wish-{number}", sha=sha("a"))
    claimed = await asyncio.gather(*(claim(database, clock, f"w{number}") for number in range(30)))

    ids = [each[1].id for each in claimed if each]
    assert len(ids) == len(set(ids)) == 20


async def test_the_database_itself_refuses_a_second_rollout_on_a_target(database: Database, clock: Clock) -> None:
    for letter in "ab":
        await add(database, clock, key=letter, sha=sha(letter))
    held = [await claim(database, clock), await claim(database, clock)]

    async def start(claimed: tuple[Lease, Intent] | None) -> None:
        assert claimed is not None
        async with database.begin() as connection:
            await intents.move(
                connection,
                claimed[0],
                before=State.QUEUED,
                state=State.ROLLING_OUT,
                reason="",
                detail="",
                facts=Facts(),
                deadline=None,
                now=clock(),
            )

    await start(held[0])
    with pytest.raises(IntegrityError):
        await start(held[1])
