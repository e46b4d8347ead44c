"""What the command line asks of the database, on both kinds."""

import pytest
from sqlalchemy import select, update

from bot.cli.auditing import _read
from bot.storage import commands, intents
from bot.storage.database import Database
from bot.storage.tables import intents as table
from tests.component.cli.test_audit import record
from tests.conftest import Clock
from tests.factories import State, after, wish

PLACES = [("payments", "checkout"), ("payments", "ledger"), ("search", "checkout")]


async def add(database: Database, clock: Clock, team: str, app: str) -> int:
    new = wish(key=f"{team}/{app}", team=team, app=app)
    async with database.begin() as connection:
        number = await intents.add(connection, new, detail="", now=clock(), deadline=after(hours=2))
    assert number is not None
    return number


@pytest.mark.parametrize(
    ("team", "app", "due"),
    [("", "", PLACES), ("payments", "", PLACES[:2]), ("payments", "ledger", PLACES[1:2]), ("nobody", "", [])],
)
async def test_a_stop_s_end_makes_due_what_it_covered(database: Database, clock: Clock, team: str, app: str, due: list):
    # Given intents that look again in an hour, and one that has ended
    numbers = [await add(database, clock, *place) for place in PLACES]
    ended = await add(database, clock, "payments", "old")
    async with database.begin() as connection:
        await connection.execute(update(table).values(due_at=after(hours=1)))
        await connection.execute(update(table).where(table.c.id == ended).values(state=State.SUCCEEDED, due_at=None))

    # When
    async with database.begin() as connection:
        count = await intents.hint_scope(connection, team=team, app=app, now=clock())

    # Then
    async with database.begin() as connection:
        rows = await connection.execute(select(table.c.id).where(table.c.due_at <= clock()).order_by(table.c.id))
        assert [row.id for row in rows] == [n for n, place in zip(numbers, PLACES, strict=True) if place in due]
    assert count == len(due)


async def test_commands_and_merges_are_read_in_one_order(database: Database, clock: Clock):
    # Given
    merged = await add(database, clock, "payments", "checkout")
    async with database.begin() as connection:
        await commands.add(connection, record(intent_id=merged))

    # When
    everything = await _read(database, since=None, limit=10)
    late = await _read(database, since=after(seconds=30), limit=10)

    # Then
    assert [(each["verb"], each["state"]) for each in everything] == [
        ("deploy", "waiting_checks"),
        ("merge", "waiting_checks"),
    ]
    assert [each["verb"] for each in late] == ["deploy"]
