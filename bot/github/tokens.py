"""Installation tokens: for one repository, with no more rights than the bot uses, kept only in memory."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.errors import RejectedError
from bot.github import answers
from bot.github.app_calls import AppCalls
from bot.github.client import Credential
from bot.github.errors import ForbiddenError, InvalidError, NotFoundError

NEEDED: Mapping[str, str] = {
    "metadata": "read",
    "contents": "read",
    # Comments on pull requests are refused with issues: write alone (seen: vitejs/vite-ecosystem-ci#487).
    "pull_requests": "write",
    "issues": "write",
    "checks": "write",
    "statuses": "read",
    "deployments": "write",
    "members": "read",
}
LOOKING_UP: Mapping[str, str] = {"metadata": "read"}
WHOLE_INSTALLATION = 0
"""In place of a repository id, for the one read that finds the id."""

RENEWED_BEFORE_END = timedelta(minutes=5)
# A new token reaches GitHub's replicas over some seconds (octokit/auth-app.js#65, akuity/kargo#6630).
YOUNG_FOR = timedelta(seconds=45)
_LEVELS = ("read", "write", "admin")


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallationToken:
    """A token with what GitHub granted to it."""

    credential: Credential = field(repr=False)
    minted_at: datetime
    expires_at: datetime
    permissions: Mapping[str, str]

    def is_young(self, now: datetime) -> bool:
        """Whether a refusal may only mean that a replica has not heard of it."""
        return now - self.minted_at < YOUNG_FOR

    def allows(self, accepted: str) -> bool:
        """Whether `X-Accepted-GitHub-Permissions` is met; true when the header was empty."""
        alternatives = [one.strip() for one in accepted.split(";") if one.strip()]
        return not alternatives or any(self._has_all(one) for one in alternatives)

    def _has_all(self, alternative: str) -> bool:
        pairs = (one.strip().partition("=") for one in alternative.split(","))
        return all(covers(self.permissions.get(name, ""), level or "read") for name, _, level in pairs)


class InstallationTokens:
    """Mints, keeps and drops. One call a key is under way at a time, the others wait for it."""

    def __init__(self, app: AppCalls, *, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._clock = clock
        self._kept: dict[tuple[int, int], InstallationToken] = {}
        self._locks: defaultdict[tuple[int, int], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, installation_id: int, repository_id: int) -> InstallationToken:
        """A token that holds for five more minutes.

        Raises `RejectedError` (`github_not_installed`, `github_suspended`) and `TransientError`.
        """
        key = (installation_id, repository_id)
        async with self._locks[key]:
            kept = self._kept.get(key)
            if kept is None or self._clock() >= kept.expires_at - RENEWED_BEFORE_END:
                kept = self._kept[key] = await self._mint(installation_id, repository_id)
            return kept

    def drop(self, token: InstallationToken) -> None:
        """Forget a token that GitHub no longer accepts."""
        self._kept = {key: kept for key, kept in self._kept.items() if kept is not token}

    def forget(self, installation_id: int) -> None:
        """Forget everything of an installation that was removed, suspended or given other rights."""
        self._kept = {key: kept for key, kept in self._kept.items() if key[0] != installation_id}

    async def _mint(self, installation_id: int, repository_id: int) -> InstallationToken:
        wanted = NEEDED if repository_id != WHOLE_INSTALLATION else LOOKING_UP
        try:
            return await self._ask(installation_id, repository_id, wanted)
        except InvalidError:
            granted = await self._granted(installation_id)
        # The owner has not accepted everything: work with the rest, and say what is missing where it is needed.
        some = {name: _lower(level, granted[name]) for name, level in wanted.items() if name in granted}
        if some == wanted:
            raise _not_installed()
        try:
            return await self._ask(installation_id, repository_id, some)
        except InvalidError as error:
            raise _not_installed() from error

    async def _ask(self, installation_id: int, repository_id: int, permissions: Mapping[str, str]) -> InstallationToken:
        body: dict[str, object] = {"permissions": dict(permissions)}
        if repository_id != WHOLE_INSTALLATION:
            body["repository_ids"] = [repository_id]
        now = self._clock()
        try:
            said = await self._app.post(
                "/app/installations/{installation}/access_tokens", body, installation=str(installation_id)
            )
        except NotFoundError as error:
            raise _not_installed() from error
        except ForbiddenError as error:
            raise RejectedError(
                "github_suspended",
                "the App's installation is suspended",
                hint="An owner can unsuspend it under Settings, GitHub Apps.",
            ) from error
        token = answers.to_struct(said, answers.Token)
        return InstallationToken(
            credential=Credential(value=token.token),
            minted_at=now,
            expires_at=token.expires_at,
            permissions=token.permissions or dict(permissions),
        )

    async def _granted(self, installation_id: int) -> Mapping[str, str]:
        try:
            said = await self._app.get("/app/installations/{installation}", installation=str(installation_id))
        except NotFoundError as error:
            raise _not_installed() from error
        return answers.to_struct(said, answers.Installation).permissions


def _not_installed() -> RejectedError:
    return RejectedError(
        "github_not_installed",
        "the App is not installed on this repository (any more)",
        hint="An owner installs it from the App's page.",
    )


def covers(has: str, needs: str) -> bool:
    """Whether one level of a permission includes another; words that GitHub does not know cover nothing."""
    return has in _LEVELS and needs in _LEVELS and _LEVELS.index(has) >= _LEVELS.index(needs)


def _lower(one: str, other: str) -> str:
    return one if covers(other, one) else other
