"""Locks: one at a time on an app's environment, always with an end."""

from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.lock import Lock
from bot.domain.people import Person
from bot.storage.tables import locks

_SAME = ("id", "team", "app", "environment", "repository_id", "pull_request", "reason", "set_at", "expires_at")


async def current(connection: AsyncConnection, *, team: str, app: str, environment: str, now: datetime) -> Lock | None:
    """The lock that is on there; one whose time is over counts no more."""
    rows = await connection.execute(select(locks).where(_there(team, app, environment), locks.c.expires_at > now))
    row = rows.mappings().first()
    return _to_lock(row) if row else None


async def take(connection: AsyncConnection, lock: Lock, *, command_id: int) -> None:
    """Set it; whoever had one there before has lost it."""
    there = _there(lock.team, lock.app, lock.environment)
    await connection.execute(update(locks).where(there).values(released_by=lock.owner.login, released_at=lock.set_at))
    values = {name: getattr(lock, name) for name in _SAME if name != "id"}
    values |= {"owner_id": lock.owner.id, "owner": lock.owner.login, "command_id": command_id}
    await connection.execute(insert(locks).values(**values))


async def release(connection: AsyncConnection, lock: Lock, *, by: str, now: datetime) -> None:
    await connection.execute(
        update(locks)
        .where(locks.c.id == lock.id, locks.c.released_at.is_(None))
        .values(released_by=by, released_at=now)
    )


async def of_pull(connection: AsyncConnection, *, repository_id: int, number: int) -> list[Lock]:
    """What a pull request keeps, also where the time is just over."""
    mine = and_(locks.c.repository_id == repository_id, locks.c.pull_request == number)
    return await _find(connection, mine)


async def pulls_of(connection: AsyncConnection, *, repository_id: int) -> set[int]:
    """Numbers of the pull requests of a repository that keep something."""
    return {lock.pull_request for lock in await _find(connection, locks.c.repository_id == repository_id)}


async def expired(connection: AsyncConnection, *, now: datetime) -> list[Lock]:
    """Locks whose time is over and that nobody has released."""
    return await _find(connection, locks.c.expires_at <= now)


async def ending(connection: AsyncConnection, *, now: datetime, before: datetime) -> list[Lock]:
    """Locks that end before `before` and whose owners were not reminded."""
    soon = and_(locks.c.expires_at > now, locks.c.expires_at <= before, locks.c.reminded_at.is_(None))
    return await _find(connection, soon)


async def reminded(connection: AsyncConnection, lock: Lock, *, now: datetime) -> None:
    await connection.execute(update(locks).where(locks.c.id == lock.id).values(reminded_at=now))


async def get(connection: AsyncConnection, lock_id: int) -> Lock | None:
    """By number, unless it was released."""
    found = await _find(connection, locks.c.id == lock_id)
    return found[0] if found else None


async def command_of(connection: AsyncConnection, lock: Lock) -> int | None:
    """The command that set it."""
    value: int | None = await connection.scalar(select(locks.c.command_id).where(locks.c.id == lock.id))
    return value


async def _find(connection: AsyncConnection, condition: ColumnElement[bool]) -> list[Lock]:
    rows = await connection.execute(select(locks).where(condition, locks.c.released_at.is_(None)).order_by(locks.c.id))
    return [_to_lock(row) for row in rows.mappings()]


def _there(team: str, app: str, environment: str) -> ColumnElement[bool]:
    columns = locks.c
    return and_(
        columns.team == team,
        columns.app == app,
        columns.environment == environment,
        columns.released_at.is_(None),
    )


def _to_lock(row: RowMapping) -> Lock:
    return Lock(owner=Person(id=row["owner_id"], login=row["owner"]), **{name: row[name] for name in _SAME})
