"""`/abort`: ends what waits or rolls out; a rollout goes back to what ran before."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.intent import Intent, IntentId, State
from bot.domain.releases import ran_before
from bot.engine import announce
from bot.engine.commands.ask import Answer, Ask, accept, refuse
from bot.engine.commands.rollback import start
from bot.engine.outcome import CatalogRow
from bot.report.markdown import code
from bot.storage import intents
from bot.storage.commands import Record

ABORTED = "aborted"


async def abort(ask: Ask, place: CatalogRow) -> Answer:
    """What this pull request has open there; else what rolls out there, whoever started it."""
    key = place.environment.target.key
    async with ask.tools.database.begin() as connection:
        chosen = _chosen(ask, await intents.open_on_target(connection, key))
        history = await intents.history(connection, target_key=key)
    if not chosen:
        sentence = f"nothing of #{ask.pull.number} waits or rolls out in {place.environment.name}"
        return refuse(ask, "nothing_to_abort", sentence, then="`/status` says what runs and what waits.", place=place)

    async def act(connection: AsyncConnection, record: Record) -> IntentId | None:
        return await _end_all(connection, ask, record, key)

    running = _running(chosen)
    body = _stays(running) if running and running.patch_sent_at and not ran_before(history, running) else ""
    sentence = f"ended {', '.join(each.short_sha for each in chosen)} in {place.environment.name}"
    return accept(sentence, place=place, act=act, body=body, intents=[each.id for each in chosen])


def _chosen(ask: Ask, others: Sequence[Intent]) -> list[Intent]:
    if ask.about is not None:
        return [each for each in others if each.id == ask.about]
    mine = [each for each in others if each.pull_request == ask.pull.number]
    return mine or [each for each in others if each.state is State.ROLLING_OUT]


def _running(chosen: Sequence[Intent]) -> Intent | None:
    return next((each for each in chosen if each.state is State.ROLLING_OUT), None)


async def _end_all(connection: AsyncConnection, ask: Ask, record: Record, key: str) -> IntentId | None:
    """They are read once more, locked: one may have begun meanwhile, and what has begun has to be taken back."""
    await intents.hint_target(connection, target_key=key, now=ask.tools.clock())
    chosen = _chosen(ask, await intents.open_on_target(connection, key))
    history = await intents.history(connection, target_key=key)
    for intent in chosen:
        await _end(connection, ask, intent)
    running = _running(chosen)
    release = ran_before(history, running) if running and running.patch_sent_at else None
    if running is None or release is None:
        return None
    return await start(connection, ask, record, undone=running, release=release, hold=False)


async def _end(connection: AsyncConnection, ask: Ask, intent: Intent) -> None:
    """Whoever has it in hand loses it: the fence moves on."""
    now, detail = ask.tools.clock(), f"aborted by {ask.person.login}"
    state = State.CANCELLED
    if await intents.end_other(connection, intent, state=state, reason=ABORTED, detail=detail, now=now):
        await announce.moved(connection, intent, state, ABORTED, now=now)


def _stays(intent: Intent) -> str:
    target = intent.target
    command = code(f"kubectl -n {target.namespace} rollout undo {target.workload}")
    return f"I stopped watching {code(intent.short_sha)}. There is no release on record to go back to: {command}"
