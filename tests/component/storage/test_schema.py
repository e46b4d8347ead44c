from bot.storage import schema
from bot.storage.database import Database


async def test_tables_and_migrations_agree(database: Database) -> None:
    differences = await schema.differences(database)

    assert differences == []


async def test_a_new_database_is_not_current_until_it_is_upgraded(empty_database: Database) -> None:
    before = await schema.is_current(empty_database)
    await schema.upgrade(empty_database)
    await schema.upgrade(empty_database)

    assert (before, await schema.is_current(empty_database)) == (False, True)
