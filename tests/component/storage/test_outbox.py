"""One row an effect: asked again it is the same row, at the earlier time."""

from sqlalchemy import select

from bot.storage import intents, leases, outbox
from bot.storage.database import Database
from bot.storage.outbox import Kind, NewMessage
from bot.storage.tables import outbox as table
from tests.conftest import Clock
from tests.factories import after, wish


async def message(database: Database, clock: Clock) -> NewMessage:
    async with database.begin() as connection:
        intent_id = await intents.add(connection, wish(), detail="", now=clock(), deadline=clock())
    assert intent_id is not None
    return NewMessage(key="comment:1:12", kind=Kind.COMMENT, intent_id=intent_id, installation_id=7)


async def post(database: Database, clock: Clock, new: NewMessage, *, seconds: float) -> None:
    async with database.begin() as connection:
        await outbox.post(connection, new, now=clock(), due=after(seconds=seconds))


async def next_due(database: Database) -> object:
    async with database.begin() as connection:
        return await leases.next_due(connection, table)


async def send(database: Database, clock: Clock, *, meanwhile: float | None = None) -> None:
    """Claim and send; `meanwhile` posts it anew, due in so many seconds, while it is in hand."""
    async with database.begin() as connection:
        claimed = await outbox.claim(connection, owner="one", now=clock())
    assert claimed is not None
    if meanwhile is not None:
        await post(database, clock, claimed[1], seconds=meanwhile)
    async with database.begin() as connection:
        await outbox.sent(connection, claimed[0], claimed[1], external_id=5, dropped="", now=clock())


async def test_progress_waits_and_the_end_overtakes_it(database: Database, clock: Clock) -> None:
    new = await message(database, clock)
    await post(database, clock, new, seconds=60)
    await post(database, clock, new, seconds=0)

    assert await next_due(database) == after(seconds=0)


async def test_progress_after_the_end_does_not_delay_it(database: Database, clock: Clock) -> None:
    new = await message(database, clock)
    await post(database, clock, new, seconds=0)
    await post(database, clock, new, seconds=60)

    assert await next_due(database) == after(seconds=0)


async def test_what_changed_while_it_was_sent_is_sent_again_at_its_own_time(database: Database, clock: Clock) -> None:
    new = await message(database, clock)
    await post(database, clock, new, seconds=0)
    await send(database, clock, meanwhile=60)

    assert await next_due(database) == after(seconds=60)
    async with database.begin() as connection:
        assert await connection.scalar(select(table.c.status)) == "pending"


async def test_what_was_sent_is_not_due_and_keeps_githubs_id(database: Database, clock: Clock) -> None:
    new = await message(database, clock)
    await post(database, clock, new, seconds=0)
    await send(database, clock)

    assert await next_due(database) is None
    async with database.begin() as connection:
        assert await outbox.external_id(connection, new.key) == 5


async def test_a_limit_holds_the_whole_installation(database: Database, clock: Clock) -> None:
    new = await message(database, clock)
    await post(database, clock, new, seconds=0)
    async with database.begin() as connection:
        await outbox.hold_installation(connection, installation_id=7, until=after(seconds=90))

    assert await next_due(database) == after(seconds=90)


async def test_a_status_is_not_sent_before_what_comes_before_it(database: Database, clock: Clock) -> None:
    """Two replicas: one holds `in_progress`, the other must not overtake it with the end."""
    new = await message(database, clock)

    async def claim(owner: str):
        async with database.begin() as connection:
            return await outbox.claim(connection, owner=owner, now=clock())

    for number, argument in enumerate(["in_progress", "failure"]):
        status = NewMessage(
            key=f"status:1:{argument}", kind=Kind.STATUS, intent_id=new.intent_id, installation_id=7, argument=argument
        )
        await post(database, clock, status, seconds=-number)
    first = await claim("one")
    second = await claim("two")
    assert first is not None
    async with database.begin() as connection:
        await outbox.later(connection, first[0], at=after(seconds=60), error="502")
    third = await claim("two")

    assert first[1].argument == "in_progress"
    assert (second, third) == (None, None)
