"""Routes of the page, drawn on the server; the browser asks again every second and gets 204 while nothing changed."""

import hashlib
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web

from sandbox.control.read import show_delivery, show_images, show_request
from sandbox.control.refusal import DoorError
from sandbox.control.stage import STAGE, Stage
from sandbox.github.model import Repository
from sandbox.page import desk, views

HERE = Path(__file__).parent
SHOWN = 60
SEEN = "X-Page-Version"
"""Which version of the page the browser has. (To a 304 of its own asking, a browser says that it failed.)"""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)  # fmt: skip


def add_page(app: web.Application, environments: desk.Environments | None = None) -> None:
    """Add the page's routes to the door's application, whose guard then covers both.

    `environments` are those that the comment box offers in its commands.
    """
    app[desk.ENVIRONMENTS] = dict(environments or {})
    app.router.add_get("/", pulls)
    app.router.add_get(r"/{owner}/{repo}/pull/{number:\d+}", pull)
    app.router.add_get(r"/{owner}/{repo}/commit/{sha:[0-9a-f]+}", commit)
    app.router.add_get(r"/{owner}/{repo}/commit/{sha:[0-9a-f]+}/checks", commit)
    app.router.add_get(r"/{owner}/{repo}/runs/{id:\d+}", run)
    app.router.add_get("/cluster", cluster)
    app.router.add_get("/traffic", traffic)
    app.router.add_get("/favicon.ico", _icon)
    app.router.add_get(r"/static/{name:[a-z]+\.(css|js|svg)}", _static)


async def pulls(request: web.Request) -> web.Response:
    stage = request.app[STAGE]
    return await _draw(
        request, "pulls.html", here="pulls", groups=views.groups_of_pulls(stage), **await _cluster(stage)
    )


async def pull(request: web.Request) -> web.Response:
    stage = request.app[STAGE]
    try:
        found = stage.pull(request)
    except DoorError as error:
        return await _missing(request, error)
    environments = request.app[desk.ENVIRONMENTS].get(found.repository.full_name, ())
    values = {
        "pull": views.pull_page(stage, found),
        "suggestions": desk.suggestions(found, environments),
        **_people(stage, found.repository, but=found.author.login),
        **await _cluster(stage),
    }
    return await _draw(request, "pull.html", here="pulls", **values)


async def commit(request: web.Request) -> web.Response:
    stage = request.app[STAGE]
    try:
        repository = stage.repository(request)
        sha = stage.commit(repository, request.match_info["sha"])
    except DoorError as error:
        return await _missing(request, error)
    shown = views.commit_page(stage, repository, sha)
    return await _draw(request, "commit.html", here="pulls", commit=shown, **_people(stage, repository))


async def run(request: web.Request) -> web.Response:
    stage = request.app[STAGE]
    try:
        repository = stage.repository(request)
    except DoorError as error:
        return await _missing(request, error)
    found = repository.runs.get(int(request.match_info["id"]))
    if found is None:
        return await _missing(request, DoorError(404, "There is no such check run.", ""))
    return await _draw(request, "run.html", here="pulls", run=views.run_page(found), **_people(stage, repository))


async def cluster(request: web.Request) -> web.Response:
    stage = request.app[STAGE]
    images = show_images(stage.registry)
    return await _draw(request, "cluster.html", here="cluster", images=images, **await _cluster(stage))


async def traffic(request: web.Request) -> web.Response:
    world = request.app[STAGE].world
    deliveries = [show_delivery(each) for each in reversed(world.deliveries[-SHOWN:])]
    requests = [show_request(each) for each in reversed(list(world.requests)[-SHOWN:])]
    return await _draw(request, "traffic.html", here="traffic", deliveries=deliveries, requests=requests)


def _people(stage: Stage, repository: Repository, *, but: str = "") -> dict[str, Any]:
    """Who may act there, and who does unless another is chosen: the first who is not the author."""
    logins = stage.people()
    return {"people": desk.people(stage, repository), "me": next((each for each in logins if each != but), but)}


async def _cluster(stage: Stage) -> dict[str, Any]:
    """A cluster that does not answer is said on the page; it does not take the page away."""
    try:
        return {"namespaces": await views.namespaces(stage), "cluster_says": ""}
    except DoorError as error:
        return {"namespaces": [], "cluster_says": error.message}


async def _missing(request: web.Request, error: DoorError) -> web.Response:
    answer = await _draw(request, "missing.html", here="", says=f"{error.message} {error.remedy}")
    answer.set_status(404)
    return answer


async def _draw(request: web.Request, template: str, **values: Any) -> web.Response:
    text = _TEMPLATES.get_template(template).render(**values)
    version = hashlib.sha256(text.encode()).hexdigest()[:20]
    if request.headers.get(SEEN) == version:
        return web.Response(status=204, headers=HEADERS)
    return web.Response(text=text, content_type="text/html", headers=HEADERS | {SEEN: version})


async def _static(request: web.Request) -> web.StreamResponse:
    path = HERE / "static" / request.match_info["name"]
    if not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(path, headers=HEADERS)


async def _icon(_request: web.Request) -> web.StreamResponse:
    return web.FileResponse(HERE / "static" / "icon.svg", headers=HEADERS)
