"""A GitHub that answers word for word what a test wrote down, and remembers what it was asked."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

START = datetime(2026, 1, 2, 12, tzinfo=UTC)


@dataclass
class HandClock:
    """Time that moves only when told to, or when somebody sleeps."""

    now: datetime = START
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@dataclass
class Said:
    """One answer to give. `body` that is not bytes is sent as JSON."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass
class Asked:
    """One request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any

    @property
    def token(self) -> str:
        return self.headers.get("authorization", "").partition(" ")[2]


class ScriptedGitHub:
    """`says("GET /path", answer, …)`: answers in order, the last one for ever. Tokens are minted by themselves."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.answers: dict[str, list[Said]] = defaultdict(list)
        self.asked: list[Asked] = []
        self.minted = 0
        self.permissions: dict[str, str] | None = None

    def says(self, what: str, *answers: Said) -> None:
        self.answers[what].extend(answers)

    def requests(self, what: str) -> list[Asked]:
        return [one for one in self.asked if f"{one.method} {one.path}" == what]

    def calls(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.asked if not one.path.endswith("access_tokens")]

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        asked = Asked(
            method=request.method,
            path=request.rel_url.raw_path,
            query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=json.loads(content) if content else None,
        )
        self.asked.append(asked)
        said = self._answer(asked)
        if said.cut:
            assert request.transport is not None
            request.transport.abort()
        if isinstance(said.body, bytes):
            return web.Response(status=said.status, body=said.body, headers=said.headers)
        return web.json_response(said.body, status=said.status, headers=said.headers)

    def _answer(self, asked: Asked) -> Said:
        written = self.answers.get(f"{asked.method} {asked.path}")
        if written:
            return written.pop(0) if len(written) > 1 else written[0]
        if asked.path.endswith("/access_tokens"):
            return self._mint(asked)
        return Said(404, {"message": "Not Found"})

    def _mint(self, asked: Asked) -> Said:
        self.minted += 1
        ends = self.clock() + timedelta(hours=1)
        return Said(
            201,
            {
                "token": f"ghs_{self.minted}",
                "expires_at": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "permissions": self.permissions or asked.body["permissions"],
            },
        )
