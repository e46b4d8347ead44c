"""Claiming rows: due, held by one worker until a time, and a fence that makes a stale write fail.

The same statements serve SQLite and PostgreSQL: FOR UPDATE SKIP LOCKED is rendered only for the latter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Table, and_, case, func, or_, select, update
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
    hints: int
    """How many hints the row had when it was claimed: later ones make it due again at once."""

    def mine(self) -> ColumnElement[bool]:
        """The condition under which a write still counts."""
        columns = self.table.c
        return and_(columns.id == self.row_id, columns.lease_owner == self.owner, columns.fence == self.fence)


async def claim(
    connection: AsyncConnection, table: Table, *, owner: str, now: datetime, only: ColumnElement[bool] | None = None
) -> tuple[Lease, RowMapping] | None:
    """Take the longest-due row that nobody holds; None when there is none."""
    columns = table.c
    free = or_(columns.lease_until.is_(None), columns.lease_until < now)
    conditions = [columns.due_at <= now, free] + ([only] if only is not None else [])
    candidate = (
        select(columns.id)
        .where(*conditions)
        .order_by(columns.due_at, columns.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    statement = (
        update(table)
        .where(columns.id == candidate)
        .values(
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
    lease = Lease(table=table, row_id=row["id"], owner=owner, fence=row["fence"], hints=row["hints"])
    return lease, row


async def write(connection: AsyncConnection, lease: Lease, values: Mapping[str, Any]) -> None:
    """Write while holding. Raises `LostLeaseError` when somebody else took over."""
    result = await connection.execute(update(lease.table).where(lease.mine()).values(**values))
    if result.rowcount != 1:
        raise LostLeaseError(f"{lease.table.name} {lease.row_id}")


async def settle(
    connection: AsyncConnection, lease: Lease, *, next_due: datetime | None, now: datetime, values: Mapping[str, Any]
) -> None:
    """Write and let go. A hint that came in meanwhile makes the row due at once, whatever `next_due` says."""
    hints = lease.table.c.hints
    due = case((hints == lease.hints, next_due), else_=now)
    await write(connection, lease, {**values, "due_at": due, "lease_owner": None, "lease_until": None})


async def mark_due(connection: AsyncConnection, table: Table, condition: ColumnElement[bool], *, now: datetime) -> int:
    """Make rows due now, held or not; the number of rows."""
    statement = update(table).where(condition).values(due_at=now, hints=table.c.hints + 1)
    return (await connection.execute(statement)).rowcount


async def renew(connection: AsyncConnection, table: Table, *, owner: str, now: datetime) -> None:
    """Keep everything `owner` holds for another lease."""
    await connection.execute(update(table).where(table.c.lease_owner == owner).values(lease_until=now + LEASE))


async def release(connection: AsyncConnection, table: Table, *, owner: str | None = None) -> None:
    """Let go of what `owner` holds, or of everything: after a crash of the only process there can be."""
    held = table.c.lease_owner == owner if owner else table.c.lease_owner.is_not(None)
    await connection.execute(update(table).where(held).values(lease_owner=None, lease_until=None))


async def next_due(connection: AsyncConnection, table: Table) -> datetime | None:
    """When the next free row is due; a held one counts from the end of its lease."""
    columns = table.c
    moment = case((columns.lease_until > columns.due_at, columns.lease_until), else_=columns.due_at)
    value = await connection.scalar(select(func.min(moment, type_=columns.due_at.type)))
    return value if isinstance(value, datetime) else None
