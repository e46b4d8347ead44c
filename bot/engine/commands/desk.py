"""Takes commands: reads the comment again, asks who may, decides, and records what was decided with what it causes.

What is recorded is done in the same transaction, once: a comment that is delivered twice is one command.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import IntegrityError

from bot.domain.command import Command, Mistake, Verb, Vocabulary, parse
from bot.domain.hint import Hint
from bot.domain.intent import IntentId, Repository
from bot.domain.people import Comment
from bot.engine import announce, rights
from bot.engine.commands import abort, deploy, keeping, limits, places, rollback, telling
from bot.engine.commands.ask import Answer, Ask, Decision, OvertakenError, refuse, refuse_record
from bot.engine.outcome import CatalogRow
from bot.engine.tools import Tools
from bot.errors import RejectedError, TransientError
from bot.report import answers
from bot.storage import commands
from bot.storage.commands import Record

PATIENCE = timedelta(minutes=2)
"""How long a command waits for GitHub's answers; after that nobody expects it to happen any more."""
TOO_OLD = timedelta(hours=1)
"""A comment that reaches us later is answered, not obeyed."""
_TRIES = 3
CLOCK = timedelta(seconds=1)
"""GitHub's times have whole seconds."""

AtPlace = Callable[[Ask, CatalogRow], Awaitable[Answer]]

_AT_PLACE: dict[Verb, AtPlace] = {
    Verb.DEPLOY: deploy.deploy,
    Verb.ROLLBACK: rollback.rollback,
    Verb.ABORT: abort.abort,
    Verb.LOCK: keeping.lock,
    Verb.UNLOCK: keeping.unlock,
    Verb.HOLD: keeping.hold,
    Verb.RESUME: keeping.resume,
    Verb.DIFF: telling.diff,
}
_TELLING: dict[Verb, Callable[[Ask], Awaitable[Answer]]] = {
    Verb.STATUS: telling.status,
    Verb.WHY: telling.why,
    Verb.HELP: telling.help_,
}

log = structlog.get_logger("greenlane.engine")


class Desk:
    """Where comments and clicks become decisions. `on_due` is called when an intent or a message came of one."""

    def __init__(self, tools: Tools, *, on_due: Callable[[], None]) -> None:
        self._tools = tools
        self._on_due = on_due

    async def comment(self, repository: Repository, hint: Hint, *, received_at: datetime) -> str:
        """Act on a comment; what came of it, in a few words. Raises `TransientError` while GitHub does not answer."""
        key = f"comment:{repository.id}:{hint.comment_id}"
        apps = self._tools.catalog.apps_of(repository.full_name, repository.id)
        if not apps:
            return "no app of the catalog lives here"
        found = await self._fresh(repository, hint, key)
        if isinstance(found, str):
            return found
        vocabulary = Vocabulary(apps={app.name: tuple(each.name for each in app.environments) for app in apps})
        said = parse(found.body, vocabulary)
        if said is None:
            return "no command"
        record = Record(
            key=key,
            repository=repository,
            pull_request=hint.number,
            comment_id=found.id,
            actor=found.author,
            verb=said.verb,
            line=said.line if isinstance(said, Command) else _first_line(found.body),
            at=self._tools.clock(),
            decision=Decision.REFUSED,
        )
        early = await self._early(record, found, hint, said)
        if early is not None:
            return await self._close(record, early)
        assert isinstance(said, Command)  # noqa: S101 - mistakes are answered early
        asked_at = min(received_at, found.created_at + CLOCK)
        return await self._obey(record, said, asked_at=asked_at, received_at=received_at)

    async def _early(self, record: Record, found: Comment, hint: Hint, said: Command | Mistake) -> Answer | None:
        """What is answered without looking at what was asked for; None when it is to be looked at."""
        excess = await limits.too_many(self._tools, record)
        if excess is not None:
            return excess
        early = _edited(record, found, hint) or _too_late(record, found.created_at)
        if isinstance(said, Mistake):
            early = early or _misunderstood(record, said)
        return early and (await self._turn_away(record) or early)

    async def _fresh(self, repository: Repository, hint: Hint, key: str) -> Comment | str:
        """The comment as it is now; or why nobody acts on it."""
        async with self._tools.database.begin() as connection:
            if await commands.knows(connection, key):
                return "known already"
        comment = await self._tools.github.comment(repository, hint.comment_id)
        if comment is None:
            return "the comment was deleted"
        if comment.is_bot or comment.author.id != hint.actor_id:
            return "not by the person who sent it"
        return comment

    async def click(self, record: Record, command: Command, *, about: IntentId, received_at: datetime) -> str:
        """A button: the same way as a comment, with the same rights."""
        async with self._tools.database.begin() as connection:
            if await commands.knows(connection, record.key):
                return "known already"
        early = await limits.too_many(self._tools, record) or _too_late(record, received_at)
        if early is not None:
            return await self._close(record, early)
        return await self._obey(record, command, asked_at=received_at, received_at=received_at, about=about)

    async def _obey(
        self,
        record: Record,
        command: Command,
        *,
        asked_at: datetime,
        received_at: datetime,
        about: IntentId | None = None,
    ) -> str:
        assert record.repository is not None  # noqa: S101 - comments have one
        assert record.pull_request is not None  # noqa: S101 - and a number
        try:
            pull = await self._tools.github.pull(record.repository, record.pull_request)
            ask = Ask(
                tools=self._tools,
                repository=record.repository,
                pull=pull,
                person=record.actor,
                command=command,
                key=record.key,
                comment_id=record.comment_id,
                asked_at=asked_at,
                apps=self._tools.catalog.apps_of(record.repository.full_name, record.repository.id),
                about=about,
            )
            answer = await self._decide(ask)
        except RejectedError as error:
            answer = refuse_record(record, error.reason, error.sentence, then=error.hint)
        except TransientError as error:
            if self._tools.clock() - received_at < PATIENCE:
                raise
            sentence = f"I could not find out what I had to: {error.sentence.rstrip('.')}"
            answer = refuse_record(record, "no_answer", sentence, then="Nothing was changed. Write it again.")
        return await self._close(record, answer)

    async def _decide(self, ask: Ask) -> Answer:
        """Rights first, as far as they need no place: a stranger learns nothing."""
        denied = await self._denied(ask, None)
        if denied is not None:
            return replace(denied, outsider=True)
        verb = ask.command.verb
        try:
            if verb in _TELLING:
                return await _TELLING[verb](ask)
            if await keeping.means_the_pull(ask):
                return await self._denied_anywhere(ask) or keeping.of_pull(ask)
            return await self._at_place(ask)
        except RejectedError as error:
            return refuse(ask, error.reason, error.sentence, then=error.hint)

    async def _at_place(self, ask: Ask) -> Answer:
        place = places.find(ask)
        if isinstance(place, Answer):
            return place
        return await self._denied(ask, place) or await _AT_PLACE[ask.command.verb](ask, place)

    async def _denied_anywhere(self, ask: Ask) -> Answer | None:
        for place in places.candidates(ask):
            denied = await self._denied(ask, place)
            if denied is not None:
                return denied
        return None

    async def _denied(self, ask: Ask, place: CatalogRow | None) -> Answer | None:
        denied = await rights.objection(
            ask.tools.github,
            ask.tools.catalog,
            ask.repository,
            ask.person,
            ask.command.verb if place else Verb.HELP,
            app=place.app if place else None,
            environment=place.environment if place else None,
            hotfix=ask.command.hotfix and place is not None,
        )
        if denied is None:
            return None
        stranger = denied.reason in limits.NO_RIGHTS
        then = "An administrator of the repository can give it." if stranger else "`/help` says what you may."
        return refuse(ask, denied.reason, denied.sentence, then=then, place=place)

    async def _turn_away(self, record: Record) -> Answer | None:
        """Outsiders get the same refusal whatever they write; None for those who may command."""
        assert record.repository is not None  # noqa: S101 - comments have one
        denied = await rights.objection(
            self._tools.github, self._tools.catalog, record.repository, record.actor, Verb.HELP
        )
        return refuse_record(record, denied.reason, denied.sentence, outsider=True) if denied else None

    async def _close(self, record: Record, answer: Answer) -> str:
        """Record and do it; again when somebody else changed the same thing in this moment."""
        for _ in range(_TRIES):
            try:
                return await self._write(record, answer)
            except IntegrityError:
                continue
            except OvertakenError as error:
                answer = error.answer
        return await self._write(record, answer)

    async def _write(self, record: Record, answer: Answer) -> str:
        about = answer.place
        async with self._tools.database.begin() as connection:
            answer = await limits.quieted(connection, record, answer)
            added = await commands.add(connection, _decided(record, answer, about))
            if added is None:
                return "known already"
            intent_id = await answer.act(connection, added) if answer.act else None
            if intent_id is not None:
                await commands.caused(connection, added.id, intent_id)
            if not answer.silent:
                waits, ahead = intent_id is not None, not answer.outsider
                await announce.commanded(connection, added, now=self._tools.clock(), waits=waits, ahead=ahead)
        log.info(
            "command_decided",
            command=added.id,
            verb=added.verb,
            actor=added.actor.login,
            decision=answer.decision,
            reason=answer.reason,
        )
        self._on_due()
        return f"{answer.decision}: {answer.reason or answer.sentence}"


def _decided(record: Record, answer: Answer, about: CatalogRow | None) -> Record:
    return replace(
        record,
        team=about.app.team if about else "",
        app=about.app.name if about else "",
        environment=about.environment.name if about else "",
        decision=answer.decision,
        reason=answer.reason,
        sentence=answer.sentence,
        answer=answer.body,
        facts=answer.facts,
    )


def _misunderstood(record: Record, mistake: Mistake) -> Answer:
    body = answers.misunderstood(record.actor.login, record.line, mistake)
    return Answer(decision=Decision.REFUSED, reason=mistake.code, sentence=mistake.sentence, body=body)


def _edited(record: Record, comment: Comment, hint: Hint) -> Answer | None:
    """What was written is what counts."""
    if hashlib.sha256(comment.body.encode()).hexdigest() == hint.digest:
        return None
    return refuse_record(record, "comment_edited", "the comment was edited", then="Write it as a new comment.")


def _too_late(record: Record, asked_at: datetime) -> Answer | None:
    """After a long outage nobody expects it to happen any more."""
    if record.at - asked_at <= TOO_OLD:
        return None
    sentence = "it reached me more than an hour after it was asked for"
    return refuse_record(record, "comment_too_old", sentence, then="Ask again if you still mean it.")


def _first_line(body: str) -> str:
    lines = (line.strip() for line in body.splitlines())
    return next((line for line in lines if line.startswith("/")), "")[:200]
