from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, select, text

from bot.storage import schema
from bot.storage.database import Database
from bot.storage.tables import intents, outbox


async def test_tables_and_migrations_agree(database: Database) -> None:
    differences = await schema.differences(database)

    assert differences == []


async def test_a_new_database_is_not_current_until_it_is_upgraded(empty_database: Database) -> None:
    before = await schema.is_current(empty_database)
    await schema.upgrade(empty_database)
    await schema.upgrade(empty_database)

    assert (before, await schema.is_current(empty_database)) == (False, True)


async def test_rows_of_an_older_version_survive_the_upgrade(empty_database: Database) -> None:
    await upgrade_to(empty_database, "0001")
    async with empty_database.begin() as connection:
        intent = await connection.scalar(text(OLD_INTENT))
        await connection.execute(text(OLD_MESSAGE), {"intent": intent})

    await schema.upgrade(empty_database)

    async with empty_database.begin() as connection:
        rows = await connection.execute(select(intents.c.sha, intents.c.undoes, intents.c.state_since))
        messages = await connection.execute(select(outbox.c.key, outbox.c.intent_id, outbox.c.due_at))
        assert [tuple(row) for row in rows] == [("a" * 40, None, datetime(2026, 3, 4, 11, 42, tzinfo=UTC))]
        assert [tuple(row) for row in messages] == [("comment:1:12", intent, datetime(2026, 3, 4, 11, 42, tzinfo=UTC))]


async def test_there_is_no_way_back_and_trying_it_changes_nothing(empty_database: Database) -> None:
    await schema.upgrade(empty_database)

    with pytest.raises(NotImplementedError, match="restore the backup"):
        await downgrade(empty_database)

    assert await schema.is_current(empty_database)
    assert await schema.differences(empty_database) == []


def test_no_migration_has_a_way_back() -> None:
    for revision in ScriptDirectory.from_config(schema.alembic_config()).walk_revisions():
        with pytest.raises(NotImplementedError, match="restore the backup"):
            revision.module.downgrade()


OLD_INTENT = """
INSERT INTO intents (key, repository_id, repository, installation_id, team, app, environment, kind, sha, branch,
    cluster, namespace, workload_kind, workload_name, container, target_key, state, evidence, accepted_digests,
    state_since, created_at, updated_at)
VALUES ('k', 1, 'acme/checkout', 7, 'payments', 'checkout', 'staging', 'automatic', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'main',
    'default', 'payments-staging', 'deployment', 'checkout', 'web', 't', 'succeeded', '[]', '[]',
    '2026-03-04 11:42:00', '2026-03-04 11:42:00', '2026-03-04 11:42:00')
RETURNING id
"""
OLD_MESSAGE = """
INSERT INTO outbox (key, kind, intent_id, installation_id, status, created_at, due_at)
VALUES ('comment:1:12', 'comment', :intent, 7, 'pending', '2026-03-04 11:42:00', '2026-03-04 11:42:00')
"""


async def upgrade_to(database: Database, revision: str) -> None:
    def run(connection: Connection) -> None:
        command.upgrade(schema.alembic_config(connection), revision)

    async with database.begin() as connection:
        await connection.run_sync(run)


async def downgrade(database: Database) -> None:
    def run(connection: Connection) -> None:
        command.downgrade(schema.alembic_config(connection), "-1")

    async with database.begin() as connection:
        await connection.run_sync(run)
