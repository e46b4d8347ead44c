"""Calls on one repository: the right token, patience with a young one, pages to the end, limits kept."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from bot.domain.intent import Repository
from bot.errors import BrokenError, RejectedError, TransientError
from bot.github.answers import to_struct
from bot.github.client import Answer, ApiClient
from bot.github.errors import ForbiddenError, NotFoundError, RateLimitedError, UnauthorizedError
from bot.github.pacing import Pacing
from bot.github.refusals import GRANT_HINT, lacks_permission, to_missing_permission
from bot.github.tokens import InstallationToken, InstallationTokens

# GitHub's support told akuity/kargo (#6630) to try again after 3, 10 and 30 s.
YOUNG_DELAYS = (1.0, 3.0, 10.0, 30.0)
MOST_PAGES = 200

ITSELF = ""
"""The path of the repository itself."""

_Kind = TypeVar("_Kind")


class RepositoryAccess:
    """Paths are URI templates below the repository: `/pulls/{number}`. Reads are repeated, writes never.

    All calls raise `NotFoundError`, `ForbiddenError` and other `RejectedError`s, `TransientError`, `BrokenError`.
    """

    def __init__(
        self, api: ApiClient, tokens: InstallationTokens, pacing: Pacing, *, clock: Callable[[], datetime]
    ) -> None:
        self._api = api
        self._tokens = tokens
        self._pacing = pacing
        self._clock = clock
        self._paused_until: dict[int, datetime] = {}
        self._writing: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, repository: Repository, path: str, kind: type[_Kind], **variables: str) -> _Kind:
        """One object."""
        answer = await self._read(repository, path, variables)
        return to_struct(answer.data, kind)

    async def get_outside(self, repository: Repository, path: str, kind: type[_Kind], **variables: str) -> _Kind:
        """One object that is not below the repository, as its organisation's teams, with the repository's token."""
        request = _Request(repository=repository, method="GET", url=path, variables=variables, below="")
        answer = await self._pacing.patiently(lambda: self._authorised(request))
        return to_struct(answer.data, kind)

    async def require(self, repository: Repository, permission: str, level: str) -> None:
        """Raise `RejectedError` unless our token for the repository has the permission."""
        token = await self._tokens.get(repository.installation_id, repository.id)
        if not token.allows(f"{permission}={level}"):
            raise RejectedError(
                "github_forbidden",
                f"the App needs {permission}={level} and does not have it",
                hint=GRANT_HINT,
            )

    async def pages(
        self, repository: Repository, path: str, kind: type[_Kind], *, key: str = "", **variables: str
    ) -> list[_Kind]:
        """Every item of every page; a page that fails fails the read. `key` names the list in an envelope."""
        found = [page async for page in self.each_page(repository, path, kind, key=key, **variables)]
        return [item for page in found for item in page]

    async def each_page(
        self, repository: Repository, path: str, kind: type[_Kind], *, key: str = "", **variables: str
    ) -> AsyncIterator[list[_Kind]]:
        """Page after page, for readers that may stop early."""
        answer = await self._read(repository, path, {**variables, "per_page": "100"})
        seen: set[Any] = set()
        for number in range(1, MOST_PAGES + 1):
            items = _items(answer.data, key)
            seen.update(item["id"] for item in items if isinstance(item, dict) and "id" in item)
            yield to_struct(items, list[kind])  # type: ignore[valid-type]  # a runtime type, which mypy can't follow
            if answer.next_url is None:
                _require_all(answer.data, seen, pages=number)
                return
            answer = await self._read(repository, answer.next_url, None)
        raise BrokenError(f"GitHub's list at {path} has more than {MOST_PAGES} pages")

    async def send(
        self, repository: Repository, method: str, path: str, data: Mapping[str, object], **variables: str
    ) -> Answer:
        """One write: one at a time for an installation, and not repeated, since its answer may be what got lost."""
        request = _Request(repository=repository, method=method, url=path, variables=variables, data=data)
        async with self._writing[repository.installation_id]:
            return await self._authorised(request)

    async def _read(self, repository: Repository, url: str, variables: Mapping[str, str] | None) -> Answer:
        request = _Request(repository=repository, method="GET", url=url, variables=variables)
        return await self._pacing.patiently(lambda: self._authorised(request))

    async def _authorised(self, request: "_Request") -> Answer:
        """With a token that ran out replaced once."""
        delays = iter(YOUNG_DELAYS)
        try:
            return await self._believed(request, delays)
        except UnauthorizedError:
            return await self._believed(request, delays)

    async def _believed(self, request: "_Request", delays: Iterator[float]) -> Answer:
        """A refusal is believed once the token is old enough to be known everywhere."""
        while True:
            token = await self._tokens.get(request.repository.installation_id, request.repository.id)
            try:
                return await self._once(request, token)
            except UnauthorizedError:
                if not token.is_young(self._clock()) or (delay := next(delays, None)) is None:
                    self._tokens.drop(token)
                    raise
            except (ForbiddenError, NotFoundError) as refused:
                if not token.allows(refused.refusal.accepted_permissions):
                    # Without the right to look, GitHub may say 404 for what is there.
                    raise to_missing_permission(refused.refusal) from refused
                if not await self._may_be_youth(request, token, refused) or (delay := next(delays, None)) is None:
                    raise
            await self._pacing.sleep(delay)

    async def _may_be_youth(
        self, request: "_Request", token: InstallationToken, refused: ForbiddenError | NotFoundError
    ) -> bool:
        """Whether GitHub may say something else in a few seconds: it granted this, or does not see the repository."""
        if not token.is_young(self._clock()):
            return False
        if isinstance(refused, ForbiddenError):
            return lacks_permission(refused.refusal)
        if request.url == ITSELF:
            return True
        try:
            await self._once(_Request(repository=request.repository, method="GET", url=ITSELF), token)
        except (UnauthorizedError, ForbiddenError, NotFoundError):
            return True
        return False

    async def _once(self, request: "_Request", token: InstallationToken) -> Answer:
        installation = request.repository.installation_id
        self._require_unpaused(installation)
        try:
            return await self._api.call(
                request.method,
                request.template,
                credential=token.credential,
                variables=request.filled,
                data=request.data,
            )
        except RateLimitedError as error:
            self._paused_until[installation] = self._clock() + error.wait
            raise

    def _require_unpaused(self, installation_id: int) -> None:
        left = self._paused_until.get(installation_id, self._clock()) - self._clock()
        if left.total_seconds() > 0:
            raise RateLimitedError(
                f"GitHub asked us to wait {left.total_seconds():.0f} s more (rate limit)", retry_after=left
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Request:
    """`variables` None: `url` is a whole one, as page links are. `below`: what `url` goes on from."""

    repository: Repository
    method: str
    url: str
    variables: Mapping[str, str] | None = field(default_factory=dict)
    data: object = b""
    below: str = "/repos/{owner}/{repo}"

    @property
    def template(self) -> str:
        return self.url if self.variables is None else self.below + self.url

    @property
    def filled(self) -> Mapping[str, str] | None:
        if self.variables is None:
            return None
        owner, _, name = self.repository.full_name.partition("/")
        return {"owner": owner, "repo": name, **self.variables}


def _items(data: Any, key: str) -> list[Any]:
    """The list of a page. gidgethub would iterate an envelope's keys."""
    found = data.get(key) if key and isinstance(data, dict) else data
    if not isinstance(found, list):
        raise BrokenError(f"GitHub's answer has no list{f' called {key}' if key else ''}")
    return found


def _require_all(data: Any, seen: Sized, *, pages: int) -> None:
    """Items move between pages while they are read; one that moved past us would be missing."""
    total = data.get("total_count") if isinstance(data, dict) else None
    if pages > 1 and isinstance(total, int) and len(seen) < total:
        raise TransientError("GitHub's list changed while it was read")
