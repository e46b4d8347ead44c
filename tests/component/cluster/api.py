"""A scripted API server: each test says what it answers to which path, and reads back what was asked."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class ScriptedApi:
    """Answers in the order they were given for a (method, path); the last one is repeated. Unknown paths are 404."""

    answers: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    open_watches: int = 0

    def on(self, method: str, path: str, *answers: Answer) -> None:
        self.answers[method, path] = list(answers)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._handle)
        return app

    def count(self, method: str, path: str = "") -> int:
        return sum(each.method == method and each.path.endswith(path) for each in self.asked)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        # A watch is its own method in scripts: same path as the list, another conversation.
        method = "WATCH" if request.query.get("watch") == "true" else request.method
        text = await request.text()
        body = json.loads(text) if text else None
        raw_path = request.raw_path.partition("?")[0]
        self.asked.append(Asked(method, raw_path, dict(request.query), dict(request.headers), body))
        script = self.answers.get((method, raw_path))
        if not script:
            return await status(404, "not found")(request)
        answer = script.pop(0) if len(script) > 1 else script[0]
        return await answer(request)

    def hold(self, *lines: dict[str, Any], then: Awaitable[Any] | None = None) -> Answer:
        """A watch that sends the lines and stays open until the client leaves, or `then` is done."""

        async def answer(request: web.Request) -> web.StreamResponse:
            response = await _begin(request, lines)
            self.open_watches += 1
            try:
                await (then if then is not None else asyncio.Event().wait())
            finally:
                self.open_watches -= 1
            return response

        return answer


async def _begin(request: web.Request, lines: tuple[dict[str, Any], ...]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    for line in lines:
        await response.write(json.dumps(line).encode() + b"\n")
    return response


def give(value: Any) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(value)

    return answer


def status(code: int, message: str, **headers: str) -> Answer:
    """A `Status` object, as the API server refuses."""

    async def answer(request: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response({"kind": "Status", "code": code, "message": message}, status=code, headers=named)

    return answer


def page(code: int, text: str = "<html>Bad Gateway</html>") -> Answer:
    """A proxy's page."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=code, text=text, content_type="text/html")

    return answer


def stream(*lines: dict[str, Any]) -> Answer:
    """A watch that sends the lines and closes at once."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await _begin(request, lines)

    return answer


def silence() -> Answer:
    """Never answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    return answer


def items(*objects: dict[str, Any], version: str = "10", next_page: str = "") -> Answer:
    return give({"metadata": {"resourceVersion": version, "continue": next_page}, "items": list(objects)})


def event(type_: str, item: dict[str, Any]) -> dict[str, Any]:
    return {"type": type_, "object": item}


def bookmark(version: str) -> dict[str, Any]:
    return event("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": version, "creationTimestamp": None}})
