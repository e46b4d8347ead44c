"""GitHub as the engine sees it: one object with the reads and the writes, built from its parts."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import datetime

import aiohttp

from bot.github.access import RepositoryAccess
from bot.github.app_calls import AppCalls
from bot.github.app_key import AppKey
from bot.github.check_runs import CheckRunWrites
from bot.github.checks import CheckReads
from bot.github.client import API_VERSION, ApiClient
from bot.github.comments import CommentWrites
from bot.github.comparing import CompareReads
from bot.github.deployments import DeploymentWrites
from bot.github.grants import Grants
from bot.github.identity import Identity, StatusAuthors
from bot.github.pacing import Pacing
from bot.github.people import PeopleReads
from bot.github.pulls import PullReads
from bot.github.repositories import RepositoryReads
from bot.github.tokens import InstallationTokens


class Reads(RepositoryReads, PullReads, CheckReads, PeopleReads, CompareReads):
    """Satisfies the engine's `GitHubReads`."""

    def __init__(self, app: AppCalls, access: RepositoryAccess) -> None:
        RepositoryReads.__init__(self, app, access)
        PullReads.__init__(self, access)
        CheckReads.__init__(self, access, StatusAuthors(app))
        PeopleReads.__init__(self, access)
        CompareReads.__init__(self, access)


class Writes(DeploymentWrites, CheckRunWrites, CommentWrites):
    """Satisfies the engine's `GitHubWrites`."""

    def __init__(self, access: RepositoryAccess, identity: Identity) -> None:
        DeploymentWrites.__init__(self, access, identity)
        CheckRunWrites.__init__(self, access, app_id=identity.app_id)
        CommentWrites.__init__(self, access, identity)


def _about_one() -> float:
    return random.uniform(0.5, 1.5)  # noqa: S311 - spreads retries, guards nothing


class GitHubApp:
    """Our App on one GitHub. The session is the caller's (`client.open_session`), and so is closing it.

    Raises `SettingsError` when `private_key` is no RSA key.
    """

    def __init__(
        self,
        *,
        api_url: str,
        app_id: int,
        private_key: str,
        session: aiohttp.ClientSession,
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = _about_one,
        api_version: str = API_VERSION,
    ) -> None:
        api = ApiClient(session, base_url=api_url, clock=clock, api_version=api_version)
        pacing = Pacing(sleep=sleep, jitter=jitter)
        app = AppCalls(api, AppKey(app_id=app_id, private_key=private_key, clock=clock), pacing)
        self._tokens = InstallationTokens(app, clock=clock)
        self._identity = Identity(app, app_id=app_id)
        access = RepositoryAccess(api, self._tokens, pacing, clock=clock)
        self.reads = Reads(app, access)
        self.writes = Writes(access, self._identity)
        self.grants = Grants(app)

    async def app_identity(self) -> tuple[str, int]:
        """Slug and id of the App that our key belongs to. Raises `BrokenError` when GitHub refuses the key."""
        app = await self._identity.read()
        return app.slug, app.id

    def forget_installation(self, installation_id: int) -> None:
        """Drop its tokens: it was removed, suspended, or given other permissions or repositories."""
        self._tokens.forget(installation_id)
