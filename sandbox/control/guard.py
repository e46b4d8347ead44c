"""Who may use the door: this machine, by its own name, and no other site's script in a browser."""

import ipaddress
import json
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from sandbox.control.refusal import DoorError
from sandbox.github.errors import RefusedError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
OWN_NAMES = {"localhost", "127.0.0.1", "::1"}


@web.middleware
async def only_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A foreign peer, a rebound DNS name or another site's page: none gets in (the door can do anything)."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    if not peer or not ipaddress.ip_address(peer[0].split("%")[0]).is_loopback:
        return _refuse(DoorError(403, "The sandbox answers to this machine only.", "Call it on 127.0.0.1."))
    if _hostname(request.host) not in OWN_NAMES:
        return _refuse(
            DoorError(403, f"Host {request.host!r} is not this machine.", "Call it as http://127.0.0.1:PORT.")
        )
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        return _refuse(
            DoorError(403, f"Origin {origin!r} is another site.", "Use the sandbox's own page, or no browser.")
        )
    return await handler(request)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refusals of the door and of the emulated GitHub, each as a sentence and a remedy."""
    try:
        return await handler(request)
    except DoorError as error:
        return _refuse(error)
    except RefusedError as error:
        details = "; ".join(each if isinstance(each, str) else json.dumps(dict(each)) for each in error.errors)
        said = f"GitHub would refuse this: {error.message.rstrip('.')}{f' ({details})' if details else ''}."
        return _refuse(DoorError(error.status, said, "Read the object back to see its state."))
    except web.HTTPNotFound:
        error_text = f"Nothing is at {request.method} {request.path}."
        return _refuse(DoorError(404, error_text, "GET /_control lists every address."))
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        return _refuse(DoorError(405, f"{request.method} is not taken at {request.path}.", f"It takes {allowed}."))


def _refuse(error: DoorError) -> web.Response:
    return web.json_response(error.body(), status=error.status)


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
