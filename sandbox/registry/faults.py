"""Trouble on request: refusals, cut connections, slowness, changed bytes."""

import asyncio
import re
from collections import deque
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler

_HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What happens to the next `times` requests whose path matches; without a status the real answer follows."""

    status: int | None = None
    retry_after: str | None = None
    """Seconds or an HTTP date, as it goes into the header."""
    html: bool = False
    """A proxy's page instead of the registry's JSON."""
    reset: bool = False
    """The connection is cut without an answer."""
    tamper: bool = False
    """The real answer, its last byte changed."""
    delay: float = 0.0
    """Seconds before anything else."""
    times: int = 1
    path: str = ""
    """Regular expression, searched in the path."""
    method: str = ""


class Faults:
    """The queue, first match first; and the switch that takes everything away."""

    def __init__(self) -> None:
        self.is_down = False
        self._queue: deque[tuple[Fault, int]] = deque()

    def add(self, fault: Fault) -> None:
        re.compile(fault.path)
        self._queue.append((fault, fault.times))

    def clear(self) -> None:
        self._queue.clear()

    def take(self, method: str, path: str) -> Fault | None:
        for position, (fault, left) in enumerate(self._queue):
            if fault.method in {"", method} and re.search(fault.path, path):
                if left > 1:
                    self._queue[position] = (fault, left - 1)
                else:
                    del self._queue[position]
                return fault
        return None

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self.is_down:
            return _cut(request)
        fault = self.take(request.method, request.path)
        if fault is None:
            return await handler(request)
        await asyncio.sleep(fault.delay)
        if fault.reset:
            return _cut(request)
        if fault.status is not None:
            return _refusal(fault)
        response = await handler(request)
        if fault.tamper and isinstance(response, web.Response) and isinstance(response.body, bytes) and response.body:
            response.body = response.body[:-1] + bytes([response.body[-1] ^ 1])
        return response


def _cut(request: web.Request) -> web.Response:
    """As a crashed process leaves its clients: no answer, connection gone."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _refusal(fault: Fault) -> web.Response:
    headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    status = fault.status or 500
    if fault.html:
        return web.Response(status=status, text=_HTML, content_type="text/html", headers=headers)
    code = "TOOMANYREQUESTS" if status == 429 else "UNKNOWN"
    error = {"errors": [{"code": code, "message": "injected by the sandbox", "detail": None}]}
    return web.json_response(error, status=status, headers=headers)
