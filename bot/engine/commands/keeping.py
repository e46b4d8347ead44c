"""`/lock`, `/unlock`, `/hold` and `/resume`: what people set so that others, or automation, wait."""

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.catalog import format_duration
from bot.domain.hold import Hold
from bot.domain.lock import DEFAULT_LOCK, Lock, PullHold
from bot.engine import announce
from bot.engine.commands.ask import Answer, Ask, accept, refuse
from bot.engine.outcome import CatalogRow
from bot.report.markdown import code
from bot.storage import holds, intents, locks, stops
from bot.storage.commands import Record


async def lock(ask: Ask, place: CatalogRow) -> Answer:
    """Taking one over is allowed; whose it was is told."""
    if ask.pull.merged or ask.pull.state != "open":
        sentence = f"#{ask.pull.number} is closed, and a lock lasts as long as its pull request is open"
        return refuse(ask, "pull_closed", sentence, place=place)
    now = ask.tools.clock()
    async with ask.tools.database.begin() as connection:
        older = await locks.current(connection, **_where(place), now=now)
    lasts = ask.command.duration or DEFAULT_LOCK
    new = Lock(
        team=place.app.team,
        app=place.app.name,
        environment=place.environment.name,
        repository_id=ask.repository.id,
        pull_request=ask.pull.number,
        owner=ask.person,
        reason=ask.command.reason,
        set_at=now,
        expires_at=now + lasts,
    )

    async def act(connection: AsyncConnection, record: Record) -> None:
        await locks.take(connection, new, command_id=record.id)
        await announce.changed(connection, ask.repository, ask.pull.number, record, now=now)
        if older is not None and older.pull_request != ask.pull.number:
            await announce.lock_lost(connection, ask.repository, older, record, now=now)

    sentence = f"{place.environment.name} is locked for #{ask.pull.number} for {format_duration(lasts)}"
    return accept(sentence, place=place, act=act, until=new.expires_at.isoformat())


async def unlock(ask: Ask, place: CatalogRow) -> Answer:
    now = ask.tools.clock()
    async with ask.tools.database.begin() as connection:
        found = await locks.current(connection, **_where(place), now=now)
    if found is None:
        return refuse(ask, "not_locked", f"{place.environment.name} is not locked", place=place)

    async def act(connection: AsyncConnection, record: Record) -> None:
        await locks.release(connection, found, by=ask.person.login, now=now)
        await announce.changed(connection, ask.repository, ask.pull.number, record, now=now)
        if found.pull_request != ask.pull.number:
            await announce.lock_lost(connection, ask.repository, found, record, now=now)
        await intents.hint_environment(connection, **_where(place), now=now)

    return accept(f"{place.environment.name} is free", place=place, act=act, was=found.pull_request)


async def hold_pull(ask: Ask) -> Answer:
    """On an open pull request: not to be deployed when it is merged."""
    now, command = ask.tools.clock(), ask.command
    new = PullHold(app=command.app or "", environment=command.environment or "", set_by=ask.person.login, set_at=now)

    async def act(connection: AsyncConnection, record: Record) -> None:
        await stops.hold_pull(connection, new, repository_id=ask.repository.id, number=ask.pull.number)
        await announce.changed(connection, ask.repository, ask.pull.number, record, now=now)

    place = CatalogRow(app=ask.apps[0], environment=ask.apps[0].environments[0])
    return accept(f"#{ask.pull.number} is not deployed when it is merged", place=place, act=act)


async def hold(ask: Ask, place: CatalogRow) -> Answer:
    """On a closed one: automatic deploys to the environment wait."""
    now = ask.tools.clock()
    new = Hold(
        team=place.app.team,
        app=place.app.name,
        environment=place.environment.name,
        reason=f"asked for by {ask.person.login}",
        set_by=ask.person.login,
        set_at=now,
    )

    async def act(connection: AsyncConnection, record: Record) -> None:
        await holds.put(connection, new)
        await announce.changed(connection, ask.repository, ask.pull.number, record, now=now)

    return accept(f"automatic deploys to {place.environment.name} are on hold", place=place, act=act)


async def resume(ask: Ask, place: CatalogRow) -> Answer:
    now = ask.tools.clock()
    async with ask.tools.database.begin() as connection:
        found = await holds.current(connection, **_where(place))
        mine = await stops.pull_holds_of(connection, repository_id=ask.repository.id, number=ask.pull.number)
    if found is None and not mine:
        sentence = f"automatic deploys to {place.environment.name} are not on hold"
        return refuse(ask, "not_on_hold", sentence, then=f"{code('/status')} says what waits.", place=place)

    async def act(connection: AsyncConnection, record: Record) -> None:
        number = ask.pull.number
        await holds.release(connection, **_where(place), by=ask.person.login, now=now)
        await stops.release_pull(
            connection, repository_id=ask.repository.id, number=number, by=ask.person.login, now=now
        )
        await announce.changed(connection, ask.repository, number, record, now=now)
        await intents.hint_environment(connection, **_where(place), now=now)

    return accept(f"automatic deploys to {place.environment.name} go on", place=place, act=act)


def _where(place: CatalogRow) -> dict[str, str]:
    return {"team": place.app.team, "app": place.app.name, "environment": place.environment.name}
