"""Heads of pull requests in the order in which we heard of them: what somebody who writes a comment can have seen."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.tables import heads


async def record(connection: AsyncConnection, *, repository_id: int, number: int, sha: str, now: datetime) -> None:
    """Note it, unless it is the newest one already."""
    if await newest(connection, repository_id=repository_id, number=number, before=now) != sha:
        await connection.execute(
            insert(heads).values(repository_id=repository_id, pull_request=number, sha=sha, seen_at=now)
        )


async def newest(connection: AsyncConnection, *, repository_id: int, number: int, before: datetime) -> str | None:
    """The head as it was known at a moment."""
    sha: str | None = await connection.scalar(
        select(heads.c.sha)
        .where(heads.c.repository_id == repository_id, heads.c.pull_request == number, heads.c.seen_at <= before)
        .order_by(heads.c.seen_at.desc(), heads.c.id.desc())
        .limit(1)
    )
    return sha


async def forget_others(
    connection: AsyncConnection, *, repository_id: int, numbers: Collection[int], before: datetime
) -> int:
    """Only these are open: forget what was noted of any other before that moment; how many heads that were."""
    gone = (heads.c.repository_id == repository_id, heads.c.pull_request.not_in(numbers), heads.c.seen_at < before)
    return (await connection.execute(delete(heads).where(*gone))).rowcount


async def forget(connection: AsyncConnection, *, repository_id: int, number: int) -> None:
    """The pull request is closed."""
    await connection.execute(
        delete(heads).where(heads.c.repository_id == repository_id, heads.c.pull_request == number)
    )
