"""Everything a person asked for: who, what, when, where, and what was decided with which facts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.intent import Repository
from bot.domain.people import Person
from bot.storage.tables import commands


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One command. `key` makes one comment or one click one command, however often it is delivered."""

    id: int = 0
    key: str
    repository: Repository | None
    pull_request: int | None
    comment_id: int | None
    actor: Person
    """Number 0: somebody at the command line."""
    verb: str
    line: str
    """As typed: outside text."""
    team: str = ""
    app: str = ""
    environment: str = ""
    at: datetime
    decision: str
    """`accepted`, `refused`, `answered`."""
    reason: str = ""
    """Stable code of a refusal."""
    sentence: str = ""
    """What was decided and why, for people."""
    answer: str = ""
    """Markdown that is written as a comment; empty: none."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    intent_id: int | None = None


_SAME = (
    *("id", "key", "pull_request", "comment_id", "verb", "line", "team", "app", "environment", "at"),
    *("decision", "reason", "sentence", "answer", "facts", "intent_id"),
)


async def add(connection: AsyncConnection, record: Record) -> Record | None:
    """Store it; None when its key is there already."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    about = record.repository
    values = {name: getattr(record, name) for name in _SAME if name != "id"}
    values |= {
        "facts": dict(record.facts),
        "actor_id": record.actor.id or None,
        "actor": record.actor.login,
        "repository_id": about.id if about else None,
        "repository": about.full_name if about else "",
        "installation_id": about.installation_id if about else None,
    }
    statement = dialect.insert(commands).values(**values).on_conflict_do_nothing(index_elements=["key"])
    row_id = await connection.scalar(statement.returning(commands.c.id))
    return None if row_id is None else replace(record, id=row_id)


async def knows(connection: AsyncConnection, key: str) -> bool:
    """Whether it was decided before."""
    return await connection.scalar(select(commands.c.id).where(commands.c.key == key)) is not None


async def caused(connection: AsyncConnection, command_id: int, intent_id: int) -> None:
    """The intent that came of it."""
    await connection.execute(update(commands).where(commands.c.id == command_id).values(intent_id=intent_id))


async def get(connection: AsyncConnection, command_id: int) -> Record:
    rows = await connection.execute(select(commands).where(commands.c.id == command_id))
    return _to_record(rows.mappings().one())


async def recent(connection: AsyncConnection, *, since: datetime | None = None, limit: int = 1000) -> Sequence[Record]:
    """Newest first."""
    statement = select(commands).order_by(commands.c.id.desc()).limit(limit)
    if since is not None:
        statement = statement.where(commands.c.at >= since)
    return [_to_record(row) for row in (await connection.execute(statement)).mappings()]


async def count_of(connection: AsyncConnection, *, actor_id: int, since: datetime) -> int:
    """How many commands somebody gave since then, anywhere."""
    mine = (commands.c.actor_id == actor_id, commands.c.at > since)
    return int(await connection.scalar(select(func.count()).where(*mine)) or 0)


async def newest_of(connection: AsyncConnection, *, actor_id: int, besides: str) -> Record | None:
    """Somebody's last command that was not decided for the reason `besides`."""
    mine = select(commands).where(commands.c.actor_id == actor_id, commands.c.reason != besides)
    row = (await connection.execute(mine.order_by(commands.c.id.desc()).limit(1))).mappings().first()
    return _to_record(row) if row else None


async def was_told(
    connection: AsyncConnection, *, repository_id: int, actor_id: int, reasons: Collection[str], since: datetime
) -> bool:
    """Whether somebody was refused there in words since then, for one of these reasons."""
    columns = commands.c
    refusals = select(columns.id).where(
        columns.repository_id == repository_id,
        columns.actor_id == actor_id,
        columns.at > since,
        columns.reason.in_(sorted(reasons)),
        columns.answer != "",
    )
    return await connection.scalar(refusals.limit(1)) is not None


def _to_record(row: RowMapping) -> Record:
    repository = None
    if row["repository_id"] is not None:
        repository = Repository(
            id=row["repository_id"], full_name=row["repository"], installation_id=row["installation_id"] or 0
        )
    actor = Person(id=row["actor_id"] or 0, login=row["actor"])
    return Record(repository=repository, actor=actor, **{name: row[name] for name in _SAME})
