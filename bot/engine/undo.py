"""Back to what worked: the intent that restores a release, and the hold that keeps automation from redoing the harm.

Always to a recorded release, never to "the one before": two rollbacks in a row do not swing back.
"""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.catalog import Environment, OnFailure
from bot.domain.hold import Hold
from bot.domain.intent import Facts, Intent, IntentId, Kind, NewIntent, Repository, State
from bot.domain.people import Person
from bot.domain.policy import FOR_PEOPLE
from bot.engine.outcome import CatalogRow
from bot.storage import holds, intents

DEADLINE = timedelta(hours=1)
"""How long a rollback may wait for its turn."""
LATE = timedelta(days=1)
"""Later than this after a failure nobody expects it to be taken back any more."""
_NOTHING_TO_MEND = frozenset({"workload_deleted", "workload_recreated"})


async def ended(
    connection: AsyncConnection, environment: Environment, intent: Intent, state: State, reason: str, *, now: datetime
) -> None:
    """What an end leads to, in the transaction that says it; `intent` is the row before."""
    untouched = intent.patch_sent_at is None or state is State.REFUSED
    if state is State.FAILED:
        await after_failure(connection, environment, intent, reason=reason, now=now)
    elif untouched and state in (State.REFUSED, State.SUPERSEDED, State.CANCELLED):
        if intent.kind is Kind.ROLLBACK:
            await holds.release_of(connection, intent.id, now=now)  # nothing was rolled back
        else:
            await _look_again(connection, environment, intent, now=now)


async def _look_again(connection: AsyncConnection, environment: Environment, gone: Intent, *, now: datetime) -> None:
    """A failure that was left as it was because something else was on its way, which did not arrive."""
    failed = await intents.last_touching(connection, target_key=gone.target.key, except_id=gone.id)
    if failed is None or failed.state is not State.FAILED or now - failed.state_since > LATE:
        return
    if await intents.taking_back(connection, failed.id) is None:
        await after_failure(connection, environment, failed, reason=failed.reason, now=now, besides=gone.id)


async def after_failure(
    connection: AsyncConnection,
    environment: Environment,
    failed: Intent,
    *,
    reason: str,
    now: datetime,
    besides: IntentId | None = None,
) -> IntentId | None:
    """The rollback of a rollout that failed, in the transaction that says so; None where it stays as it is.

    Only where the catalog wants it, and only while nothing else is about to be deployed there. A rollback that fails
    is not rolled back.
    """
    if environment.on_failure is not OnFailure.ROLLBACK or failed.kind is Kind.ROLLBACK or reason in _NOTHING_TO_MEND:
        return None
    others = await intents.open_on_target(connection, failed.target.key)
    if any(is_coming(other) for other in others if other.id not in (failed.id, besides)):
        return None
    release = await intents.last_succeeded(connection, target_key=failed.target.key, except_id=failed.id)
    if release is None or not release.digest or release.digest == failed.digest:
        return None
    return await go_back(connection, failed, release, key=f"rollback:{failed.id}", now=now)


def is_coming(intent: Intent) -> bool:
    """Whether it may start without anybody's doing; what waits for people may wait for a week."""
    return intent.state is State.ROLLING_OUT or intent.reason not in FOR_PEOPLE


async def go_back(
    connection: AsyncConnection,
    undone: Intent,
    release: Intent,
    *,
    key: str,
    now: datetime,
    person: Person | None = None,
    pull_request: int | None = None,
    command_id: int | None = None,
    hold: bool = True,
    repository: Repository | None = None,
    place: CatalogRow | None = None,
) -> IntentId | None:
    """Record the wish to restore `release`, and the hold; None when this was wished already.

    Without `person` it is our own act, told on the pull request whose code is taken back. `place` and `repository`
    are as the catalog and GitHub name them now, where that is known.
    """
    actor = person.login if person else ""
    environment = place.environment if place else None
    wish = NewIntent(
        key=key,
        repository=repository or undone.repository,
        team=place.app.team if place else undone.team,
        app=place.app.name if place else undone.app,
        environment=environment.name if environment else undone.environment,
        kind=Kind.ROLLBACK,
        sha=release.sha,
        branch=undone.branch,
        pull_request=pull_request or undone.pull_request,
        actor=actor,
        actor_id=person.id if person else None,
        command_id=command_id,
        target=environment.target if environment else undone.target,
        undoes=undone.id,
        restores=release.restores or release.id,
    )
    facts = Facts(image=release.image, digest=release.digest, accepted_digests=release.accepted_digests)
    detail = f"going back from {undone.short_sha} to {release.short_sha}"
    intent_id = await intents.add(
        connection, wish, state=State.QUEUED, detail=detail, facts=facts, now=now, deadline=now + DEADLINE
    )
    if intent_id is not None and hold:
        reason = f"rolled back from {undone.short_sha}{f' by {actor}' if actor else ''}"
        await holds.put(connection, hold_of(wish, reason=reason, by=actor, rollback=intent_id, now=now))
    return intent_id


def hold_of(intent: NewIntent, *, reason: str, by: str, rollback: IntentId | None, now: datetime) -> Hold:
    """A hold where the intent belongs."""
    return Hold(
        team=intent.team,
        app=intent.app,
        environment=intent.environment,
        reason=reason,
        set_by=by,
        set_at=now,
        intent_id=rollback,
    )
