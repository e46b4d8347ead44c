"""One request to GitHub's REST API over gidgethub: headers, time-out, redirects, and every failure as our error."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

import aiohttp
from gidgethub.abc import GitHubAPI
from yarl import URL

from bot import __version__
from bot.errors import BrokenError, TransientError
from bot.github.refusals import to_error

API_VERSION = "2022-11-28"  # the newer one drops `merge_commit_sha`
ACCEPT = "application/vnd.github+json"
CALL_TIMEOUT = timedelta(seconds=15)
CONNECTIONS = 10
_YES = frozenset({200, 201, 202, 204})
_REDIRECTS = frozenset({301, 302, 307, 308})
_MOST_HOPS = 5
_NO_BODY = b""


def open_session(*, on_answer: Callable[[int | None], None] | None = None) -> aiohttp.ClientSession:
    """A session with as many connections as GitHub likes to see from one client; the caller closes it.

    `on_answer` hears every answer's status code, None when there was none.
    """
    trace = aiohttp.TraceConfig()
    if on_answer is not None:
        hear = on_answer

        async def ended(_session: object, _context: object, facts: aiohttp.TraceRequestEndParams) -> None:
            hear(facts.response.status)

        async def failed(_session: object, _context: object, _facts: object) -> None:
            hear(None)

        trace.on_request_end.append(ended)
        trace.on_request_exception.append(failed)
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS), trace_configs=[trace])


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A 2xx answer; `next_url` is the next page."""

    status: int
    data: Any  # JSON as decoded; callers convert it to a struct at once
    next_url: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """What a request is signed with: an App's JWT or an installation's token. Never shown."""

    value: str
    is_jwt: bool = False

    def __repr__(self) -> str:
        return f"Credential({'jwt' if self.is_jwt else 'token'})"


class ApiClient(GitHubAPI):
    """gidgethub's request building and link parsing, with our own way to send and to fail."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base_url: str,
        clock: Callable[[], datetime],
        api_version: str = API_VERSION,
        timeout: timedelta = CALL_TIMEOUT,
    ) -> None:
        super().__init__(f"greenlane/{__version__}", base_url=base_url.rstrip("/"))
        self._session = session
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout.total_seconds())
        self._headers = {"x-github-api-version": api_version}

    async def call(
        self,
        method: str,
        url: str,
        *,
        credential: Credential | None,
        variables: Mapping[str, str] | None = None,
        data: object = _NO_BODY,
    ) -> Answer:
        """Send once. `url` is a URI template below the base URL, or a page link. Raises our errors only."""
        signed = {} if credential is None else {"jwt" if credential.is_jwt else "oauth_token": credential.value}
        try:
            answer, next_url, status = await self._make_request(
                method,
                url,
                variables,
                data,
                ACCEPT,
                extra_headers=self._headers,
                **signed,
            )
        except (ValueError, LookupError) as error:  # JSON, an encoding, or a number in a header
            raise TransientError("GitHub's answer was garbled") from error
        if isinstance(answer, str):
            raise TransientError("GitHub's answer was not JSON")
        return Answer(status=status, data=answer, next_url=next_url)

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = _NO_BODY
    ) -> tuple[int, Mapping[str, str], bytes]:
        for _ in range(_MOST_HOPS):
            self._require_ours(url)
            status, answered, content = await self._send(method, url, headers, body)
            if status in _REDIRECTS and "location" in answered:
                # A renamed repository: repeat as it was, never as aiohttp's bodyless GET.
                url = str(URL(url, encoded=True).join(URL(answered["location"], encoded=True)))
                continue
            if status in _YES:
                return status, answered, content
            raise to_error(status, answered, content, asked=f"{method} {self._shown(url)}", now=self._clock())
        raise TransientError("GitHub sent us round in circles (redirects)")

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                headers=headers,
                data=body or None,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                return response.status, response.headers, await response.read()
        except TimeoutError as error:
            raise TransientError("GitHub did not answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise TransientError(f"GitHub can't be reached ({type(error).__name__})") from error

    async def sleep(self, seconds: float) -> NoReturn:
        """The base class's own waiting, which nothing here uses: waiting belongs to `Pacing`."""
        raise NotImplementedError(seconds)

    def _require_ours(self, url: str) -> None:
        """A token must not travel to a host that a page link, a redirect or a payload names."""
        base, asked = URL(self.base_url), URL(url, encoded=True)
        if asked.origin() != base.origin() or not asked.path.startswith(base.path.rstrip("/") + "/"):
            raise BrokenError(f"refused to send our token to {asked.origin()}: it is not {self.base_url}")

    def _shown(self, url: str) -> str:
        return URL(url, encoded=True).path.removeprefix(URL(self.base_url).path).lstrip("/")
