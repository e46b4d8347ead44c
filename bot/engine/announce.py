"""Which change of an intent GitHub hears of, and how soon. Six writes for an ordinary deploy:

the comment (begin, end), the deployment, its `in_progress` and its end, and the check run at the end.
"""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.intent import Intent, State
from bot.storage import intents, outbox
from bot.storage.outbox import Kind, NewMessage

PROGRESS_PAUSE = timedelta(seconds=60)
"""An edit that only says "still at it" waits this long, and is overtaken by the end if that comes first."""

LONG_ROLLOUT = timedelta(seconds=120)
"""A rollout of ordinary length has ended by then; GitHub's own deployment box shows it meanwhile."""

FIRST_LOOK = timedelta(seconds=1)
"""Until the first comment: by then the checks were read once, and it says which ones it waits for."""

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


async def reopened(connection: AsyncConnection, intent: Intent, *, now: datetime) -> None:
    """A refused one goes on: the red check and the comment no longer tell the truth."""
    await _comment(connection, intent, now=now, due=now + FIRST_LOOK)
    await _post(connection, intent, Kind.CHECK_RUN, now=now)


async def progress(connection: AsyncConnection, intent: Intent, *, now: datetime) -> None:
    """It waits for something unusual, such as an image that does not come: worth a write if it lasts."""
    await _comment(connection, intent, now=now, due=now + PROGRESS_PAUSE)


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
    if state in (State.FAILED, State.REFUSED, State.UNKNOWN) and reason not in _QUIET and intent.pull_request:
        await _post(connection, intent, Kind.NOTICE, now=now)
    if ended and intent.undoes is not None:
        await _taken_back(connection, await intents.get(connection, intent.undoes), now=now)


async def _taken_back(connection: AsyncConnection, undone: Intent, *, now: datetime) -> None:
    """What was said of a failure when its rollback began is told to its end: both texts are edited in place."""
    if undone.state is not State.FAILED:
        return
    await _post(connection, undone, Kind.CHECK_RUN, now=now)
    if undone.pull_request:
        await _post(connection, undone, Kind.NOTICE, now=now)


async def replaced(connection: AsyncConnection, older: Intent, *, now: datetime) -> None:
    """A newer version runs: the older deployment is over. GitHub does this by itself, but not for production."""
    await _post(connection, older, Kind.STATUS, argument="inactive", now=now)


async def _comment(connection: AsyncConnection, intent: Intent, *, now: datetime, due: datetime) -> None:
    if intent.pull_request is None:
        return
    key = f"comment:{intent.repository.id}:{intent.pull_request}"
    message = NewMessage(
        key=key, kind=Kind.COMMENT, intent_id=intent.id, installation_id=intent.repository.installation_id
    )
    await outbox.post(connection, message, now=now, due=due)


async def _post(connection: AsyncConnection, intent: Intent, kind: Kind, *, now: datetime, argument: str = "") -> None:
    key = f"{kind}:{intent.id}:{argument}" if argument else f"{kind}:{intent.id}"
    message = NewMessage(
        key=key,
        kind=kind,
        intent_id=intent.id,
        installation_id=intent.repository.installation_id,
        argument=argument,
    )
    await outbox.post(connection, message, now=now, due=now)
