"""Buttons of a check run: the same commands, about the intent whose check it is."""

from bot.domain.command import Command, Verb, format_command
from bot.domain.hint import Hint
from bot.domain.intent import Intent, Repository
from bot.domain.people import Person
from bot.engine.commands.ask import Decision
from bot.engine.commands.desk import Desk
from bot.engine.tools import Tools
from bot.errors import RejectedError
from bot.storage import intents
from bot.storage.commands import Record
from bot.storage.deliveries import Delivery
from bot.storage.tables import intents as table

_VERBS = {"rollback": Verb.ROLLBACK, "again": Verb.DEPLOY, "abort": Verb.ABORT}
_KEY = "check_run:"


async def click(desk: Desk, tools: Tools, repository: Repository, hint: Hint, delivery: Delivery) -> str:
    """Act on a click. Raises `TransientError` while GitHub does not answer, `RejectedError` for a button not ours."""
    intent = await _intent(tools, repository, hint)
    verb = _VERBS.get(hint.button)
    if intent is None or verb is None or intent.pull_request is None:
        raise RejectedError("unknown_button", "the button belongs to nothing that is known here")
    command = _command(intent, verb)
    record = Record(
        # Not the delivery's GUID: it is in no signature, and the same click under another one is still the same click.
        key=f"click:{hint.external_id}:{hint.button}:{hint.actor_id}:{delivery.body_digest}",
        repository=repository,
        pull_request=intent.pull_request,
        comment_id=None,
        actor=Person(id=hint.actor_id, login=hint.actor),
        verb=verb,
        line=command.line,
        at=tools.clock(),
        decision=Decision.REFUSED,
    )
    return await desk.click(record, command, about=intent.id, received_at=delivery.received_at)


def _command(intent: Intent, verb: Verb) -> Command:
    """As it would be typed; what is deployed again is named by its full number."""
    sha = intent.sha if verb is Verb.DEPLOY else None
    typed = Command(verb=verb, environment=intent.environment, app=intent.app, sha=sha, line="")
    line = format_command(typed)
    return Command(verb=verb, environment=intent.environment, app=intent.app, sha=sha, line=line)


async def _intent(tools: Tools, repository: Repository, hint: Hint) -> Intent | None:
    """The one whose check run was clicked; of this repository only."""
    number = hint.external_id.removeprefix(_KEY)
    if not hint.external_id.startswith(_KEY) or not number.isdecimal() or len(number) > 18:
        return None
    async with tools.database.begin() as connection:
        found = await intents.find(connection, (table.c.id == int(number)) & (table.c.repository_id == repository.id))
    return found[0] if found else None
