"""The emulated GitHub as an aiohttp application: faults at the door, the pipeline behind, webhooks beside."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from aiohttp import web

from sandbox.github.contract import Validator
from sandbox.github.faults import Fault
from sandbox.github.journal import Request
from sandbox.github.rest.faulty import around, instead, mangle
from sandbox.github.rest.pipeline import Incoming, Pipeline, Reply, unknown
from sandbox.github.rest.routes import ROUTER
from sandbox.github.world import World

_LARGEST_BODY = 10 * 1024 * 1024


def create_app(world: World, *, validator: Validator | None = None, base_path: str = "") -> web.Application:
    """`base_path` is `/api/v3` to look like an Enterprise Server. Webhooks are delivered while the app runs."""
    world.hooks.validator = validator
    app = web.Application(client_max_size=_LARGEST_BODY)
    door = Door(world, validator, base_path)
    app.router.add_route("*", base_path + "/{tail:.*}", door.handle)
    app.cleanup_ctx.append(door.deliver)
    return app


class Door:
    """Turns HTTP into `Incoming` and `Reply` into HTTP, and lets planned faults strike on the way."""

    def __init__(self, world: World, validator: Validator | None, base_path: str) -> None:
        self._world = world
        self._validator = validator
        self._base_path = base_path
        self._pipeline = Pipeline(world, validator)

    async def deliver(self, _: web.Application) -> AsyncIterator[None]:
        """Keep the webhook engine running as long as the application does."""
        task = asyncio.create_task(self._world.hooks.run())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self._learn_address(request)
        incoming = await self._read(request)
        path = self._by_name(incoming.path)
        found = ROUTER.find(incoming.method, path) if path else None
        operation = found[0].operation if found else ""
        entry = self._note(request, incoming, operation)
        fault = self._world.faults.strike(method=incoming.method, operation=operation, path=path or incoming.path)
        if fault:
            entry.fault = fault.kind
            await around(fault)
        early = instead(fault, self._world) if fault else None
        if fault and early is None and fault.kind in {"hang", "reset_before"}:
            return _cut_off(request)
        if early is None:
            early = self._work(incoming, path or incoming.path, entry)
        entry.status = 0 if fault and fault.kind == "reset_after" else early.status
        return await self._send(request, early, fault)

    def _work(self, incoming: Incoming, path: str, entry: Request) -> Reply:
        found = ROUTER.find(incoming.method, path)
        if found is None:
            if self._validator:
                self._validator.unknown_route(method=incoming.method, path=incoming.path)
            return unknown(incoming.path)
        incoming.path = path
        reply, entry.app = self._pipeline.run(incoming, *found)
        return reply

    async def _send(self, request: web.Request, reply: Reply, fault: Fault | None) -> web.StreamResponse:
        if fault and fault.kind == "reset_after":
            return _cut_off(request)
        if fault and fault.kind == "truncated":
            return await _half(request, reply)
        if fault and fault.kind == "broken_json":
            reply = mangle(reply)
        headers = dict(reply.headers)
        return web.Response(status=reply.status, headers=headers, body=reply.body or None)

    def _learn_address(self, request: web.Request) -> None:
        if not self._world.urls.pinned:
            origin = str(request.url.origin())
            self._world.urls.serve_at(api=origin + self._base_path, web=origin)

    async def _read(self, request: web.Request) -> Incoming:
        return Incoming(
            method=request.method,
            path=request.rel_url.raw_path.removeprefix(self._base_path),
            query=dict(request.rel_url.query),
            headers=request.headers,
            body=await request.read(),
        )

    def _by_name(self, path: str) -> str | None:
        """`/repositories/{id}/…` as `/repos/{owner}/{repo}/…`; None when there is no such repository."""
        if not path.startswith("/repositories/"):
            return path
        number, _, tail = path.removeprefix("/repositories/").partition("/")
        repository = self._world.repositories.get(int(number)) if number.isdigit() else None
        if repository is None:
            return None
        return f"/repos/{repository.full_name}/{tail}" if tail else f"/repos/{repository.full_name}"

    def _note(self, request: web.Request, incoming: Incoming, operation: str) -> Request:
        entry = Request(
            at=self._world.clock(),
            method=incoming.method,
            path=incoming.path,
            query=request.rel_url.raw_query_string,
            operation=operation,
        )
        self._world.requests.append(entry)
        return entry


def _cut_off(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _half(request: web.Request, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_length = len(reply.body)
    await response.prepare(request)
    await response.write(reply.body[: len(reply.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
