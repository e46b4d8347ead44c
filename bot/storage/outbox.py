"""What GitHub has still to be told: one row an effect, keyed so that the same wish is one row."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage import leases
from bot.storage.leases import Lease
from bot.storage.tables import outbox


class Kind(StrEnum):
    """What is written."""

    DEPLOYMENT = "deployment"
    STATUS = "status"
    CHECK_RUN = "check_run"
    COMMENT = "comment"
    NOTICE = "notice"
    UNDONE = "undone"
    REPLY = "reply"
    NOTE = "note"
    REACTION = "reaction"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewMessage:
    """A wish: "GitHub should show this". What exactly is rendered from the intent when it is sent."""

    key: str
    kind: Kind
    intent_id: int | None = None
    command_id: int | None = None
    """What it is about: an intent or a command; a living comment may have either."""
    installation_id: int
    argument: str = ""
    """The state for `status`, the content for `reaction`, the pull request for `undone`, which one for `note`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message(NewMessage):
    """A row to send."""

    id: int
    external_id: int | None
    attempts: int
    """Tries since it last became pending, this one included: from the second on an earlier one may have arrived."""
    version: int
    created_at: datetime


_NAMES = (
    "id",
    "key",
    "intent_id",
    "command_id",
    "installation_id",
    "argument",
    "external_id",
    "attempts",
    "version",
    "created_at",
)


async def post(connection: AsyncConnection, message: NewMessage, *, now: datetime, due: datetime) -> None:
    """Ask for it; a row that is there already becomes pending again, at the earlier of both times."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    columns = outbox.c
    values = {
        "key": message.key,
        "kind": message.kind,
        "intent_id": message.intent_id,
        "command_id": message.command_id,
        "installation_id": message.installation_id,
        "argument": message.argument,
        "status": "pending",
        "created_at": now,
        "due_at": due,
    }
    statement = dialect.insert(outbox).values(**values)
    again = {
        "status": "pending",
        "intent_id": message.intent_id,
        "command_id": message.command_id,
        "version": columns.version + 1,
        "due_at": case((columns.due_at < due, columns.due_at), else_=literal(due, columns.due_at.type)),
    }
    await connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=again))


async def claim(connection: AsyncConnection, *, owner: str, now: datetime) -> tuple[Lease, Message] | None:
    """Take the next message; its try is counted before anything leaves the house."""
    claimed = await leases.claim(connection, outbox, owner=owner, now=now, only=_has_its_turn(now))
    if claimed is None:
        return None
    lease, row = claimed
    return lease, Message(kind=Kind(row["kind"]), **{name: row[name] for name in _NAMES})


def _has_its_turn(now: datetime) -> ColumnElement[bool]:
    """One write at a time for an installation, as GitHub asks, and a deployment before its statuses, in order.

    Held by the database, so that it is true of several replicas too.
    """
    other = outbox.alias()
    in_hand = (
        select(other.c.id)
        .where(other.c.installation_id == outbox.c.installation_id, other.c.lease_until >= now)
        .exists()
    )
    before = (
        select(other.c.id)
        .where(
            other.c.intent_id == outbox.c.intent_id,
            other.c.id < outbox.c.id,
            other.c.status == "pending",
            other.c.kind.in_([Kind.DEPLOYMENT, Kind.STATUS]),
        )
        .exists()
    )
    return and_(~in_hand, or_(outbox.c.kind != Kind.STATUS, ~before))


async def sent(
    connection: AsyncConnection, lease: Lease, message: Message, *, external_id: int | None, dropped: str, now: datetime
) -> None:
    """GitHub shows it (or it is moot, for the reason `dropped`). A newer version stays pending."""
    is_newest = outbox.c.version == message.version
    values = {
        "status": case((is_newest, "dropped" if dropped else "sent"), else_="pending"),
        "external_id": external_id if external_id is not None else message.external_id,
        "last_error": dropped,
        "attempts": 0,
        "sent_at": now,
    }
    await leases.settle(connection, lease, next_due=None, values=values)


async def later(connection: AsyncConnection, lease: Lease, *, at: datetime, error: str) -> None:
    """It did not work now."""
    await leases.settle(connection, lease, next_due=at, values={"last_error": error})


async def give_up(connection: AsyncConnection, lease: Lease, *, error: str) -> None:
    """It will never work as things are; kept, with the reason."""
    await leases.settle(connection, lease, next_due=None, values={"status": "refused", "last_error": error})


async def hold_installation(connection: AsyncConnection, *, installation_id: int, until: datetime) -> None:
    """GitHub asked this installation to slow down: nothing of it is sent before `until`."""
    mine = and_(outbox.c.installation_id == installation_id, outbox.c.status == "pending", outbox.c.due_at < until)
    await connection.execute(update(outbox).where(mine).values(due_at=until))


async def external_id(connection: AsyncConnection, key: str) -> int | None:
    """GitHub's id of what was written under `key`, once it was."""
    value = await connection.scalar(select(outbox.c.external_id).where(outbox.c.key == key))
    return int(value) if value is not None else None


async def count_pending(connection: AsyncConnection) -> int:
    value = await connection.scalar(select(func.count()).where(outbox.c.status == "pending"))
    return int(value or 0)
