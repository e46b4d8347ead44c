"""What commands that use the database share: opening it, and recording who did what with it."""

import asyncio
import getpass
import os
import shlex
import sys
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from bot.errors import SettingsError
from bot.settings import load_settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.storage.database import Database

Result = TypeVar("Result")


def with_database(run: "Callable[[Database], Awaitable[Result]]", *, migrated: bool = True) -> Result:
    """Run with the settings' database. Raises `SettingsError` for one that is not current, unless told otherwise."""
    from bot.storage import schema  # noqa: PLC0415
    from bot.storage.database import Database  # noqa: PLC0415

    async def inside() -> Result:
        database = Database(load_settings().database_url.get_secret_value())
        try:
            if migrated and not await schema.is_current(database):
                raise SettingsError("the database's schema is not current; run `greenlane migrate`")
            return await run(database)
        finally:
            await database.aclose()

    return asyncio.run(inside())


def operator() -> str:
    """The account at the command line; in a container often one that has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


async def record(
    connection: "AsyncConnection",
    verb: str,
    sentence: str,
    *,
    now: datetime,
    team: str = "",
    app: str = "",
    environment: str = "",
) -> None:
    """Put what is done here into the audit, in the transaction that does it."""
    from bot.domain.people import Person  # noqa: PLC0415
    from bot.storage import commands  # noqa: PLC0415

    await commands.add(
        connection,
        commands.Record(
            key=f"cli:{uuid.uuid4()}",
            repository=None,
            pull_request=None,
            comment_id=None,
            actor=Person(id=0, login=operator()),
            verb=verb,
            line=shlex.join(["greenlane", *sys.argv[1:]]),
            team=team,
            app=app,
            environment=environment,
            at=now,
            decision="accepted",
            sentence=sentence,
        ),
    )
