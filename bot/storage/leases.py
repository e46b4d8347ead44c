"""Claiming rows: due, held by one worker until a time, and a fence that makes a stale write fail.

A row in hand has no `due_at`: a hint that comes meanwhile sets it, and is found there when the row is let go.
The same statements serve SQLite and PostgreSQL: FOR UPDATE SKIP LOCKED is rendered only for the latter.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, Table, and_, case, func, literal, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import LostLeaseError

LEASE = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """The right to write one row, until `fence` moves on."""

    table: Table
    row_id: int
    owner: str
    fence: int

    def mine(self) -> ColumnElement[bool]:
        """The condition under which a write still counts."""
        columns = self.table.c
        return and_(columns.id == self.row_id, columns.lease_owner == self.owner, columns.fence == self.fence)


async def claim(
    connection: AsyncConnection, table: Table, *, owner: str, now: datetime, only: ColumnElement[bool] | None = None
) -> tuple[Lease, RowMapping] | None:
    """Take the longest-due row that nobody holds; None when there is none."""
    columns = table.c
    is_free = or_(columns.lease_until.is_(None), columns.lease_until < now)
    is_orphan = and_(columns.due_at.is_(None), columns.lease_owner.is_not(None))  # its worker died with it in hand
    candidate = (
        select(columns.id)
        .where(is_free, or_(columns.due_at <= now, is_orphan), true() if only is None else only)
        .order_by(columns.due_at, columns.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    statement = (
        update(table)
        .where(columns.id == candidate)
        .values(
            due_at=None,
            lease_owner=owner,
            lease_until=now + LEASE,
            fence=columns.fence + 1,
            attempts=columns.attempts + 1,
        )
        .returning(table)
    )
    row = (await connection.execute(statement)).mappings().first()
    if row is None:
        return None
    lease = Lease(table=table, row_id=row["id"], owner=owner, fence=row["fence"])
    return lease, row


async def write(connection: AsyncConnection, lease: Lease, values: Mapping[str, Any]) -> None:
    """Write while holding. Raises `LostLeaseError` when somebody else took over."""
    result = await connection.execute(update(lease.table).where(lease.mine()).values(**values))
    if result.rowcount != 1:
        raise LostLeaseError(f"{lease.table.name} {lease.row_id}")


async def settle(
    connection: AsyncConnection, lease: Lease, *, next_due: datetime | None, values: Mapping[str, Any]
) -> None:
    """Write and let go. A hint that came in meanwhile keeps its time when that is earlier than `next_due`."""
    hinted = lease.table.c.due_at
    if next_due is None:
        due: Any = hinted
    else:
        due = case((hinted < next_due, hinted), else_=literal(next_due, hinted.type))
    await write(connection, lease, {**values, "due_at": due, "lease_owner": None, "lease_until": None})


async def close(connection: AsyncConnection, lease: Lease) -> None:
    """Let go for good: hints that came in meanwhile mean nothing any more."""
    await write(connection, lease, {"due_at": None, "lease_owner": None, "lease_until": None})


async def mark_due(connection: AsyncConnection, table: Table, condition: ColumnElement[bool], *, now: datetime) -> int:
    """Make rows due now, held or not; the number of rows."""
    statement = update(table).where(table.c.id.in_(_in_order(table, condition))).values(due_at=now)
    return (await connection.execute(statement)).rowcount


async def renew(connection: AsyncConnection, table: Table, *, owner: str, ids: Collection[int], now: datetime) -> None:
    """Keep these rows, as far as `owner` still holds them, for another lease."""
    if not ids:
        return
    held = _in_order(table, and_(table.c.lease_owner == owner, table.c.id.in_(list(ids))))
    await connection.execute(update(table).where(table.c.id.in_(held)).values(lease_until=now + LEASE))


def _in_order(table: Table, condition: ColumnElement[bool]) -> Select[Any]:
    """Ids locked lowest first: transactions that lock several rows in one order never wait for each other in a ring."""
    return select(table.c.id).where(condition).order_by(table.c.id).with_for_update()


async def release(connection: AsyncConnection, table: Table, *, now: datetime, owner: str | None = None) -> None:
    """Let go of what `owner` holds, or of everything: after a crash of the only process there can be."""
    held = table.c.lease_owner == owner if owner else table.c.lease_owner.is_not(None)
    due = func.coalesce(table.c.due_at, literal(now, table.c.due_at.type))
    await connection.execute(update(table).where(held).values(due_at=due, lease_owner=None, lease_until=None))


async def next_due(connection: AsyncConnection, table: Table) -> datetime | None:
    """When the next row can be claimed; a held one counts from the end of its lease."""
    columns = table.c
    is_later = or_(columns.due_at.is_(None), columns.lease_until > columns.due_at)
    moment = case((and_(columns.lease_owner.is_not(None), is_later), columns.lease_until), else_=columns.due_at)
    value = await connection.scalar(select(func.min(moment, type_=columns.due_at.type)))
    return value if isinstance(value, datetime) else None
