"""The door's client: what a script needs to act as people and to wait for what comes of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp

T = TypeVar("T")
LOOK_EVERY = 0.15


class DoorRefusedError(Exception):
    """The door said no; the text is its sentence and remedy."""


class TooLateError(Exception):
    """What was waited for did not come; the text says what was there instead."""


class Door:
    """HTTP and JSON against a running sandbox; `address` is what `make demo` prints."""

    def __init__(self, address: str) -> None:
        self._base = f"{address.rstrip('/')}/_control"
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, path: str) -> Any:
        return await self._call("GET", path, None)

    async def post(self, path: str, /, **body: Any) -> Any:
        return await self._call("POST", path, body)

    async def delete(self, path: str, /, **body: Any) -> Any:
        return await self._call("DELETE", path, body)

    async def pull(self, repository: str, number: int) -> dict[str, Any]:
        found: dict[str, Any] = await self.get(f"/repos/{repository}/pulls/{number}")
        return found

    async def until(self, look: Callable[[], Awaitable[T]], holds: Callable[[T], bool], *, seconds: float) -> T:
        """The first look that holds. Raises `TooLateError` after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            seen = await look()
            if holds(seen):
                return seen
            if time.monotonic() > deadline:
                raise TooLateError(f"not within {seconds:g} s")
            await asyncio.sleep(LOOK_EVERY)

    async def _call(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        async with self._session.request(method, self._base + path, json=body) as answer:
            said = await answer.json()
        if answer.status >= 400:
            raise DoorRefusedError(f"{said['error']} {said['remedy']}")
        return said
