"""One outbox row about a command → a reply, a note or a reaction on GitHub."""

from typing import assert_never, cast

from bot.engine.ports import GitHubWrites, Reaction
from bot.report import answers
from bot.storage import commands, holds, intents, locks
from bot.storage.commands import Record
from bot.storage.database import Database
from bot.storage.outbox import Kind, Message


class Replies:
    """Renders and writes what people hear about their commands. Answers with GitHub's id of a comment, or why not."""

    def __init__(self, *, database: Database, github: GitHubWrites) -> None:
        self._database = database
        self._github = github

    async def send(self, message: Message) -> int | str | None:
        """A text says that the write is moot, and why."""
        match message.kind:
            case Kind.REACTION:
                return await self._react(message, await self._record(message))
            case Kind.REPLY:
                record = await self._record(message)
                return await self._write(message, record, answers.reply_marker(record.id), record.answer)
            case Kind.NOTE:
                return await self._note(message, await self._record(message))
            case Kind.UNDONE:
                return await self._undone(message)
            case Kind.DEPLOYMENT | Kind.STATUS | Kind.CHECK_RUN | Kind.COMMENT | Kind.NOTICE:
                return "not about a command"
            case _ as never:
                assert_never(never)

    async def _record(self, message: Message) -> Record:
        assert message.command_id is not None  # noqa: S101 - these kinds have one
        async with self._database.begin() as connection:
            return await commands.get(connection, message.command_id)

    async def _react(self, message: Message, record: Record) -> str | None:
        if record.repository is None or record.comment_id is None:
            return "there is no comment to react to"
        content = cast("Reaction", message.argument)
        await self._github.ensure_reaction(record.repository, comment=record.comment_id, content=content)
        return None

    async def _note(self, message: Message, record: Record) -> int | str:
        what, _, about = message.argument.partition(":")
        marker = answers.note_marker(record.id, message.argument.replace(":", "-"))
        if what == "ends":
            return await self._lock_ends(message, record, int(about), marker)
        number, _, owner = about.partition(":")
        taken = record.verb == "lock"
        body = answers.lock_lost(owner, record.actor.login, record.environment, taken=taken, number=record.pull_request)
        return await self._write(message, record, marker, body, number=int(number))

    async def _lock_ends(self, message: Message, record: Record, lock_id: int, marker: str) -> int | str:
        async with self._database.begin() as connection:
            lock = await locks.get(connection, lock_id)
        if lock is None:
            return "the lock is gone"
        return await self._write(message, record, marker, answers.lock_ends(lock))

    async def _undone(self, message: Message) -> int:
        assert message.intent_id is not None  # noqa: S101 - this kind has one
        async with self._database.begin() as connection:
            rollback = await intents.get(connection, message.intent_id)
            hold = await holds.current(
                connection, team=rollback.team, app=rollback.app, environment=rollback.environment
            )
        number = int(message.argument)
        marker = answers.undone_marker(rollback.id, number)
        return await self._github.ensure_comment(
            rollback.repository,
            number=number,
            marker=marker,
            body=f"{marker}\n{answers.undone(rollback, held=hold is not None)}",
            known_id=message.external_id,
        )

    async def _write(
        self, message: Message, record: Record, marker: str, body: str, *, number: int | None = None
    ) -> int | str:
        where = number or record.pull_request
        if record.repository is None or where is None:
            return "there is no pull request to write on"
        return await self._github.ensure_comment(
            record.repository,
            number=where,
            marker=marker,
            body=f"{marker}\n{body}",
            known_id=message.external_id,
        )
