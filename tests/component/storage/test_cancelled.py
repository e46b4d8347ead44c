"""A task that is cancelled in the middle of a transaction leaves nothing behind that others would wait for."""

import asyncio

import pytest
from sqlalchemy import text

from bot.storage.database import Database

ROUNDS = 60


async def _write(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(text("INSERT INTO notes VALUES (1)"))
        await connection.execute(text("SELECT count(*) FROM notes"))


@pytest.mark.timeout(30)
async def test_cancelled_writers_do_not_lock_the_database(empty_database: Database) -> None:
    async with empty_database.begin() as connection:
        await connection.execute(text("CREATE TABLE notes (number INTEGER)"))

    for round_ in range(ROUNDS):
        tasks = [asyncio.create_task(_write(empty_database)) for _ in range(4)]
        await asyncio.sleep(round_ * 0.0001)
        for task in tasks:
            task.cancel()

        async with asyncio.timeout(5):
            await _write(empty_database)

        await asyncio.gather(*tasks, return_exceptions=True)
