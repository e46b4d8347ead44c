"""`/rollback`: to a release on record, the same digest, past checks and queue; automation is held from then on."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.command import Verb
from bot.domain.intent import Intent, IntentId, Kind, State
from bot.domain.releases import before, releases
from bot.domain.releases import present as present_of
from bot.engine import announce, undo
from bot.engine.commands.ask import Answer, Ask, accept, refuse
from bot.engine.outcome import CatalogRow
from bot.report.markdown import code
from bot.storage import intents
from bot.storage.commands import Record

ROLLED_BACK = "rolled_back"
_OFFERED = 5


async def rollback(ask: Ask, place: CatalogRow) -> Answer:
    async with ask.tools.database.begin() as connection:
        history = await intents.history(connection, target_key=place.environment.target.key)
        others = await intents.open_on_target(connection, place.environment.target.key)
    known = releases(history)
    running = next((each for each in others if each.state is State.ROLLING_OUT), None)
    present = present_of(history, running=running)
    target = _wanted(ask, history, known) if _is_named(ask) else before(history, running=running)
    under_way = next((each for each in others if each.kind is Kind.ROLLBACK), None)
    problem = _elsewhere(ask, place, present, under_way) or _problem(ask, place, known, present, target)
    if problem is not None:
        return problem
    assert present is not None  # noqa: S101 - `_problem` speaks without one
    assert target is not None  # noqa: S101 - and without the other

    async def act(connection: AsyncConnection, record: Record) -> IntentId | None:
        waiting = await _end_waiting(connection, ask, place, target)
        intent_id = await start(connection, ask, place, record, undone=present, release=target)
        for each in waiting:  # after the last intent: whoever locks both locks intents first
            await announce.moved(connection, each, State.CANCELLED, ROLLED_BACK, now=ask.tools.clock())
        return intent_id

    sentence = f"goes back from {present.short_sha} to {target.short_sha} in {place.environment.name}"
    return accept(sentence, place=place, act=act, undone=present.id, restores=target.id, digest=target.digest)


def _is_named(ask: Ask) -> bool:
    return ask.command.intent is not None or bool(ask.command.sha)


def _wanted(ask: Ask, history: Sequence[Intent], known: Sequence[Intent]) -> Intent | None:
    """The release that was named: by an intent's number, a rollback's too, or by its commit."""
    number, sha = ask.command.intent, ask.command.sha
    if number is not None:
        asked = next((each for each in history if each.id == number and each.state is State.SUCCEEDED), None)
        return next((each for each in known if asked and each.digest == asked.digest), None)
    return next((each for each in known if sha and each.sha.startswith(sha)), None)


def _elsewhere(ask: Ask, place: CatalogRow, present: Intent | None, under_way: Intent | None) -> Answer | None:
    """Two people who see the same trouble mean the same rollback; and a button means the version it was made for."""
    name = place.environment.name
    if under_way is not None and not _is_named(ask):
        who = f", asked for by {under_way.actor}" if under_way.actor else ""
        sentence = f"{name} is on its way back to {code(under_way.short_sha)} already{who}"
        then = f"To go back further, name it: {ask.line(Verb.ROLLBACK, place, 'to #123')}."
        return refuse(ask, "rollback_under_way", sentence, then=then, place=place, rollback=under_way.id)
    if ask.about is not None and (present is None or present.id != ask.about):
        runs = f", {code(present.short_sha)} is" if present else ""
        sentence = f"the version of this check is not the present one in {name}{runs}"
        then = f"{ask.line(Verb.ROLLBACK, place)} takes the present one back."
        return refuse(ask, "not_present", sentence, then=then, place=place)
    return None


def _problem(
    ask: Ask, place: CatalogRow, known: Sequence[Intent], present: Intent | None, target: Intent | None
) -> Answer | None:
    name = place.environment.name
    if present is None:
        then = f"{ask.line(Verb.DEPLOY, place)} brings this pull request's commit there."
        return refuse(ask, "no_release", f"nothing was deployed to {name} by Greenlane yet", then=then, place=place)
    if target is None:
        what = "there is no such release" if _is_named(ask) else "there is no release before the present one"
        lines = ", ".join(ask.line(Verb.ROLLBACK, place, f"to #{each.id}") for each in known[:_OFFERED])
        then = f"On record: {lines}" if lines else ""
        return refuse(ask, "no_release", f"{what} in {name}", then=then or "`/status` says what runs.", place=place)
    if present.state is State.SUCCEEDED and present.digest == target.digest:
        sentence = f"{name} runs {code(target.short_sha)} already"
        return refuse(ask, "already_there", sentence, then="`/status` says since when.", place=place)
    return None


async def _end_waiting(connection: AsyncConnection, ask: Ask, place: CatalogRow, release: Intent) -> list[Intent]:
    """What others asked for and has not begun ends: it would undo the rollback the moment that is done."""
    now, key, name = ask.tools.clock(), place.environment.target.key, place.environment.name
    await intents.hint_target(connection, target_key=key, now=now)  # locks them, in order
    ended = []
    for each in await intents.open_on_target(connection, key):
        if each.kind is not Kind.MANUAL or each.state is State.ROLLING_OUT:
            continue
        line = f"`/deploy {name} {place.app.name}`"
        detail = f"{ask.person.login} rolled {name} back to {release.short_sha} meanwhile; {line} asks for it again"
        state, reason = State.CANCELLED, ROLLED_BACK
        if await intents.end_other(connection, each, state=state, reason=reason, detail=detail, now=now):
            ended.append(each)
    return ended


async def start(
    connection: AsyncConnection,
    ask: Ask,
    place: CatalogRow,
    record: Record,
    *,
    undone: Intent,
    release: Intent,
    hold: bool = True,
) -> IntentId | None:
    """Record the wish and say it on the pull request."""
    now = ask.tools.clock()
    intent_id = await undo.go_back(
        connection,
        undone,
        release,
        key=f"rollback:{ask.key}",
        person=ask.person,
        pull_request=ask.pull.number,
        command_id=record.id,
        hold=hold,
        now=now,
        repository=ask.repository,
        place=place,
    )
    if intent_id is not None:
        await announce.admitted(connection, await intents.get(connection, intent_id), now=now)
    return intent_id
