"""How much of GitHub's few writes one person gets: an outsider must not keep back what others wait for."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.engine.commands.ask import Answer, Decision, refuse_record
from bot.engine.tools import Tools
from bot.storage import commands
from bot.storage.commands import Record

MOST, WITHIN = 10, timedelta(minutes=1)
"""Commands of one person that are answered, in all repositories together."""
WORDS_AGAIN = timedelta(hours=1)
"""How soon somebody without any right in a repository is told so again there."""
TOO_MANY = "too_many_commands"
NO_RIGHTS = frozenset({"no_write_permission", "login_reused", "rights_unreadable"})
"""Reasons of a no to somebody who may not command at all."""


async def too_many(tools: Tools, record: Record) -> Answer | None:
    """Many commands at once are no wish of a person: the first too many is told so, the rest is silence.

    An outsider has been told already that nothing is done, and hears no more.
    """
    async with tools.database.begin() as connection:
        count = await commands.count_of(connection, actor_id=record.actor.id, since=record.at - WITHIN)
        newest = await commands.newest_of(connection, actor_id=record.actor.id, besides=TOO_MANY)
        told = record.repository is not None and await commands.was_told(
            connection,
            repository_id=record.repository.id,
            actor_id=record.actor.id,
            reasons=frozenset({TOO_MANY}),
            since=record.at - WITHIN,
        )
    if count < MOST:
        return None
    sentence = f"these are more than {MOST} commands within a minute"
    if not told and newest is not None and newest.reason not in NO_RIGHTS:
        return refuse_record(record, TOO_MANY, sentence, then="Wait a minute, then write it again.")
    return Answer(decision=Decision.REFUSED, reason=TOO_MANY, sentence=sentence, silent=True)


async def quieted(connection: AsyncConnection, record: Record, answer: Answer) -> Answer:
    """To an outsider who was told within the hour nothing is said; it is recorded all the same."""
    if not answer.outsider or record.repository is None:
        return answer
    told = await commands.was_told(
        connection,
        repository_id=record.repository.id,
        actor_id=record.actor.id,
        reasons=NO_RIGHTS,
        since=record.at - WORDS_AGAIN,
    )
    return replace(answer, body="", silent=True) if told else answer
