"""Reading everything back: what GitHub, the registry and the cluster hold now, and what was asked of them."""

from typing import Any

from aiohttp import web

from sandbox.control.refusal import DoorError, unknown
from sandbox.control.repositories import PULL, REPO
from sandbox.control.show import (
    newest_runs,
    show_checks,
    show_comment,
    show_commit,
    show_deployments,
    show_pull,
    show_repository,
    show_run,
)
from sandbox.control.stage import STAGE
from sandbox.github.hooks import Delivery
from sandbox.github.journal import Request
from sandbox.github.urls import stamp
from sandbox.registry import SandboxRegistry

LONGEST_WAIT = 60.0


async def repositories(request: web.Request) -> web.Response:
    return web.json_response([show_repository(each) for each in request.app[STAGE].world.repositories.values()])


async def pulls(request: web.Request) -> web.Response:
    stage = request.app[STAGE]
    return web.json_response([show_pull(stage.world, each) for each in stage.repository(request).pulls.values()])


async def pull(request: web.Request) -> web.Response:
    stage = request.app[STAGE]
    found = stage.pull(request)
    image = stage.behaviours.get((found.repository.id, found.number), "ok")
    return web.json_response(show_pull(stage.world, found) | {"image": image})


async def comments(request: web.Request) -> web.Response:
    found = request.app[STAGE].repository(request).comments.values()
    return web.json_response([show_comment(each) | {"number": each.number} for each in found])


async def commit(request: web.Request) -> web.Response:
    """A commit, its checks (the newest of each name) and its deployments."""
    stage = request.app[STAGE]
    repository = stage.repository(request)
    sha = stage.commit(repository, request.match_info["sha"])
    checks = show_checks(repository, sha, repository.default_branch)
    deployments = show_deployments(repository, sha)
    return web.json_response(show_commit(stage.world, sha) | {"checks": checks, "deployments": deployments})


async def check_runs(request: web.Request) -> web.Response:
    """Every check run with its output, older ones of the same name included; `?sha=` for the newest of one commit."""
    stage = request.app[STAGE]
    repository = stage.repository(request)
    ref = request.query.get("sha")
    runs = newest_runs(repository, stage.commit(repository, ref)) if ref else list(repository.runs.values())
    return web.json_response([show_run(each) for each in runs])


async def deployments(request: web.Request) -> web.Response:
    return web.json_response(show_deployments(request.app[STAGE].repository(request)))


async def deliveries(request: web.Request) -> web.Response:
    return web.json_response([show_delivery(each) for each in request.app[STAGE].world.deliveries])


async def delivery(request: web.Request) -> web.Response:
    """One with its payload and the receiver's answer."""
    stage, wanted = request.app[STAGE], int(request.match_info["id"])
    for each in stage.world.deliveries:
        if each.id == wanted:
            more = {"payload": each.payload, "request_headers": each.request_headers, "response": each.response_body}
            return web.json_response(show_delivery(each) | more)
    raise unknown("delivery", wanted, [each.id for each in stage.world.deliveries][-5:])


async def redeliver(request: web.Request) -> web.Response:
    stage = request.app[STAGE]
    again = stage.world.redeliver(int(request.match_info["id"]))
    return web.json_response(show_delivery(again), status=202)


async def requests(request: web.Request) -> web.Response:
    """What was asked of the API; `?writes=1` for those that change something people see."""
    journal = request.app[STAGE].world.requests
    listed = journal.writes() if request.query.get("writes", "0") not in {"", "0", "false"} else journal
    return web.json_response([show_request(each) for each in listed])


async def images(request: web.Request) -> web.Response:
    return web.json_response(show_images(request.app[STAGE].registry))


async def cluster(request: web.Request) -> web.Response:
    return web.json_response(await request.app[STAGE].cluster.read())


async def namespace(request: web.Request) -> web.Response:
    """The objects of one namespace, whole."""
    everything, name = await request.app[STAGE].cluster.read(), request.match_info["namespace"]
    names = [each["metadata"]["name"] for each in everything["namespaces"]]
    if name not in names:
        raise unknown("namespace", name, names)
    return web.json_response(
        {kind: _within(objects, name) for kind, objects in everything.items() if kind != "namespaces"}
    )


async def quiet(request: web.Request) -> web.Response:
    """Answers when no webhook is waiting or on its way; 504 after `?timeout=` seconds (10)."""
    try:
        patience = float(request.query.get("timeout", "10"))
    except ValueError:
        raise DoorError(422, "timeout is not a number.", "Try /_control/quiet?timeout=10.") from None
    try:
        await request.app[STAGE].world.quiet(max(0.0, min(patience, LONGEST_WAIT)))
    except TimeoutError:
        remedy = "GET /_control/deliveries shows them; a delivery fault may be holding them."
        raise DoorError(504, f"Deliveries are still pending after {patience:g} s.", remedy) from None
    return web.json_response({"quiet": True, "deliveries": len(request.app[STAGE].world.deliveries)})


def show_delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "event": delivery.event,
        "action": delivery.action,
        "redelivery": delivery.redelivery,
        "status": delivery.status,
        "status_code": delivery.status_code,
        "duration": delivery.duration,
        "delivered_at": stamp(delivery.delivered_at),
    }


def show_request(request: Request) -> dict[str, Any]:
    return {
        "at": stamp(request.at),
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "operation": request.operation,
        "app": request.app,
        "status": request.status,
        "fault": request.fault,
    }


def show_images(registry: SandboxRegistry) -> list[dict[str, Any]]:
    return [
        {
            "repository": each.repository,
            "tag": each.tag,
            "digest": each.digest,
            "behaviour": each.behaviour,
            "version": each.version,
            "platforms": list(each.platforms),
            "labels": each.labels,
            "pushed_at": stamp(each.pushed_at),
        }
        for each in registry.images()
    ]


def _within(objects: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [each for each in objects if each["metadata"].get("namespace") == name]


ROUTES = [
    ("GET", "/_control/repos", repositories, "repositories, their branches and required checks"),
    ("GET", REPO + "/pulls", pulls, "pull requests with checks, comments and deployments"),
    ("GET", PULL, pull, "one of them"),
    ("GET", REPO + "/comments", comments, "every comment"),
    ("GET", REPO + "/commits/{sha}", commit, "a commit with its checks and deployments"),
    ("GET", REPO + "/check-runs", check_runs, "check runs with their output; ?sha="),
    ("GET", REPO + "/deployments", deployments, "deployments with their statuses"),
    ("GET", "/_control/deliveries", deliveries, "webhook deliveries"),
    ("GET", r"/_control/deliveries/{id:\d+}", delivery, "one with its payload"),
    ("POST", r"/_control/deliveries/{id:\d+}/redeliver", redeliver, "send it again"),
    ("GET", "/_control/requests", requests, "requests to GitHub's API; ?writes=1"),
    ("GET", "/_control/images", images, "images in the registry"),
    ("GET", "/_control/cluster", cluster, "every object of the cluster"),
    ("GET", "/_control/cluster/{namespace}", namespace, "the objects of one namespace"),
    ("GET", "/_control/quiet", quiet, "wait until no webhook is pending; ?timeout="),
]
