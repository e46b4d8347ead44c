"""`/lock`, `/unlock`, `/hold` and `/resume`: what people set so that others, or automation, wait.

Intents are made due before anything is said: the reconciler locks in this order, too.
"""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.catalog import format_duration
from bot.domain.command import Verb
from bot.domain.hold import Hold
from bot.domain.intent import Kind, State
from bot.domain.lock import DEFAULT_LOCK, Lock, PullHold
from bot.engine import announce
from bot.engine.commands.ask import Answer, Ask, accept, refuse, row
from bot.engine.outcome import CatalogRow
from bot.report.markdown import code
from bot.storage import holds, intents, locks, stops
from bot.storage.commands import Record


async def lock(ask: Ask, place: CatalogRow) -> Answer:
    """Taking one over is allowed; whose it was is told."""
    if ask.pull.merged or ask.pull.state != "open":
        sentence = f"#{ask.pull.number} is closed, and a lock lasts as long as its pull request is open"
        then = "`/hold` keeps automation off an environment instead."
        return refuse(ask, "pull_closed", sentence, then=then, place=place)
    now = ask.tools.clock()
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
        older = await locks.current(connection, **_where(place), now=now)
        await locks.take(connection, new, command_id=record.id)
        await intents.hint_environment(connection, **_where(place), now=now)
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
        then = f"{ask.line(Verb.LOCK, place, 'for 2h')} locks it for this pull request."
        return refuse(ask, "not_locked", f"{place.environment.name} is not locked", then=then, place=place)

    async def act(connection: AsyncConnection, record: Record) -> None:
        await locks.release(connection, found, by=ask.person.login, now=now)
        await intents.hint_environment(connection, **_where(place), now=now)
        await announce.changed(connection, ask.repository, ask.pull.number, record, now=now)
        if found.pull_request != ask.pull.number:
            await announce.lock_lost(connection, ask.repository, found, record, now=now)

    return accept(f"{place.environment.name} is free", place=place, act=act, was=found.pull_request)


async def means_the_pull(ask: Ask) -> bool:
    """Whether a `/hold` or `/resume` is about "do not deploy it when it is merged".

    On an open pull request every hold is; to resume means that where nothing else is named, and it is what holds.
    """
    command = ask.command
    if ask.pull.state != "open" or command.verb not in (Verb.HOLD, Verb.RESUME):
        return False
    if command.verb is Verb.HOLD:
        return True
    async with ask.tools.database.begin() as connection:
        held = await stops.pull_holds_of(connection, repository_id=ask.repository.id, number=ask.pull.number)
    return bool(held) and not command.environment and not command.app


def of_pull(ask: Ask) -> Answer:
    return _hold_pull(ask) if ask.command.verb is Verb.HOLD else _resume_pull(ask)


def _hold_pull(ask: Ask) -> Answer:
    now, command = ask.tools.clock(), ask.command
    new = PullHold(app=command.app or "", environment=command.environment or "", set_by=ask.person.login, set_at=now)

    async def act(connection: AsyncConnection, record: Record) -> None:
        await stops.hold_pull(connection, new, repository_id=ask.repository.id, number=ask.pull.number)
        await _end_merged(connection, ask, new)
        await announce.changed(connection, ask.repository, ask.pull.number, record, now=now)

    where = f" to {command.environment}" if command.environment else ""
    return accept(f"#{ask.pull.number} is not deployed{where} when it is merged", place=None, act=act)


async def _end_merged(connection: AsyncConnection, ask: Ask, hold: PullHold) -> None:
    """It was merged in this very moment: what came of that and has not begun ends, as if the hold had been first."""
    waiting = [
        each
        for each in await intents.of_pull(connection, repository_id=ask.repository.id, number=ask.pull.number)
        if each.kind is Kind.AUTOMATIC and each.state.is_open and each.state is not State.ROLLING_OUT
    ]
    covered = [each for each in reversed(waiting) if hold.covers(each.app, each.environment)]  # the oldest first
    await announce.held_back(connection, covered, hold, now=ask.tools.clock())


def _resume_pull(ask: Ask) -> Answer:
    now = ask.tools.clock()

    async def act(connection: AsyncConnection, record: Record) -> None:
        number, by = ask.pull.number, ask.person.login
        await stops.release_pull(connection, repository_id=ask.repository.id, number=number, by=by, now=now)
        await announce.changed(connection, ask.repository, number, record, now=now)

    return accept(f"#{ask.pull.number} is deployed when it is merged", place=None, act=act)


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
        held = await stops.pull_holds_of(connection, repository_id=ask.repository.id, number=ask.pull.number)
    if found is None and not any(each.covers(*_name(place)) for each in held):
        sentence = f"automatic deploys to {place.environment.name} are not on hold"
        return refuse(ask, "not_on_hold", sentence, then=f"{code('/status')} says what waits.", place=place)

    async def act(connection: AsyncConnection, record: Record) -> None:
        await holds.release(connection, **_where(place), by=ask.person.login, now=now)
        await _let_go(connection, ask, place)
        await intents.hint_environment(connection, **_where(place), now=now)
        await announce.changed(connection, ask.repository, ask.pull.number, record, now=now)

    return accept(f"automatic deploys to {place.environment.name} go on", place=place, act=act)


async def _let_go(connection: AsyncConnection, ask: Ask, place: CatalogRow) -> None:
    """What the pull request holds there ends. A wider hold goes on at the repository's other places, as it was set."""
    pull = {"repository_id": ask.repository.id, "number": ask.pull.number}
    others = [row(app, each) for app in ask.apps for each in app.environments]
    for wide in await stops.pull_holds_of(connection, **pull):
        if not wide.covers(*_name(place)):
            continue
        await stops.release_pull(connection, **pull, only=wide, by=ask.person.login, now=ask.tools.clock())
        for app, environment in dict.fromkeys(map(_name, others)):
            if (app, environment) != _name(place) and wide.covers(app, environment):
                await stops.hold_pull(connection, replace(wide, app=app, environment=environment), **pull)


def _name(place: CatalogRow) -> tuple[str, str]:
    return place.app.name, place.environment.name


def _where(place: CatalogRow) -> dict[str, str]:
    return {"team": place.app.team, "app": place.app.name, "environment": place.environment.name}
