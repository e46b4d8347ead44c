"""Which change of an intent GitHub hears of, and how soon. Six writes for an ordinary deploy:

the comment (begin, end), the deployment, its `in_progress` and its end, and the check run at the end.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.intent import Intent, Repository, State
from bot.domain.lock import Lock, PullHold
from bot.domain.releases import undone
from bot.storage import commands, intents, outbox
from bot.storage.commands import Record
from bot.storage.outbox import Kind, NewMessage

PROGRESS_PAUSE = timedelta(seconds=60)
"""An edit that only says "still at it" waits this long, and is overtaken by the end if that comes first."""

LONG_ROLLOUT = timedelta(seconds=120)
"""A rollout of ordinary length has ended by then; GitHub's own deployment box shows it meanwhile."""

AHEAD = timedelta(minutes=1)
"""Whoever wrote a comment looks at it: answers go before everything else that waits to be written."""

FIRST_LOOK = timedelta(seconds=1)
"""Until the first comment: by then the checks were read once, and it says which ones it waits for."""

MOST_UNDONE = 20
"""Pull requests that a rollback is told on: of a long way back, the newest."""

_QUIET = frozenset({"checks_failed", "superseded"})  # GitHub itself told the author, or nobody has to act

DEPLOYMENT_STATES = {
    State.ROLLING_OUT: "in_progress",
    State.SUCCEEDED: "success",
    State.NEUTRAL: "inactive",
    State.FAILED: "failure",
    State.REFUSED: "error",
    State.SUPERSEDED: "inactive",
    State.CANCELLED: "inactive",
    State.UNKNOWN: "error",
}


async def admitted(connection: AsyncConnection, intent: Intent, *, now: datetime) -> None:
    """A wish was taken: say so on the pull request, with what it waits for."""
    await _comment(connection, intent, now=now, due=now + FIRST_LOOK)


async def held_back(connection: AsyncConnection, waiting: Sequence[Intent], hold: PullHold, *, now: datetime) -> None:
    """End what somebody asked not to deploy when it is merged, and say so."""
    state, reason = State.CANCELLED, "pull_on_hold"
    ended = []
    for intent in waiting:
        line = f"`/deploy {intent.environment} {intent.app}`"
        detail = f"{hold.set_by} asked not to deploy it when it is merged; {line} does"
        if await intents.end_other(connection, intent, state=state, reason=reason, detail=detail, now=now):
            ended.append(intent)
    for intent in ended:
        await moved(connection, intent, state, reason, now=now)


async def reopened(connection: AsyncConnection, intent: Intent, *, now: datetime) -> None:
    """A refused one goes on: the red check and the comment no longer tell the truth."""
    await _comment(connection, intent, now=now, due=now + FIRST_LOOK)
    await _post(connection, intent, Kind.CHECK_RUN, now=now)


async def progress(connection: AsyncConnection, intent: Intent, *, now: datetime, at_once: bool = False) -> None:
    """It waits for something unusual, such as an image that does not come: worth a write if it lasts.

    `at_once` for what has lasted already.
    """
    await _comment(connection, intent, now=now, due=now if at_once else now + PROGRESS_PAUSE)


async def moved(connection: AsyncConnection, intent: Intent, state: State, reason: str, *, now: datetime) -> None:
    """It is in another state; `intent` is the row before."""
    ended = not state.is_open
    if ended:
        await _comment(connection, intent, now=now, due=now)
    elif state is State.ROLLING_OUT:
        await _comment(connection, intent, now=now, due=now + LONG_ROLLOUT)
    began = intent.state is State.ROLLING_OUT
    if state is State.ROLLING_OUT:
        await _post(connection, intent, Kind.DEPLOYMENT, now=now)
    if state is State.ROLLING_OUT or (ended and began):
        await _post(connection, intent, Kind.STATUS, argument=DEPLOYMENT_STATES[state], now=now)
    if ended:
        await _post(connection, intent, Kind.CHECK_RUN, now=now)
    elif state is State.ROLLING_OUT:
        # With the button that ends it: at once for whoever asked for it, else where it takes long.
        due = now if intent.command_id is not None else now + LONG_ROLLOUT
        await _post(connection, intent, Kind.CHECK_RUN, now=now, due=due)
    if state in (State.FAILED, State.REFUSED, State.UNKNOWN) and reason not in _QUIET and intent.pull_request:
        await _post(connection, intent, Kind.NOTICE, now=now)
    if ended and intent.undoes is not None:
        await _taken_back(connection, await intents.get(connection, intent.undoes), now=now)
        await _tell_undone(connection, intent, state, now=now)
    if ended and intent.command_id is not None:
        mood = "rocket" if state in (State.SUCCEEDED, State.NEUTRAL) else "confused"
        await _react(connection, await commands.get(connection, intent.command_id), mood, now=now)


async def _taken_back(connection: AsyncConnection, undone: Intent, *, now: datetime) -> None:
    """What was said of a failure when its rollback began is told to its end: both texts are edited in place."""
    if undone.state is not State.FAILED:
        return
    await _post(connection, undone, Kind.CHECK_RUN, now=now)
    if undone.pull_request:
        await _post(connection, undone, Kind.NOTICE, now=now)


async def _tell_undone(connection: AsyncConnection, rollback: Intent, state: State, *, now: datetime) -> None:
    """The pull requests of the releases that no longer run. Of our own acts the failure's notice tells."""
    if state is not State.SUCCEEDED:
        return
    history = await intents.history(connection, target_key=rollback.target.key)
    told = None if rollback.actor else rollback.pull_request
    numbers = dict.fromkeys(each.pull_request for each in undone(history, rollback))  # the newest first
    concerned = [each for each in numbers if each is not None and each != told]
    for number in sorted(concerned[:MOST_UNDONE]):
        await _post(connection, rollback, Kind.UNDONE, now=now, argument=str(number))


async def commanded(
    connection: AsyncConnection, record: Record, *, now: datetime, waits: bool, ahead: bool = True
) -> None:
    """A command was decided: a reaction, and words where they are needed.

    `waits`: its end comes later. `ahead`: whoever has no rights here gets an answer in its turn, among the others.
    """
    mood = "confused" if record.decision == "refused" else "eyes" if waits else "rocket"
    await _react(connection, record, mood, now=now, ahead=ahead)
    if record.answer:
        await _reply(connection, record, Kind.REPLY, now=now, ahead=ahead)


async def changed(
    connection: AsyncConnection, repository: Repository, number: int, record: Record, *, now: datetime
) -> None:
    """Something a person set is to be seen in the living comment."""
    message = NewMessage(
        key=_living_key(repository, number),
        kind=Kind.COMMENT,
        command_id=record.id,
        installation_id=repository.installation_id,
    )
    await outbox.post(connection, message, now=now, due=now)


async def lock_lost(
    connection: AsyncConnection, repository: Repository, lock: Lock, record: Record, *, now: datetime
) -> None:
    """Its owner is told on the pull request it was for."""
    await changed(connection, repository, lock.pull_request, record, now=now)
    await _reply(connection, record, Kind.NOTE, now=now, argument=f"lost:{lock.pull_request}:{lock.owner.login}")


async def lock_ends(connection: AsyncConnection, lock: Lock, record: Record, *, now: datetime) -> None:
    """The reminder."""
    await _reply(connection, record, Kind.NOTE, now=now, argument=f"ends:{lock.id}")


async def lock_over(connection: AsyncConnection, lock: Lock, record: Record, *, now: datetime) -> None:
    """The living comment shows it no longer."""
    if record.repository is not None:
        await changed(connection, record.repository, lock.pull_request, record, now=now)


async def _react(
    connection: AsyncConnection, record: Record, content: str, *, now: datetime, ahead: bool = True
) -> None:
    if record.comment_id is not None:
        await _reply(connection, record, Kind.REACTION, now=now, argument=content, ahead=ahead)


async def _reply(
    connection: AsyncConnection,
    record: Record,
    kind: Kind,
    *,
    now: datetime,
    argument: str = "",
    ahead: bool = True,
) -> None:
    if record.repository is None:
        return
    message = NewMessage(
        key=_key(kind, record.id, argument),
        kind=kind,
        command_id=record.id,
        installation_id=record.repository.installation_id,
        argument=argument,
    )
    await outbox.post(connection, message, now=now, due=now - AHEAD if ahead else now)


async def replaced(connection: AsyncConnection, older: Intent, *, now: datetime) -> None:
    """A newer version runs: the older deployment is over. GitHub does this by itself, but not for production."""
    await _post(connection, older, Kind.STATUS, argument="inactive", now=now)


async def _comment(connection: AsyncConnection, intent: Intent, *, now: datetime, due: datetime) -> None:
    if intent.pull_request is None:
        return
    message = NewMessage(
        key=_living_key(intent.repository, intent.pull_request),
        kind=Kind.COMMENT,
        intent_id=intent.id,
        installation_id=intent.repository.installation_id,
    )
    await outbox.post(connection, message, now=now, due=due)


async def _post(
    connection: AsyncConnection,
    intent: Intent,
    kind: Kind,
    *,
    now: datetime,
    argument: str = "",
    due: datetime | None = None,
) -> None:
    message = NewMessage(
        key=_key(kind, intent.id, argument),
        kind=kind,
        intent_id=intent.id,
        installation_id=intent.repository.installation_id,
        argument=argument,
    )
    await outbox.post(connection, message, now=now, due=due or now)


def _key(kind: Kind, about: int, argument: str) -> str:
    """One row for one effect, however often it is wished."""
    return f"{kind}:{about}:{argument}" if argument else f"{kind}:{about}"


def _living_key(repository: Repository, number: int) -> str:
    """One living comment a pull request."""
    return _key(Kind.COMMENT, repository.id, str(number))
