"""Webhook deliveries: stored before they are answered, worked on after."""

import hashlib
import zlib
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.hint import Hint
from bot.storage import leases
from bot.storage.leases import Lease
from bot.storage.tables import deliveries

KEEP = timedelta(days=3)
"""As long as GitHub would redeliver: docs, handling failed webhook deliveries."""

Status = Literal["stored", "ignored", "done", "failed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class NewDelivery:
    """One webhook as received. Without a hint it is kept and ignored, for `reason`."""

    guid: str
    hook_id: str
    event: str
    action: str
    repository: str
    body: bytes
    hint: Hint | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A delivery to work on."""

    id: int
    guid: str
    event: str
    action: str
    hint: Hint
    attempts: int
    received_at: datetime
    body_digest: str
    """SHA-256 of the body: unlike the GUID it is what was signed."""


async def add(connection: AsyncConnection, delivery: NewDelivery, *, now: datetime) -> bool:
    """Store it; False when GUID and hook id are there already.

    A person's "Redeliver" of one that failed, or was ignored under an older catalog, is worked on again.
    """
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = {
        "guid": delivery.guid,
        "hook_id": delivery.hook_id,
        "event": delivery.event,
        "action": delivery.action,
        "repository": delivery.repository,
        "hint": asdict(delivery.hint) if delivery.hint else None,
        "body": zlib.compress(delivery.body, 1),
        "status": "stored" if delivery.hint else "ignored",
        "reason": delivery.reason,
        "received_at": now,
        "due_at": now if delivery.hint else None,
    }
    statement = dialect.insert(deliveries).values(**values)
    again = {name: values[name] for name in ("hint", "status", "reason", "received_at", "due_at")} | {"attempts": 0}
    statement = statement.on_conflict_do_update(
        index_elements=["guid", "hook_id"],
        set_=again,
        where=deliveries.c.status.in_(["failed", "ignored"]) & (values["status"] == "stored"),
    )
    return await connection.scalar(statement.returning(deliveries.c.id)) is not None


async def claim(connection: AsyncConnection, *, owner: str, now: datetime) -> tuple[Lease, Delivery] | None:
    """Take the delivery that waits longest."""
    claimed = await leases.claim(connection, deliveries, owner=owner, now=now)
    if claimed is None:
        return None
    lease, row = claimed
    names = ("id", "guid", "event", "action", "attempts", "received_at")
    body_digest = hashlib.sha256(zlib.decompress(row["body"])).hexdigest()
    return lease, Delivery(hint=_to_hint(row["hint"]), body_digest=body_digest, **{name: row[name] for name in names})


async def finish(connection: AsyncConnection, lease: Lease, *, status: Status, reason: str, now: datetime) -> None:
    """Done with it, one way or the other."""
    values = {"status": status, "reason": reason, "done_at": now}
    await leases.settle(connection, lease, next_due=None, values=values)


async def retry(connection: AsyncConnection, lease: Lease, *, at: datetime, reason: str) -> None:
    """Look at it again later."""
    await leases.settle(connection, lease, next_due=at, values={"reason": reason})


async def purge(connection: AsyncConnection, *, now: datetime) -> int:
    """Forget what is done and older than `KEEP`."""
    old = (deliveries.c.received_at < now - KEEP) & deliveries.c.status.in_(["done", "ignored", "failed"])
    return (await connection.execute(delete(deliveries).where(old))).rowcount


def _to_hint(stored: dict[str, Any]) -> Hint:
    pairs = {name: tuple((int(key), str(text)) for key, text in stored[name]) for name in ("repositories", "removed")}
    return Hint(**(stored | pairs))
