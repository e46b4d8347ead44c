"""One outbox row → one write on GitHub, made from what the intent is now."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.domain.catalog import Catalog, Environment
from bot.domain.intent import Intent, Repository, State
from bot.engine.ports import CheckAction, CheckOutput, DeploymentState, GitHubWrites
from bot.engine.replies import Replies
from bot.errors import BrokenError
from bot.report import answers, check_run, comment
from bot.report.view import View
from bot.storage import commands, holds, intents, locks, outbox, stops
from bot.storage.database import Database
from bot.storage.outbox import Kind, Message

ABOUT_COMMANDS = frozenset({Kind.REPLY, Kind.NOTE, Kind.REACTION, Kind.UNDONE})

Pace = Callable[[int], Awaitable[None]]
"""Waits until an installation may write again."""

_STATES: dict[str, DeploymentState] = {
    "in_progress": "in_progress",
    "success": "success",
    "failure": "failure",
    "error": "error",
    "inactive": "inactive",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Dropped:
    """The write is moot now."""

    reason: str


class Messages:
    """Renders and writes. Answers with GitHub's id of what was written, where there is one to remember."""

    def __init__(self, *, database: Database, github: GitHubWrites, catalog: Catalog, web_url: str) -> None:
        self._replies = Replies(database=database, github=github)
        self._database = database
        self._github = github
        self._catalog = catalog
        self._web_url = web_url

    async def send(self, message: Message, *, pace: Pace) -> int | Dropped | None:
        """Write it. Raises `TransientError` (try again) or `RejectedError` (GitHub says no)."""
        if message.kind in ABOUT_COMMANDS:
            await pace(message.installation_id)
            sent = await self._replies.send(message)
            return Dropped(reason=sent) if isinstance(sent, str) else sent
        if message.kind is Kind.COMMENT:
            await pace(message.installation_id)
            return await self._comment(message)
        moot = await self._moot(message, await self._intent(message))
        if moot is None:
            await pace(message.installation_id)
            intent = await self._intent(message)  # while it waited for its turn, the world went on
            moot = await self._moot(message, intent)
        return moot or await self._write(message, intent)

    async def _write(self, message: Message, intent: Intent) -> int | Dropped | None:
        match message.kind:
            case Kind.DEPLOYMENT:
                return await self._deployment(message, intent)
            case Kind.STATUS:
                return await self._status(message, intent)
            case Kind.CHECK_RUN:
                return await self._check_run(message, intent)
            case Kind.NOTICE:
                return await self._notice(message, intent)
            case _:
                raise BrokenError(f"a message of kind {message.kind} is not about an intent")

    async def _intent(self, message: Message) -> Intent:
        if message.intent_id is None:
            raise BrokenError(f"the message {message.key} is about no intent")
        async with self._database.begin() as connection:
            return await intents.get(connection, message.intent_id)

    async def _moot(self, message: Message, intent: Intent) -> Dropped | None:
        """Why the write would say something that is no longer true; None when it would not."""
        match message.kind:
            case Kind.STATUS if message.argument == "in_progress" and not intent.state.is_open:
                return Dropped(reason="the rollout has ended")
            case Kind.STATUS if message.argument == "success" and await self._is_replaced(intent):
                return Dropped(reason="a newer version runs")
            case Kind.NOTICE if intent.state.is_open:
                return Dropped(reason="it went on after all")
            case _:
                return None

    async def _is_replaced(self, intent: Intent) -> bool:
        async with self._database.begin() as connection:
            newest = await intents.last_succeeded(connection, target_key=intent.target.key, except_id=0)
        return newest is not None and newest.id != intent.id

    async def _deployment(self, message: Message, intent: Intent) -> int:
        environment = self._environment(intent)
        return await self._github.ensure_deployment(
            intent.repository,
            key=message.key,
            sha=intent.sha,
            environment=self._environment_name(intent),
            description=f"{intent.app} {intent.short_sha} to {intent.environment}",
            production=environment.production if environment else False,
            payload={"greenlane": message.key, "app": intent.app, "image": intent.image},
            retry=message.attempts > 1,
        )

    async def _status(self, message: Message, intent: Intent) -> Dropped | None:
        async with self._database.begin() as connection:
            deployment = await outbox.external_id(connection, f"{Kind.DEPLOYMENT}:{intent.id}")
        if deployment is None:
            return Dropped(reason="there is no deployment to put it on")
        view = await self._view(intent)
        environment = self._environment(intent)
        await self._github.ensure_deployment_status(
            intent.repository,
            deployment=deployment,
            state=_STATES[message.argument],
            description=check_run.status_description(view, message.argument),
            log_url=view.check_url,
            environment_url=view.environment_url,
            auto_inactive=not (environment.production if environment else False),
            retry=message.attempts > 1,
        )
        return None

    async def _check_run(self, message: Message, intent: Intent) -> int:
        view = await self._view(intent)
        output = check_run.output(view)
        ended = not intent.state.is_open
        return await self._github.ensure_check_run(
            intent.repository,
            external_id=message.key,
            known_id=message.external_id,
            sha=intent.sha,
            name=check_run.name(view, several_apps=self._has_several_apps(intent)),
            status="completed" if ended else "in_progress",
            conclusion=check_run.CONCLUSIONS[intent.state] if ended else None,
            started_at=intent.created_at,
            completed_at=intent.state_since if ended else None,
            details_url=view.commit_url,
            output=CheckOutput(title=output.title, summary=output.summary, text=output.text),
            actions=[CheckAction(label=each[0], description=each[1], identifier=each[2]) for each in _buttons(intent)],
            retry=message.attempts > 1,
        )

    async def _comment(self, message: Message) -> int | Dropped:
        """The living comment: every environment's newest intent, and what is kept for this pull request."""
        repository, number = await self._about(message)
        if repository is None or number is None:
            return Dropped(reason="no pull request")
        async with self._database.begin() as connection:
            all_of_pull = await intents.of_pull(connection, repository_id=repository.id, number=number)
            kept = await locks.of_pull(connection, repository_id=repository.id, number=number)
            held = await stops.pull_holds_of(connection, repository_id=repository.id, number=number)
        newest: dict[tuple[str, str, str], Intent] = {}
        for one in all_of_pull:
            newest.setdefault((one.team, one.app, one.environment), one)
        shown = sorted(newest.values(), key=lambda one: one.id)
        notes = [*map(answers.locked, kept), *map(answers.pull_held, held)]
        if not shown and not notes and message.external_id is None:
            return Dropped(reason="there is nothing to show")
        marker = comment.living_marker(repository.id, number)
        body = comment.living([await self._view(one) for one in shown], marker=marker, notes=notes)
        return await self._github.ensure_comment(
            repository, number=number, marker=marker, body=body, known_id=message.external_id
        )

    async def _about(self, message: Message) -> tuple[Repository | None, int | None]:
        if message.intent_id is not None:
            intent = await self._intent(message)
            return intent.repository, intent.pull_request
        _, repository_id, number = message.key.split(":")
        async with self._database.begin() as connection:
            record = await commands.get(connection, message.command_id or 0)
        if record.repository is None or record.repository.id != int(repository_id):
            return None, None
        return record.repository, int(number)

    async def _notice(self, message: Message, intent: Intent) -> int | Dropped:
        if intent.pull_request is None:
            return Dropped(reason="no pull request")
        marker = comment.notice_marker(intent.id)
        body = comment.notice(await self._view(intent), marker=marker)
        return await self._github.ensure_comment(
            intent.repository, number=intent.pull_request, marker=marker, body=body, known_id=message.external_id
        )

    async def _view(self, intent: Intent) -> View:
        async with self._database.begin() as connection:
            timeline = (await intents.timeline(connection, [intent.id])).get(intent.id, [])
            rollback = await intents.taking_back(connection, intent.id)
            hold = await holds.current(connection, team=intent.team, app=intent.app, environment=intent.environment)
        environment = self._environment(intent)
        return View(
            intent=intent,
            timeline=tuple(timeline),
            web_url=self._web_url,
            environment_url=environment.url if environment else "",
            rollback=rollback,
            hold=hold,
            several_apps=self._has_several_apps(intent),
        )

    def _environment(self, intent: Intent) -> Environment | None:
        return self._catalog.environment(intent.team, intent.app, intent.environment)

    def _has_several_apps(self, intent: Intent) -> bool:
        return self._catalog.has_several_apps(intent.repository.full_name, intent.repository.id)

    def _environment_name(self, intent: Intent) -> str:
        """GitHub's auto-inactive goes by this name: two apps of one repository must not share it."""
        return f"{intent.environment} ({intent.app})" if self._has_several_apps(intent) else intent.environment


def _buttons(intent: Intent) -> list[tuple[str, str, str]]:
    """What a person can do from the check run: label, description, identifier. Answers need a pull request."""
    if intent.pull_request is None:
        return []
    if intent.state.is_open:
        return [("Abort", "End it; go back to what ran before", "abort")]
    back = [("Roll back", "To the release before this one", "rollback")]
    again = [("Deploy again", "The same commit, once more", "again")]
    return back + again if intent.state is State.SUCCEEDED else again
