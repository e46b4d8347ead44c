"""`/abort`: ends what waits or rolls out; a rollout goes back to what ran before."""

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.intent import Intent, IntentId, State
from bot.domain.releases import before
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
        others = await intents.open_on_target(connection, key)
        history = await intents.history(connection, target_key=key)
    chosen = [each for each in others if each.pull_request == ask.pull.number] or [
        each for each in others if each.state is State.ROLLING_OUT
    ]
    if not chosen:
        sentence = f"nothing of #{ask.pull.number} waits or rolls out in {place.environment.name}"
        return refuse(ask, "nothing_to_abort", sentence, then="`/status` says what runs and what waits.", place=place)
    running = next((each for each in chosen if each.state is State.ROLLING_OUT), None)
    release = before(history, running=running) if running and running.patch_sent_at else None

    async def act(connection: AsyncConnection, record: Record) -> IntentId | None:
        for intent in chosen:
            await _end(connection, ask, intent)
        if running is None or release is None:
            return None
        return await start(connection, ask, record, undone=running, release=release, hold=False)

    body = "" if running is None or release or not running.patch_sent_at else _stays(running)
    sentence = f"ended {', '.join(each.short_sha for each in chosen)} in {place.environment.name}"
    return accept(sentence, place=place, act=act, body=body, intents=[each.id for each in chosen])


async def _end(connection: AsyncConnection, ask: Ask, intent: Intent) -> None:
    """Whoever has it in hand loses it: the fence moves on. One that has ended meanwhile stays as it is."""
    now, detail = ask.tools.clock(), f"aborted by {ask.person.login}"
    state = State.CANCELLED
    if await intents.end_other(connection, intent, state=state, reason=ABORTED, detail=detail, now=now):
        await announce.moved(connection, intent, state, ABORTED, now=now)
        await intents.hint_target(connection, target_key=intent.target.key, now=now)


def _stays(intent: Intent) -> str:
    target = intent.target
    command = code(f"kubectl -n {target.namespace} rollout undo {target.workload}")
    return f"I stopped watching {code(intent.short_sha)}. There is no release on record to go back to: {command}"
