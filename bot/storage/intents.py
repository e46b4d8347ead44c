"""Intents and their timeline. Every change of state is one transaction with its transition and outbox rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.intent import (
    OPEN_STATES,
    Facts,
    Intent,
    IntentId,
    NewIntent,
    State,
    Transition,
)
from bot.storage import leases
from bot.storage.intent_rows import from_facts, from_wish, to_intent
from bot.storage.leases import Lease
from bot.storage.tables import intents, transitions

UNREACHABLE = "unreachable"
"""Reason of a wait for something that could not be asked."""

_TOUCHED = intents.c.patch_sent_at.is_not(None)


async def add(
    connection: AsyncConnection,
    wish: NewIntent,
    *,
    detail: str,
    now: datetime,
    deadline: datetime,
    state: State = State.WAITING_CHECKS,
    facts: Facts | None = None,
) -> IntentId | None:
    """Store a wish, due at once; None when its key is there already. `facts` are what is known of it from the start."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = from_wish(wish) | {
        "state": state,
        "detail": detail,
        "evidence": [],
        "accepted_digests": [],
        "state_since": now,
        "created_at": now,
        "updated_at": now,
        "deadline_at": deadline,
        "due_at": now,
    }
    values |= from_facts(facts or {})
    statement = dialect.insert(intents).values(**values).on_conflict_do_nothing(index_elements=["key"])
    row_id = await connection.scalar(statement.returning(intents.c.id))
    if row_id is None:
        return None
    await _note(connection, row_id, before="", state=state, reason="", detail=detail, now=now)
    return IntentId(row_id)


async def claim(connection: AsyncConnection, *, owner: str, now: datetime) -> tuple[Lease, Intent] | None:
    """Take the next due intent."""
    claimed = await leases.claim(connection, intents, owner=owner, now=now)
    return (claimed[0], to_intent(claimed[1])) if claimed else None


async def move(
    connection: AsyncConnection,
    lease: Lease,
    *,
    before: State,
    state: State,
    reason: str,
    detail: str,
    facts: Facts,
    deadline: datetime | None,
    now: datetime,
) -> None:
    """Go to another state, keeping the lease for the next step; an ended intent is due no more."""
    values = from_facts(facts) | {
        "state": state,
        "reason": reason,
        "detail": detail,
        "state_since": now,
        "updated_at": now,
        "deadline_at": deadline,
        "attempts": 0,
    }
    await leases.write(connection, lease, values)
    await _note(connection, lease.row_id, before=before, state=state, reason=reason, detail=detail, now=now)


async def stay(
    connection: AsyncConnection, lease: Lease, *, reason: str, detail: str, facts: Facts, now: datetime
) -> None:
    """Remember what it waits for, in the same state."""
    await leases.write(connection, lease, from_facts(facts) | {"reason": reason, "detail": detail, "updated_at": now})


async def remember(connection: AsyncConnection, lease: Lease, facts: Facts) -> None:
    """Store facts in mid-step, before an effect that relies on them."""
    await leases.write(connection, lease, from_facts(facts))


async def settle(connection: AsyncConnection, lease: Lease, *, next_due: datetime) -> None:
    """Let go until `next_due`, or until a hint."""
    await leases.settle(connection, lease, next_due=next_due, values={})


async def close(connection: AsyncConnection, lease: Lease) -> None:
    """It has ended: nobody looks at it again."""
    await leases.close(connection, lease)


async def end_other(
    connection: AsyncConnection, other: Intent, *, state: State, reason: str, detail: str, now: datetime
) -> bool:
    """End an intent somebody else may hold: its fence moves on, so that their writes fail. False when it moved."""
    statement = (
        update(intents)
        .where(intents.c.id == other.id, intents.c.state == other.state)
        .values(
            state=state,
            reason=reason,
            detail=detail,
            state_since=now,
            updated_at=now,
            due_at=None,
            deadline_at=None,
            lease_owner=None,
            lease_until=None,
            fence=intents.c.fence + 1,
        )
    )
    if (await connection.execute(statement)).rowcount != 1:
        return False
    await _note(connection, other.id, before=other.state, state=state, reason=reason, detail=detail, now=now)
    return True


async def reopen(
    connection: AsyncConnection, intent: Intent, *, detail: str, now: datetime, deadline: datetime
) -> bool:
    """Refused for its checks, and the checks ran again: wait for them as before."""
    statement = (
        update(intents)
        .where(intents.c.id == intent.id, intents.c.state == State.REFUSED)
        .values(
            state=State.WAITING_CHECKS,
            reason="",
            detail=detail,
            state_since=now,
            updated_at=now,
            deadline_at=deadline,
            due_at=now,
            fence=intents.c.fence + 1,
        )
    )
    if (await connection.execute(statement)).rowcount != 1:
        return False
    await _note(
        connection, intent.id, before=State.REFUSED, state=State.WAITING_CHECKS, reason="", detail=detail, now=now
    )
    return True


async def hint_commit(connection: AsyncConnection, *, repository_id: int, sha: str, now: datetime) -> int:
    """Checks of a commit moved: its open intents are due."""
    condition = and_(intents.c.repository_id == repository_id, intents.c.sha == sha, is_open())
    return await leases.mark_due(connection, intents, condition, now=now)


async def hint_target(connection: AsyncConnection, *, target_key: str, now: datetime) -> int:
    """Something happened on a target: its open intents are due."""
    return await leases.mark_due(connection, intents, and_(intents.c.target_key == target_key, is_open()), now=now)


async def hint_environment(connection: AsyncConnection, *, team: str, app: str, environment: str, now: datetime) -> int:
    """A hold there has ended: its open intents are due."""
    columns = intents.c
    here = and_(columns.team == team, columns.app == app, columns.environment == environment, is_open())
    return await leases.mark_due(connection, intents, here, now=now)


async def hint_scope(connection: AsyncConnection, *, team: str, app: str, now: datetime) -> int:
    """A stop there has ended: its open intents are due. Empty names stand for all."""
    columns = intents.c
    inside = [column == name for column, name in ((columns.team, team), (columns.app, app)) if name]
    return await leases.mark_due(connection, intents, and_(is_open(), *inside), now=now)


async def hint_rollouts(connection: AsyncConnection, *, namespace: str, now: datetime) -> int:
    """Something moved in a namespace: rollouts there are due."""
    condition = and_(intents.c.namespace == namespace, intents.c.state == State.ROLLING_OUT)
    return await leases.mark_due(connection, intents, condition, now=now)


async def find(connection: AsyncConnection, condition: ColumnElement[bool], *, limit: int = 500) -> list[Intent]:
    """Intents that meet a condition on the table's columns, newest first."""
    rows = await connection.execute(select(intents).where(condition).order_by(intents.c.id.desc()).limit(limit))
    return [to_intent(row) for row in rows.mappings()]


async def get(connection: AsyncConnection, intent_id: int) -> Intent:
    return (await find(connection, intents.c.id == intent_id))[0]


async def open_on_target(connection: AsyncConnection, target_key: str) -> list[Intent]:
    return await find(connection, and_(intents.c.target_key == target_key, is_open()))


async def last_touching(connection: AsyncConnection, *, target_key: str, except_id: int) -> Intent | None:
    """The intent whose patch reached the target last, whatever became of it."""
    return await _last(connection, target_key, except_id, _TOUCHED)


async def last_succeeded(connection: AsyncConnection, *, target_key: str, except_id: int) -> Intent | None:
    """The release before this one."""
    return await _last(connection, target_key, except_id, intents.c.state == State.SUCCEEDED)


async def history(connection: AsyncConnection, *, target_key: str, limit: int = 200) -> list[Intent]:
    """What reached a target, the last first by when its patch was sent."""
    statement = (
        select(intents)
        .where(intents.c.target_key == target_key, _TOUCHED)
        .order_by(intents.c.patch_sent_at.desc(), intents.c.id.desc())
        .limit(limit)
    )
    return [to_intent(row) for row in (await connection.execute(statement)).mappings()]


async def taking_back(connection: AsyncConnection, intent_id: int) -> Intent | None:
    """The rollback that takes an intent back, the newest if there are several."""
    found = await find(connection, intents.c.undoes == intent_id, limit=1)
    return found[0] if found else None


async def _last(
    connection: AsyncConnection, target_key: str, except_id: int, condition: ColumnElement[bool]
) -> Intent | None:
    where = and_(intents.c.target_key == target_key, intents.c.id != except_id, condition)
    rows = await connection.execute(select(intents).where(where).order_by(intents.c.patch_sent_at.desc()).limit(1))
    row = rows.mappings().first()
    return to_intent(row) if row else None


async def of_pull(connection: AsyncConnection, *, repository_id: int, number: int) -> list[Intent]:
    """Everything a pull request caused, newest first."""
    return await find(connection, and_(intents.c.repository_id == repository_id, intents.c.pull_request == number))


async def timeline(connection: AsyncConnection, intent_ids: Iterable[int]) -> dict[int, list[Transition]]:
    """The transitions of several intents, oldest first."""
    rows = await connection.execute(
        select(transitions).where(transitions.c.intent_id.in_(list(intent_ids))).order_by(transitions.c.id)
    )
    lines: dict[int, list[Transition]] = {}
    for row in rows.mappings():
        line = Transition(at=row["at"], state=State(row["state"]), reason=row["reason"], detail=row["detail"])
        lines.setdefault(row["intent_id"], []).append(line)
    return lines


async def count_by_state(connection: AsyncConnection) -> dict[str, int]:
    rows = await connection.execute(select(intents.c.state, func.count()).group_by(intents.c.state))
    return {row[0]: row[1] for row in rows}


def is_open() -> ColumnElement[bool]:
    """The condition on rows that somebody still works on."""
    states: Sequence[str] = sorted(OPEN_STATES)
    return intents.c.state.in_(states)


async def _note(
    connection: AsyncConnection, intent_id: int, *, before: str, state: State, reason: str, detail: str, now: datetime
) -> None:
    row = {"intent_id": intent_id, "at": now, "before": before, "state": state, "reason": reason, "detail": detail}
    await connection.execute(insert(transitions).values(**row))
