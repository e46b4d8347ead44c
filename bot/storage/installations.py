"""Where the App is installed, and from when on each repository is swept."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.intent import Repository
from bot.storage.tables import installations, repositories


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    """What a sweep knows of a repository."""

    repository: Repository
    removed: bool
    enrolled_at: datetime
    """Merges from here on are ours to notice."""
    swept_at: datetime
    heads: dict[str, str]
    """Branch to the head that was last seen."""


async def save(connection: AsyncConnection, *, installation_id: int, account: str, status: str, now: datetime) -> None:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = {"account": account, "status": status, "updated_at": now}
    statement = dialect.insert(installations).values(id=installation_id, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


async def enrol(connection: AsyncConnection, repository: Repository, *, now: datetime) -> None:
    """Know a repository from now on; name and installation follow what GitHub says."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    known = {"full_name": repository.full_name, "installation_id": repository.installation_id, "removed": 0}
    statement = dialect.insert(repositories).values(id=repository.id, enrolled_at=now, swept_at=now, heads={}, **known)
    # Back after it was taken away: what was merged meanwhile is not ours.
    enrolled_at = case((repositories.c.removed == 1, now), else_=repositories.c.enrolled_at)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={**known, "enrolled_at": enrolled_at})
    )


async def remove(connection: AsyncConnection, repository_id: int) -> None:
    """The App was taken off a repository."""
    await connection.execute(update(repositories).where(repositories.c.id == repository_id).values(removed=1))


async def swept(connection: AsyncConnection, repository_id: int) -> Swept | None:
    """What is known of it; None when it was never enrolled."""
    result = await connection.execute(select(repositories).where(repositories.c.id == repository_id))
    row = result.mappings().first()
    if row is None:
        return None
    repository = Repository(id=row["id"], full_name=row["full_name"], installation_id=row["installation_id"])
    return Swept(
        repository=repository,
        removed=bool(row["removed"]),
        enrolled_at=row["enrolled_at"],
        swept_at=row["swept_at"],
        heads=dict(row["heads"]),
    )


async def remember_sweep(
    connection: AsyncConnection, repository_id: int, *, swept_at: datetime, heads: dict[str, str]
) -> None:
    values = {"swept_at": swept_at, "heads": heads}
    await connection.execute(update(repositories).where(repositories.c.id == repository_id).values(**values))
