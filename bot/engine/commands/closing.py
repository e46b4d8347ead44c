"""What ends with a pull request: its locks, and what was noted of its heads."""

from bot.domain.intent import Repository
from bot.engine import announce
from bot.engine.tools import Tools
from bot.storage import commands, heads, intents, locks


async def closed(tools: Tools, repository: Repository, number: int) -> None:
    """Give back what it kept; whoever waited for it is due."""
    now = tools.clock()
    async with tools.database.begin() as connection:
        kept = await locks.of_pull(connection, repository_id=repository.id, number=number)
        for lock in kept:
            await locks.release(connection, lock, by="", now=now)
            await intents.hint_environment(
                connection, team=lock.team, app=lock.app, environment=lock.environment, now=now
            )
        for lock in kept:  # after the last intent: whoever locks both locks intents first
            command_id = await locks.command_of(connection, lock)
            if command_id is not None:
                await announce.lock_over(connection, lock, await commands.get(connection, command_id), now=now)
        await heads.forget(connection, repository_id=repository.id, number=number)
