"""`/abort`: ends what waits or rolls out; a rollout goes back to what ran before."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.intent import Intent, IntentId, State
from bot.domain.releases import ran_before
from bot.engine import announce
from bot.engine.commands.ask import Answer, Ask, OvertakenError, accept, refuse
from bot.engine.commands.rollback import start
from bot.engine.outcome import CatalogRow
from bot.report.markdown import code
from bot.storage import intents
from bot.storage.commands import Record

ABORTED = "aborted"


async def abort(ask: Ask, place: CatalogRow) -> Answer:
    """What this pull request has open there; else what rolls out there, whoever started it."""
    async with ask.tools.database.begin() as connection:
        chosen, history = await _read(connection, ask, place)
    return _answer(ask, place, chosen, history)


async def _read(connection: AsyncConnection, ask: Ask, place: CatalogRow) -> tuple[list[Intent], list[Intent]]:
    """What is to be ended, and what reached the target."""
    key = place.environment.target.key
    chosen = _chosen(ask, await intents.open_on_target(connection, key))
    return chosen, await intents.history(connection, target_key=key)


def _answer(ask: Ask, place: CatalogRow, chosen: Sequence[Intent], history: Sequence[Intent]) -> Answer:
    if not chosen:
        sentence = f"nothing of #{ask.pull.number} waits or rolls out in {place.environment.name}"
        return refuse(ask, "nothing_to_abort", sentence, then="`/status` says what runs and what waits.", place=place)
    running = _running(chosen)
    body = _stays(running) if running and running.patch_sent_at and not ran_before(history, running) else ""
    sentence = f"ended {', '.join(each.short_sha for each in chosen)} in {place.environment.name}"

    async def act(connection: AsyncConnection, record: Record) -> IntentId | None:
        """They are read once more, locked: one may have ended meanwhile, and what has begun has to be taken back."""
        await intents.hint_target(connection, target_key=place.environment.target.key, now=ask.tools.clock())
        chosen, history = await _read(connection, ask, place)
        answer = _answer(ask, place, chosen, history)
        if (answer.sentence, answer.body) != (sentence, body):
            raise OvertakenError(answer)
        return await _end_all(connection, ask, place, record, chosen=chosen, history=history)

    return accept(sentence, place=place, act=act, body=body, intents=[each.id for each in chosen])


def _chosen(ask: Ask, others: Sequence[Intent]) -> list[Intent]:
    if ask.about is not None:
        return [each for each in others if each.id == ask.about]
    mine = [each for each in others if each.pull_request == ask.pull.number]
    return mine or [each for each in others if each.state is State.ROLLING_OUT]


def _running(chosen: Sequence[Intent]) -> Intent | None:
    return next((each for each in chosen if each.state is State.ROLLING_OUT), None)


async def _end_all(
    connection: AsyncConnection,
    ask: Ask,
    place: CatalogRow,
    record: Record,
    *,
    chosen: Sequence[Intent],
    history: Sequence[Intent],
) -> IntentId | None:
    """Whoever has one in hand loses it: the fence moves on."""
    now, state, detail = ask.tools.clock(), State.CANCELLED, f"aborted by {ask.person.login}"
    for intent in chosen:
        await intents.end_other(connection, intent, state=state, reason=ABORTED, detail=detail, now=now)
    running = _running(chosen)
    release = ran_before(history, running) if running and running.patch_sent_at else None
    back = None
    if running is not None and release is not None:
        back = await start(connection, ask, place, record, undone=running, release=release, hold=False)
    for intent in chosen:  # after the last intent: whoever locks both locks intents first
        await announce.moved(connection, intent, state, ABORTED, now=now)
    return back


def _stays(intent: Intent) -> str:
    target = intent.target
    command = code(f"kubectl -n {target.namespace} rollout undo {target.workload}")
    return f"I stopped watching {code(intent.short_sha)}. There is no release on record to go back to: {command}"
