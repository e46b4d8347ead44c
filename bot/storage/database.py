"""Engine set-up for SQLite and PostgreSQL, and the transaction everything else runs in."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.errors import SettingsError, TransientError

BUSY_TIMEOUT_MS = 10_000


class Database:
    """One engine; `begin` opens a transaction that commits at the end of its block.

    Raises `SettingsError` for an SQLite file in a folder that does not exist: waiting would not mend it.
    """

    def __init__(self, url: str) -> None:
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        if self.is_sqlite:
            _require_folder(make_url(url).database or "")
        self.engine = _create_engine(url, is_sqlite=self.is_sqlite)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction. Raises `TransientError` when the database can't be reached."""
        try:
            async with self.engine.begin() as connection:
                yield connection
        except (IntegrityError, ProgrammingError, DataError):
            raise  # ours to know or to mend
        except (DBAPIError, PoolTimeoutError, OSError) as error:
            # Away, starting, full, or a deadlock it has broken up: the same transaction may work later.
            raise TransientError("the database can't be used right now") from error

    async def aclose(self) -> None:
        await self.engine.dispose()


def _require_folder(file: str) -> None:
    folder = Path(file).parent
    if not file.startswith("file:") and not folder.is_dir():
        raise SettingsError(
            f"the database {file} can't be opened: the folder {folder} does not exist; "
            "create it, or correct GREENLANE_DATABASE_URL"
        )


def _create_engine(url: str, *, is_sqlite: bool) -> AsyncEngine:
    if not is_sqlite:
        return create_async_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=10)
    # One connection: writers queue up in our pool instead of meeting "database is locked".
    engine = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=60, pool_reset_on_return="rollback")

    @event.listens_for(engine.sync_engine, "connect")
    def _pragmas(connection: Any, _: Any) -> None:  # the driver's own connection type
        connection.isolation_level = None  # the driver must not begin transactions by itself
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # a 202 must survive power loss
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "invalidate")
    def _roll_back(connection: Any, _: Any, __: Any) -> None:
        # A cancelled task's connection is only half closed while a cursor lives, and would keep the database locked.
        with suppress(sqlite3.Error):
            connection.rollback()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
