"""Back to what worked: the intent that restores a release, and the hold that keeps automation from redoing the harm.

Always to a recorded release, never to "the one before": two rollbacks in a row do not swing back.
"""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.catalog import Environment, OnFailure
from bot.domain.hold import Hold
from bot.domain.intent import Facts, Intent, IntentId, Kind, NewIntent, State
from bot.domain.people import Person
from bot.storage import holds, intents

DEADLINE = timedelta(hours=1)
"""How long a rollback may wait for its turn."""
_NOTHING_TO_MEND = frozenset({"workload_deleted", "workload_recreated"})


async def after_failure(
    connection: AsyncConnection, environment: Environment, failed: Intent, *, reason: str, now: datetime
) -> IntentId | None:
    """The rollback of a rollout that failed, in the transaction that says so; None where it stays as it is.

    Only where the catalog wants it, and only while nothing else is about to be deployed there. A rollback that fails
    is not rolled back.
    """
    if environment.on_failure is not OnFailure.ROLLBACK or failed.kind is Kind.ROLLBACK or reason in _NOTHING_TO_MEND:
        return None
    if any(other.id != failed.id for other in await intents.open_on_target(connection, failed.target.key)):
        return None
    release = await intents.last_succeeded(connection, target_key=failed.target.key, except_id=failed.id)
    if release is None or not release.digest or release.digest == failed.digest:
        return None
    return await go_back(connection, failed, release, key=f"rollback:{failed.id}", now=now)


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
) -> IntentId | None:
    """Record the wish to restore `release`, and the hold; None when this was wished already.

    Without `person` it is our own act, told on the pull request whose code is taken back.
    """
    actor = person.login if person else ""
    wish = NewIntent(
        key=key,
        repository=undone.repository,
        team=undone.team,
        app=undone.app,
        environment=undone.environment,
        kind=Kind.ROLLBACK,
        sha=release.sha,
        branch=undone.branch,
        pull_request=pull_request or undone.pull_request,
        actor=actor,
        actor_id=person.id if person else None,
        command_id=command_id,
        target=undone.target,
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
        await holds.put(connection, hold_of(undone, reason=reason, by=actor, rollback=intent_id, now=now))
    return intent_id


def hold_of(intent: Intent, *, reason: str, by: str, rollback: IntentId | None, now: datetime) -> Hold:
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
