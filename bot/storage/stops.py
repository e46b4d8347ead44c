"""Stops set by an operator, beside those of the catalog; and pull requests that shall not be deployed when merged."""

from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.lock import PullHold, Stop
from bot.storage.tables import pull_holds, stops

_STOP = ("id", "team", "app", "reason", "set_by", "set_at", "until")


async def put(connection: AsyncConnection, stop: Stop) -> None:
    await connection.execute(insert(stops).values({name: getattr(stop, name) for name in _STOP if name != "id"}))


async def current(connection: AsyncConnection, *, now: datetime) -> list[Stop]:
    """Those that hold now, the one that lasts longest first."""
    rows = await connection.execute(
        select(stops).where(stops.c.lifted_at.is_(None), stops.c.until > now).order_by(stops.c.until.desc(), stops.c.id)
    )
    return [Stop(**{name: row[name] for name in _STOP}) for row in rows.mappings()]


async def lift(connection: AsyncConnection, *, team: str, app: str, by: str, now: datetime) -> int:
    """End what was set for exactly this scope; how many that were."""
    mine = (stops.c.team == team, stops.c.app == app, stops.c.lifted_at.is_(None), stops.c.until > now)
    return (await connection.execute(update(stops).where(*mine).values(lifted_by=by, lifted_at=now))).rowcount


async def hold_pull(connection: AsyncConnection, hold: PullHold, *, repository_id: int, number: int) -> None:
    """Set it, unless the same is held already."""
    known = await pull_holds_of(connection, repository_id=repository_id, number=number)
    if any((each.app, each.environment) == (hold.app, hold.environment) for each in known):
        return
    values = {"app": hold.app, "environment": hold.environment, "set_by": hold.set_by, "set_at": hold.set_at}
    await connection.execute(insert(pull_holds).values(repository_id=repository_id, pull_request=number, **values))


async def pull_hold(
    connection: AsyncConnection, *, repository_id: int, number: int, app: str, environment: str
) -> PullHold | None:
    """What keeps a pull request from being deployed there when it is merged."""
    found = await pull_holds_of(connection, repository_id=repository_id, number=number)
    return next((hold for hold in found if hold.covers(app, environment)), None)


async def pull_holds_of(connection: AsyncConnection, *, repository_id: int, number: int) -> list[PullHold]:
    rows = await connection.execute(
        select(pull_holds).where(
            pull_holds.c.repository_id == repository_id,
            pull_holds.c.pull_request == number,
            pull_holds.c.released_at.is_(None),
        )
    )
    return [
        PullHold(app=row["app"], environment=row["environment"], set_by=row["set_by"], set_at=row["set_at"])
        for row in rows.mappings()
    ]


async def release_pull(
    connection: AsyncConnection,
    *,
    repository_id: int,
    number: int,
    by: str,
    now: datetime,
    only: PullHold | None = None,
) -> int:
    """Let it be deployed again, where `only` holds it or everywhere; how many holds that were."""
    mine = [
        pull_holds.c.repository_id == repository_id,
        pull_holds.c.pull_request == number,
        pull_holds.c.released_at.is_(None),
    ]
    if only is not None:
        mine += [pull_holds.c.app == only.app, pull_holds.c.environment == only.environment]
    changed = await connection.execute(update(pull_holds).where(*mine).values(released_by=by, released_at=now))
    return changed.rowcount
