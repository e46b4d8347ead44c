"""Alembic's entry: runs on the connection it is handed, by `greenlane migrate` or by `serve`."""

from alembic import context
from sqlalchemy import Connection, text

from bot.storage.tables import metadata

# Two replicas that start at once must not migrate at once; any constant of ours will do.
ADVISORY_LOCK = 4_745_001


def run(connection: Connection) -> None:
    """Run the migrations in one transaction, held back by a lock that does not wait for ever."""
    is_postgresql = connection.dialect.name == "postgresql"
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=not is_postgresql)
    with context.begin_transaction():
        if is_postgresql:
            connection.execute(text("SET LOCAL lock_timeout = '10s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        context.run_migrations()


run(context.config.attributes["connection"])
