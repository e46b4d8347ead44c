"""What each planned fault does to a request or its answer."""

import asyncio
import json

from sandbox.github.errors import RefusedError, not_found
from sandbox.github.faults import Fault
from sandbox.github.limits import primary_limit, secondary_limit
from sandbox.github.rest.auth import young_token
from sandbox.github.rest.pipeline import Reply
from sandbox.github.world import World

_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Unicorn! &middot; GitHub</title></head>"
    b"<body>No server is available.</body></html>\n"
)


async def around(fault: Fault) -> None:
    """The waiting that `delay` and `hang` mean."""
    if fault.kind in {"delay", "hang"}:
        await asyncio.sleep(fault.seconds)


def instead(fault: Fault, world: World) -> Reply | None:
    """The answer that comes instead of the work; None when the work is done (or the connection just goes)."""
    if fault.kind == "html":
        return Reply(status=fault.status, headers={"Content-Type": "text/html; charset=utf-8"}, body=_PAGE)
    refusal = _refusal(fault, world)
    if refusal is None:
        return None
    headers = {"Content-Type": "application/json; charset=utf-8"} | refusal.headers
    return Reply(status=refusal.status, headers=headers, body=json.dumps(refusal.body()).encode())


def mangle(reply: Reply) -> Reply:
    """A JSON answer that does not parse."""
    return Reply(status=reply.status, headers=reply.headers, body=reply.body[:-1] + b"<")


def _refusal(fault: Fault, world: World) -> RefusedError | None:  # noqa: PLR0911  # one answer a kind
    match fault.kind:
        case "young_token":
            return young_token(fault.status)
        case "primary_limit":
            refusal = primary_limit("installation", status=fault.status)
            refusal.headers["X-RateLimit-Reset"] = str(int(world.clock().timestamp()) + (fault.retry_after or 60))
            return refusal
        case "secondary_limit":
            return secondary_limit(status=fault.status, retry_after=fault.retry_after)
        case "forbidden":
            return RefusedError(403, "Resource not accessible by integration")
        case "not_found":
            return not_found()
        case "conflict":
            return RefusedError(409, "Conflict")
        case "invalid":
            return RefusedError(422, "Validation Failed", errors=[{"resource": "Thing", "code": "custom"}])
        case _:
            return None
