"""Raw requests to one API server: every call has a time limit, every status is checked, nothing is modelled twice.

The library's typed calls cost ten times as much and never check what a watch answered; only its transport is used.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

import aiohttp
import msgspec

from bot.cluster.answers import refusal
from bot.cluster.request import Request
from bot.cluster.warning_header import read_warnings
from bot.errors import TransientError

T = TypeVar("T")
Query = Sequence[tuple[str, str]]

_CALL = aiohttp.ClientTimeout(total=20, sock_connect=5)
_PAGE = "500"


class Transport(Protocol):
    """The one method of the library's `ApiClient` that is used."""

    async def call_api(self, *args: Any, **kwargs: Any) -> aiohttp.ClientResponse: ...


class Page(msgspec.Struct):
    """A list answer, its items still unread."""

    class Meta(msgspec.Struct, rename="camel"):
        """The version to watch from, and the way to the next page."""

        resource_version: str = ""
        continue_: str = msgspec.field(name="continue", default="")

    metadata: Meta
    items: list[msgspec.Raw] | None = None


class Client:
    """Asks with the credentials of one connection.

    Raises `MissingError`, `ForbiddenError` or `RefusedError` for a no, `TransientError` where the answer stayed out.
    """

    def __init__(self, transport: Transport, *, limit: aiohttp.ClientTimeout = _CALL) -> None:
        self._transport = transport
        self._limit = limit

    async def get(self, request: Request, type_: type[T], *, query: Query = ()) -> T:
        return _decode(await self._call(request, "GET", query=query), type_)

    async def text(self, request: Request, *, query: Query = ()) -> str:
        return (await self._call(request, "GET", query=query)).decode(errors="replace")

    async def list_all(
        self, request: Request, type_: type[T], *, keep: Callable[[list[T]], list[T]] | None = None
    ) -> tuple[str, list[T]]:
        """All pages, after each only what `keep` leaves of them, and the version a watch goes on from."""
        found: list[T] = []
        query = [("limit", _PAGE)]
        while True:
            page = await self.get(request, Page, query=query)
            found.extend(_decode(item, type_) for item in page.items or ())
            found = keep(found) if keep else found
            if not page.metadata.continue_:
                return page.metadata.resource_version, found
            query = [("limit", _PAGE), ("continue", page.metadata.continue_)]

    async def patch(
        self, request: Request, type_: type[T], *, operations: list[dict[str, Any]], dry_run: bool = False
    ) -> tuple[T, tuple[str, ...]]:
        """A JSON patch in our name: the object as it is then, and what the API server warned of."""
        headers = {"Content-Type": "application/json-patch+json"}
        query = [("fieldManager", "greenlane"), *([("dryRun", "All")] if dry_run else [])]
        async with self._answer(request, "PATCH", query=query, headers=headers, body=operations) as response:
            warnings = read_warnings(response.headers.getall("Warning", []))
            return _decode(await response.read(), type_), warnings

    async def delete(self, request: Request, *, uid: str) -> None:
        """Delete exactly that object; another one of its name is a conflict."""
        headers = {"Content-Type": "application/json"}
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}}
        await self._call(request, "DELETE", headers=headers, body=options)

    async def lines(
        self, request: Request, *, query: Query, seconds: float, silence: float
    ) -> AsyncGenerator[bytes, None]:
        """The lines of a watch, for at most `seconds` in all and `silence` without a byte.

        Close it (`contextlib.aclosing`) to hang up. A broken stream raises `TransientError`; an orderly end just ends.
        """
        limit = aiohttp.ClientTimeout(total=seconds, sock_connect=5, sock_read=silence)
        async with self._answer(request, "GET", query=query, limit=limit) as response:
            async for line in response.content:
                if line.strip():
                    yield line

    async def _call(
        self,
        request: Request,
        method: str,
        *,
        query: Query = (),
        headers: dict[str, str] | None = None,
        body: Any = None,
    ) -> bytes:
        async with self._answer(request, method, query=query, headers=headers, body=body) as response:
            return await response.read()

    @asynccontextmanager
    async def _answer(
        self,
        request: Request,
        method: str,
        *,
        query: Query,
        headers: dict[str, str] | None = None,
        body: Any = None,
        limit: aiohttp.ClientTimeout | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        try:
            response = await self._transport.call_api(
                request.path,
                method,
                query_params=list(query),
                header_params={"Accept": "application/json, */*", **(headers or {})},
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _request_timeout=limit or self._limit,
            )
            async with response:
                if not 200 <= response.status <= 299:
                    raise refusal(request, response.status, response.headers, await response.read())
                yield response
        except TimeoutError as error:
            raise TransientError(f"the cluster's API server did not answer in time: {request}") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # ValueError: a line longer than the read buffer. Only the class is told: the text may hold addresses.
            raise TransientError(f"the cluster can't be reached ({type(error).__name__}): {request}") from error


def _decode(body: bytes | msgspec.Raw, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=type_)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        # A proxy's page, or half an answer: says nothing about the workload.
        raise TransientError("the cluster answered with something that is not the expected JSON") from error
