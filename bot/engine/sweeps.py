"""Regular looks that make a lost webhook only late: merges and heads nobody told us of, and house-keeping."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.catalog import App, DeployOn
from bot.domain.command import Vocabulary, parse
from bot.domain.hint import Hint
from bot.domain.intent import Repository
from bot.domain.lock import Lock
from bot.domain.people import Comment
from bot.engine import announce
from bot.engine.admission import Admission
from bot.engine.commands import closing
from bot.engine.commands.desk import CLOCK, Desk
from bot.engine.tools import Tools
from bot.errors import GreenlaneError, RejectedError, TransientError
from bot.storage import commands, deliveries, installations, intents, locks
from bot.storage import heads as pull_heads
from bot.storage.installations import Swept

PAUSE = timedelta(seconds=60)
REMIND_BEFORE = timedelta(minutes=15)
"""How long before its end the owner of a lock is reminded."""
PER_REPOSITORY = timedelta(seconds=20)
"""A look at one takes about ten requests."""
OVERLAP = timedelta(minutes=10)
"""Looked at twice, because GitHub's lists trail its truth; an intent's key makes the second look harmless."""

NOBODY = Vocabulary(apps={})
"""Enough to see whether a comment speaks to us."""

log = structlog.get_logger("greenlane.engine")


class Sweeps:
    """Sweeps every repository of the catalog, one after the other. `on_due` is called when something was found."""

    def __init__(self, tools: Tools, admission: Admission, *, on_due: Callable[[], None], pause: timedelta) -> None:
        self._tools = tools
        self._desk = Desk(tools, on_due=on_due)
        self._admission = admission
        self._on_due = on_due
        self._pause = pause

    async def run(self) -> None:
        """Sweep now, then after every pause, until cancelled."""
        while True:
            await self.sweep()
            # A hundred repositories a minute would eat up GitHub's hourly budget.
            spread = PER_REPOSITORY * len(self._tools.catalog.repositories)
            await asyncio.sleep(max(self._pause, spread).total_seconds())

    async def sweep(self) -> None:
        """One look at everything; a repository that can't be read does not hold up the others."""
        for name in self._tools.catalog.repositories:
            try:
                found = await self._sweep_repository(name)
            except GreenlaneError as error:
                log.warning("sweep_failed", repository=name, error=str(error))
                continue
            except Exception:  # one broken repository must end neither the sweeps of the others nor the engine
                log.exception("sweep_broken", repository=name)
                continue
            if found:
                log.warning("sweep_found", repository=name, intents=found)
                self._on_due()
        await self._keep_house()

    async def _keep_house(self) -> None:
        try:
            async with self._tools.database.begin() as connection:
                await deliveries.purge(connection, now=self._tools.clock())
            if await self._end_locks():
                self._on_due()
        except TransientError as error:
            log.warning("purge_failed", error=str(error))
        except Exception:  # as above
            log.exception("purge_broken")

    async def _end_locks(self) -> bool:
        """Locks whose time is over let others go on; owners of those that end soon are reminded, once."""
        now = self._tools.clock()
        async with self._tools.database.begin() as connection:
            expired = await locks.expired(connection, now=now)
            for lock in expired:
                await locks.release(connection, lock, by="", now=now)
                await intents.hint_environment(
                    connection, team=lock.team, app=lock.app, environment=lock.environment, now=now
                )
            for lock in expired:  # after the last intent: whoever locks both locks intents first
                await _tell(connection, lock, announce.lock_over, now=now)
            ending = await locks.ending(connection, now=now, before=now + REMIND_BEFORE)
            for lock in ending:
                await locks.reminded(connection, lock, now=now)
                if lock.expires_at - lock.set_at > REMIND_BEFORE:
                    await _tell(connection, lock, announce.lock_ends, now=now)
        return bool(expired or ending)

    async def _sweep_repository(self, name: str) -> int:
        repository = await self._tools.github.find_repository(name)
        if repository is None:
            raise RejectedError("not_installed", f"the App is not installed on {name}")
        apps = self._tools.catalog.apps_of(repository.full_name, repository.id)
        now = self._tools.clock()
        async with self._tools.database.begin() as connection:
            known = await installations.swept(connection, repository.id)
            await installations.enrol(connection, repository, now=now)
        heads = await self._heads(repository, apps)
        found = 0
        if known is not None and not known.removed:
            # Seen before: what came since is ours. At first sight nothing old is deployed.
            found += await self._merges(repository, apps, known)
            found += await self._pushes(repository, known, heads)
            await self._comments(repository, known)
        async with self._tools.database.begin() as connection:
            await installations.remember_sweep(connection, repository.id, swept_at=now, heads=heads)
        return found + await self._pulls(repository)

    async def _pulls(self, repository: Repository) -> int:
        """Heads and closings of pull requests that nobody told us of; how many were closed."""
        asked_at = self._tools.clock()
        seen = await self._tools.github.open_heads(repository)
        async with self._tools.database.begin() as connection:
            for number, sha in seen.items():  # seen now, and not earlier: a push nobody told us of
                await pull_heads.record(
                    connection, repository_id=repository.id, number=number, sha=sha, now=self._tools.clock()
                )
            # A page that fails fails the list, so what is not in it is closed, or was opened a moment ago.
            await pull_heads.forget_others(
                connection, repository_id=repository.id, numbers=seen.keys(), before=asked_at - OVERLAP
            )
            locked = await locks.pulls_of(connection, repository_id=repository.id)
        ended = 0
        for number in sorted(locked - set(seen)):
            pull = await self._tools.github.pull(repository, number)  # it may have been opened since the list was read
            if pull.state != "open":
                await closing.closed(self._tools, repository, number)
                ended += 1
        return ended

    async def _comments(self, repository: Repository, known: Swept) -> None:
        """Commands nobody told us of: written while we were away, say. An edited comment is none."""
        since = max(known.swept_at - OVERLAP, known.enrolled_at)
        for number, comment in await self._tools.github.recent_comments(repository, since=since):
            if comment.is_bot or comment.updated_at != comment.created_at or comment.created_at < since:
                continue
            if parse(comment.body, NOBODY) is None:
                continue
            hint = Hint(
                kind="comment",
                number=number,
                comment_id=comment.id,
                actor_id=comment.author.id,
                digest=hashlib.sha256(comment.body.encode()).hexdigest(),
            )
            await self._hear(repository, hint, comment)

    async def _hear(self, repository: Repository, hint: Hint, comment: Comment) -> None:
        """What one comment raises holds up no other; it is found again while it is within the overlap."""
        try:
            await self._desk.comment(repository, hint, received_at=comment.created_at + CLOCK)
        except GreenlaneError as error:
            log.warning("sweep_comment_failed", repository=repository.full_name, comment=comment.id, error=str(error))
        except Exception:
            log.exception("sweep_comment_broken", repository=repository.full_name, comment=comment.id)

    async def _merges(self, repository: Repository, apps: tuple[App, ...], known: Swept) -> int:
        found = 0
        for branch in await self._branches(repository, apps, DeployOn.MERGE):
            since = max(known.swept_at - OVERLAP, known.enrolled_at)
            for pull in await self._tools.github.merged_pulls(repository, branch=branch, since=since):
                found += await self._admission.merged(repository, pull)
        return found

    async def _heads(self, repository: Repository, apps: tuple[App, ...]) -> dict[str, str]:
        """Branches that deploy on push, with their heads."""
        heads = {}
        for branch in await self._branches(repository, apps, DeployOn.PUSH):
            head = await self._tools.github.branch_head(repository, branch)
            if head:
                heads[branch] = head
        return heads

    async def _pushes(self, repository: Repository, known: Swept, heads: dict[str, str]) -> int:
        found = 0
        for branch, head in heads.items():
            before = known.heads.get(branch)
            if before and head != before:
                found += await self._admission.pushed(repository, branch=branch, before=before, sha=head, actor="")
        return found

    async def _branches(self, repository: Repository, apps: tuple[App, ...], on: DeployOn) -> list[str]:
        names = set()
        for app in apps:
            if any(environment.deploy is on for environment in app.environments):
                names.add(app.branch or await self._tools.github.default_branch(repository))
        return sorted(names)


async def _tell(connection: AsyncConnection, lock: Lock, say: Callable[..., Awaitable[None]], *, now: datetime) -> None:
    command_id = await locks.command_of(connection, lock)
    if command_id is not None:
        await say(connection, lock, await commands.get(connection, command_id), now=now)
