"""The schema's version: bring it up to date, or say that it is not."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bot.errors import BrokenError
from bot.storage.database import Database
from bot.storage.tables import metadata

NO_WAY_BACK = (
    "the schema has no way back: restore the backup that was made before the upgrade, with the version it is of"
)
"""What a migration's `downgrade` says. An older schema can't hold the rows of a newer one without losing some."""


def _script_location() -> Path:
    """The migrations beside the package, or in the working directory of an image."""
    for root in (Path(__file__).parents[2], Path.cwd()):
        if (root / "migrations" / "env.py").is_file():
            return root / "migrations"
    raise BrokenError("the folder migrations/ is not beside the package nor in the working directory")


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration without an ini file; `connection` is the one migrations run on."""
    config = Config()
    config.set_main_option("script_location", str(_script_location()))
    config.attributes["connection"] = connection
    return config


async def upgrade(database: Database) -> None:
    """Apply pending migrations; a database that is current is left as it is."""

    def run(connection: Connection) -> None:
        command.upgrade(alembic_config(connection), "head")

    async with database.begin() as connection:
        await connection.run_sync(run)


async def is_current(database: Database) -> bool:
    """Whether the newest migration has been applied."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()

    def current(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    async with database.begin() as connection:
        return await connection.run_sync(current) == head


async def differences(database: Database) -> list[object]:
    """What `alembic check` would complain about; empty when tables and migrations agree."""

    def compare(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with database.begin() as connection:
        return await connection.run_sync(compare)
