"""From a merge or a push to wishes: what the catalog wants deployed because of it."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.catalog import App, Catalog, DeployOn, Environment
from bot.domain.intent import Intent, Kind, NewIntent, Repository
from bot.engine import announce
from bot.engine.ports import GitHubReads, Pull
from bot.errors import RejectedError, TransientError
from bot.storage import intents, stops
from bot.storage.database import Database

_UNLISTED = frozenset({"too_many_files", "github_not_found"})  # a new branch, or forced away from a vanished commit
TAKEN = "taken; reading its checks"

log = structlog.get_logger("greenlane.engine")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Change:
    """A new commit on a branch, whoever brought it."""

    repository: Repository
    sha: str
    branch: str
    pull_request: int | None
    actor: str
    actor_id: int | None = None


class Admission:
    """Turns facts about commits into intents, each once."""

    def __init__(
        self, *, database: Database, github: GitHubReads, catalog: Catalog, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._github = github
        self._catalog = catalog
        self._clock = clock

    async def merged(self, repository: Repository, pull: Pull) -> int:
        """Wishes of a merged pull request; the number that is new. Raises `TransientError` while GitHub lags."""
        if pull.merge_commit_sha is None:
            raise TransientError(f"GitHub does not say yet which commit #{pull.number} became")
        change = _Change(
            repository=repository,
            sha=pull.merge_commit_sha,
            branch=pull.base,
            pull_request=pull.number,
            actor=pull.merged_by,
            actor_id=pull.merged_by_id,
        )

        async def files() -> Collection[str]:
            return await self._github.pull_files(repository, pull.number)

        return await self._admit(change, DeployOn.MERGE, files)

    async def pushed(
        self,
        repository: Repository,
        *,
        branch: str,
        before: str,
        sha: str,
        actor: str,
        actor_id: int | None = None,
    ) -> int:
        """Wishes of a new branch head; the number that is new."""
        if not await self._wanted(repository, branch, DeployOn.PUSH):
            return 0
        pull = await self._github.pull_of_commit(repository, sha)
        if pull is not None and pull.base != branch:  # merged into another branch: that one's act, not this one's
            pull = None
        change = _Change(
            repository=repository,
            sha=sha,
            branch=branch,
            pull_request=pull.number if pull else None,
            actor=pull.merged_by if pull and pull.merged_by else actor,
            actor_id=pull.merged_by_id if pull and pull.merged_by else actor_id,
        )

        async def files() -> Collection[str]:
            return await self._github.commit_files(repository, base=before, head=sha)

        return await self._admit(change, DeployOn.PUSH, files)

    async def _wanted(self, repository: Repository, branch: str, on: DeployOn) -> list[tuple[App, Environment]]:
        """The catalog's rows that follow this branch in this way."""
        rows = []
        for app in self._catalog.apps_of(repository.full_name, repository.id):
            if branch == (app.branch or await self._github.default_branch(repository)):
                rows += [(app, environment) for environment in app.environments if environment.deploy is on]
        return rows

    async def _admit(self, change: _Change, on: DeployOn, files: Callable[[], Awaitable[Collection[str]]]) -> int:
        rows = await self._wanted(change.repository, change.branch, on)
        if any(app.paths for app, _ in rows):
            changed = await self._changed(files)
            rows = [(app, environment) for app, environment in rows if changed is None or app.concerns(changed)]
        return sum([await self._add(change, app, environment) for app, environment in rows])

    async def _changed(self, files: Callable[[], Awaitable[Collection[str]]]) -> Collection[str] | None:
        """The paths of a change; None when GitHub can't list them, so that it concerns everybody."""
        try:
            return await files()
        except RejectedError as error:
            if error.reason not in _UNLISTED:
                raise
            return None

    async def _add(self, change: _Change, app: App, environment: Environment) -> bool:
        wish = NewIntent(
            key=f"automatic:{change.repository.id}:{app.team}/{app.name}:{environment.name}:{change.sha}",
            repository=change.repository,
            team=app.team,
            app=app.name,
            environment=environment.name,
            kind=Kind.AUTOMATIC,
            sha=change.sha,
            branch=change.branch,
            pull_request=change.pull_request,
            actor=change.actor,
            actor_id=change.actor_id,
            target=environment.target,
        )
        now = self._clock()
        async with self._database.begin() as connection:
            deadline = now + app.checks_deadline
            intent_id = await intents.add(connection, wish, detail=TAKEN, now=now, deadline=deadline)
            if intent_id is None:
                return False
            await self._announce(connection, change, await intents.get(connection, intent_id), now=now)
        log.info("intent_admitted", intent=intent_id, wish=wish.key)
        return True

    async def _announce(self, connection: AsyncConnection, change: _Change, intent: Intent, *, now: datetime) -> None:
        """Say that it was taken; or that it ends here, because somebody asked for that before the merge."""
        hold = None
        if change.pull_request is not None:
            hold = await stops.pull_hold(
                connection,
                repository_id=change.repository.id,
                number=change.pull_request,
                app=intent.app,
                environment=intent.environment,
            )
        if hold is None:
            await announce.admitted(connection, intent, now=now)
        else:
            await announce.held_back(connection, [intent], hold, now=now)
