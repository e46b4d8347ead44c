"""Holds: who switched automation off where, why, and who switched it on again."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.hold import Hold
from bot.storage.tables import holds

_COLUMNS = ("team", "app", "environment", "reason", "set_by", "set_at", "intent_id")


async def put(connection: AsyncConnection, hold: Hold) -> bool:
    """Set it; False when there is one already, which stays as it is."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = {name: getattr(hold, name) for name in _COLUMNS}
    statement = dialect.insert(holds).values(**values).on_conflict_do_nothing()
    return await connection.scalar(statement.returning(holds.c.id)) is not None


async def current(connection: AsyncConnection, *, team: str, app: str, environment: str) -> Hold | None:
    """The hold that is on there."""
    rows = await connection.execute(select(holds).where(_active(team, app, environment)))
    row = rows.mappings().first()
    return Hold(**{name: row[name] for name in _COLUMNS}) if row else None


async def every(connection: AsyncConnection) -> list[Hold]:
    """All that are on, oldest first."""
    rows = await connection.execute(select(holds).where(holds.c.released_at.is_(None)).order_by(holds.c.id))
    return [Hold(**{name: row[name] for name in _COLUMNS}) for row in rows.mappings()]


async def release(
    connection: AsyncConnection, *, team: str, app: str, environment: str, by: str, now: datetime
) -> Hold | None:
    """Switch automation on again; what was released, None when nothing was on hold."""
    found = await current(connection, team=team, app=app, environment=environment)
    statement = update(holds).where(_active(team, app, environment)).values(released_by=by, released_at=now)
    await connection.execute(statement)
    return found


async def release_of(connection: AsyncConnection, intent_id: int, *, now: datetime) -> None:
    """End the hold that a rollback set, where it is still the one that is on."""
    mine = and_(holds.c.intent_id == intent_id, holds.c.released_at.is_(None))
    await connection.execute(update(holds).where(mine).values(released_at=now))


def _active(team: str, app: str, environment: str) -> ColumnElement[bool]:
    columns = holds.c
    return and_(
        columns.team == team,
        columns.app == app,
        columns.environment == environment,
        columns.released_at.is_(None),
    )
