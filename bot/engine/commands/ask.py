"""One command of one person, and what becomes of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.catalog import App, Environment
from bot.domain.command import Command, Verb
from bot.domain.intent import IntentId, Repository
from bot.domain.people import Person
from bot.domain.pull import Pull
from bot.engine.outcome import CatalogRow
from bot.engine.tools import Tools
from bot.report.answers import refusal
from bot.report.markdown import code
from bot.storage.commands import Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """A command that was understood, with what was read for it."""

    tools: Tools
    repository: Repository
    pull: Pull
    person: Person
    command: Command
    key: str
    """Makes it the same command, however often it is delivered."""
    comment_id: int | None
    """None: a button."""
    asked_at: datetime
    """Up to when a person can have seen what the command is about."""
    apps: tuple[App, ...]
    """Those of the repository."""
    about: IntentId | None = None
    """The intent whose button it was."""

    def line(self, verb: Verb, place: CatalogRow, rest: str = "") -> str:
        """What to type there, as code; the app is named where the environment does not say enough."""
        app = place.app.name if len(self.apps) > 1 else ""
        return code(" ".join(word for word in (f"/{verb}", place.environment.name, app, rest) if word))


Act = Callable[[AsyncConnection, Record], Awaitable[IntentId | None]]
"""Does it, in the transaction that records the command. Answers with the intent that came of it, if one did."""


class Decision(StrEnum):
    """What became of a command."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    ANSWERED = "answered"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A decision. `body` is written as a comment of its own; empty: a reaction says enough."""

    decision: Decision
    reason: str = ""
    sentence: str
    body: str = ""
    place: CatalogRow | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    act: Act | None = None
    outsider: bool = False
    """A no to somebody who may not command here at all."""
    silent: bool = False
    """Recorded, and nothing is written."""


class OvertakenError(Exception):
    """Raised by an act when what was decided is not true any more; `answer` is what is true now."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.sentence)
        self.answer = answer


def refuse(
    ask: Ask, reason: str, sentence: str, *, then: str = "", place: CatalogRow | None = None, **facts: Any
) -> Answer:
    """A no: what was refused, the facts, and in `then` what to type next (Markdown of ours)."""
    return Answer(
        decision=Decision.REFUSED,
        reason=reason,
        sentence=sentence,
        body=refusal(ask.person.login, ask.command.line, sentence, then),
        place=place,
        facts=facts,
    )


def refuse_record(record: Record, reason: str, sentence: str, *, then: str = "", outsider: bool = False) -> Answer:
    """The same, before anything but the comment is known."""
    body = refusal(record.actor.login, record.line, sentence, then)
    return Answer(decision=Decision.REFUSED, reason=reason, sentence=sentence, body=body, outsider=outsider)


def accept(sentence: str, *, place: CatalogRow | None, act: Act, body: str = "", **facts: Any) -> Answer:
    return Answer(decision=Decision.ACCEPTED, sentence=sentence, place=place, act=act, body=body, facts=facts)


def tell(sentence: str, body: str, *, place: CatalogRow | None = None) -> Answer:
    return Answer(decision=Decision.ANSWERED, sentence=sentence, body=body, place=place)


def row(app: App, environment: Environment) -> CatalogRow:
    return CatalogRow(app=app, environment=environment)
