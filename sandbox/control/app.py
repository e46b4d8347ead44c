"""The door as a web application's part: routes, the guard before them, and the list of all addresses."""

from aiohttp import web

from sandbox.control import faults, parts, people, read, repositories
from sandbox.control.guard import errors_as_json, only_this_machine
from sandbox.control.stage import STAGE, Stage

ROUTES = [*repositories.ROUTES, *people.ROUTES, *parts.ROUTES, *faults.ROUTES, *read.ROUTES]
LARGEST_BODY = 10 * 2**20


def create_door(stage: Stage) -> web.Application:
    """An application with the door under `/_control`; whoever adds routes to it is guarded as well."""
    app = web.Application(middlewares=[only_this_machine, errors_as_json], client_max_size=LARGEST_BODY)
    app[STAGE] = stage
    app.router.add_get("/_control", index)
    for method, path, handler, _ in ROUTES:
        app.router.add_route(method, path, handler)
    return app


async def index(_request: web.Request) -> web.Response:
    """Every address with a line about it; sandbox/README.md has an example of each."""
    return web.json_response({"see": "sandbox/README.md", "addresses": [_line(*route) for route in ROUTES]})


def _line(method: str, path: str, _handler: object, about: str) -> dict[str, str]:
    return {"call": f"{method} {path.replace(chr(92) + 'd+', '').replace(':}', '}')}", "does": about}
