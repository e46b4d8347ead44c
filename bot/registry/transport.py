"""One HTTP GET with a deadline, a size limit, and redirects that never carry a login to another origin."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Final

import aiohttp
from yarl import URL

from bot.errors import BrokenError
from bot.registry.answers import Answer, parse_retry_after, to_unreachable
from bot.registry.realms import is_loopback

SessionFactory = Callable[[], aiohttp.ClientSession]

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5
_ERROR_BODY_LIMIT: Final = 64 * 1024
_CONNECTIONS_PER_HOST: Final = 6


def new_session() -> aiohttp.ClientSession:
    """A session without cookies, and few connections at a time to one registry."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit_per_host=_CONNECTIONS_PER_HOST),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "greenlane"},
    )


class Transport:
    """GETs and token POSTs; raises TransientError when no answer comes, BrokenError for redirects astray.

    `plain_http` names registries (`host` or `host:port`) spoken to without TLS; loopback hosts always are.
    """

    def __init__(self, *, session: SessionFactory | None, plain_http: Collection[str], timeout: timedelta) -> None:
        self._factory = session or new_session
        self._session: aiohttp.ClientSession | None = None
        self._plain_http = frozenset(host.lower() for host in plain_http)
        self._timeout = aiohttp.ClientTimeout(total=timeout.total_seconds())

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def base_url(self, registry: str) -> URL:
        """`https://registry.example`, or http where that is allowed."""
        url = URL(f"https://{registry}")
        return url.with_scheme("http") if self._is_plain(url) else url

    def is_secret_safe(self, url: URL) -> bool:
        """Whether a login may go there: TLS, or this very machine."""
        return url.scheme == "https" or (url.scheme == "http" and is_loopback(url.host or ""))

    def is_allowed(self, url: URL) -> bool:
        """Whether we talk to it at all: https, or http where that was allowed."""
        return url.scheme == "https" or (url.scheme == "http" and self._is_plain(url))

    def _is_plain(self, url: URL) -> bool:
        return is_loopback(url.host or "") or url.authority.lower() in self._plain_http

    async def get(
        self,
        url: URL,
        *,
        who: str,
        limit: int,
        accept: str,
        authorization: str | None,
        redirects: int = _MOST_REDIRECTS,
    ) -> Answer:
        """The answer after redirects; a 2xx body longer than `limit` bytes comes back `oversized` and empty."""
        start = url
        for _ in range(redirects + 1):
            headers = {"Accept": accept, "Accept-Encoding": "identity"}
            # Signed addresses of blob stores refuse a second login, and it is none of their business.
            if authorization is not None and url.origin() == start.origin():
                headers["Authorization"] = authorization
            else:
                authorization = None
            answer, location = await self._send("GET", url, who=who, limit=limit, headers=headers, form=None)
            if location is None:
                return answer
            url = self._next(url, location, who)
        raise BrokenError(f"{who} redirects more than the {redirects} times that are followed.")

    async def post_form(self, url: URL, *, who: str, limit: int, form: dict[str, str]) -> Answer:
        """A form, never redirected: it carries a secret."""
        answer, _ = await self._send("POST", url, who=who, limit=limit, headers={}, form=form)
        return answer

    def _next(self, url: URL, location: str, who: str) -> URL:
        try:
            target = url.join(URL(location, encoded=True))
            is_fine = bool(target.host) and (self.is_allowed(target) or url.scheme == "http" == target.scheme)
        except ValueError:
            is_fine = False
        if not is_fine:
            raise BrokenError(f"{who} redirects to an address without TLS, or to none.")
        return target

    async def _send(
        self, method: str, url: URL, *, who: str, limit: int, headers: dict[str, str], form: dict[str, str] | None
    ) -> tuple[Answer, str | None]:
        if self._session is None:
            self._session = self._factory()
        try:
            async with self._session.request(
                method, url, headers=headers, data=form, allow_redirects=False, timeout=self._timeout
            ) as response:
                location = response.headers.get("Location") if response.status in _REDIRECTS else None
                return await _to_answer(response, limit), location
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise to_unreachable(error, who=who) from None


async def _to_answer(response: aiohttp.ClientResponse, limit: int) -> Answer:
    is_error = response.status >= 300
    body, is_cut = await _read(response, _ERROR_BODY_LIMIT if is_error else limit)
    return Answer(
        status=response.status,
        body=body,
        content_type=response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
        digest=response.headers.get("Docker-Content-Digest", "").strip(),
        challenges=tuple(response.headers.getall("WWW-Authenticate", ())),
        retry_after=parse_retry_after(response.headers),
        oversized=is_cut and not is_error,
    )


async def _read(response: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
    """At most `limit` bytes; past it nothing is worth keeping, and the connection is not reused."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > limit:
            response.close()
            return b"", True
    return bytes(body), False
