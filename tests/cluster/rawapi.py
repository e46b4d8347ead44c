"""A client thinner than any library, so that the contract is about bytes on the wire and not about a client's opinion."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    """JSON where it is JSON, else the text."""


@dataclass(frozen=True, slots=True)
class RawApi:
    """One API server as one identity."""

    session: aiohttp.ClientSession
    token: str
    tls: ssl.SSLContext | bool = True

    async def call(
        self, method: str, path: str, body: Any = None, kind: str = "application/json", **params: str
    ) -> Answer:
        data = None if body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind, "User-Agent": "contract/1"}
        async with self.session.request(
            method, path, data=data, headers=headers, params=params, ssl=self.tls
        ) as answer:
            text = await answer.text()
            is_json = answer.content_type == "application/json" and "watch" not in params
            return Answer(answer.status, json.loads(text) if is_json else text)

    async def get(self, path: str, **params: str) -> Any:
        """The document; any other answer than 200 fails the test."""
        answer = await self.call("GET", path, **params)
        assert answer.status == 200, answer
        return answer.body

    async def patch(self, path: str, body: Any, kind: str = JSON_PATCH, **params: str) -> Answer:
        return await self.call("PATCH", path, body, kind, **params)

    async def watch(self, path: str, **params: str) -> AsyncIterator[Any]:
        """Events until the server ends the stream."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.get(path, params={"watch": "true", **params}, headers=headers, ssl=self.tls) as answer:
            assert answer.status == 200, await answer.text()
            async for line in answer.content:
                yield json.loads(line)


async def until(question: Callable[[], Awaitable[Found]], *, seconds: float, what: str) -> Found:
    """The first answer that is true; fails the test when there is none in time."""
    last: Any = None
    try:
        async with asyncio.timeout(seconds):
            while not (last := await question()):
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"no {what} after {seconds} s") from None
    found: Found = last
    return found
