"""Deployments, their statuses and environments."""

from sandbox.github.errors import RefusedError, not_found
from sandbox.github.records import Deployment
from sandbox.github.rest.asking import Answer, Ask, Page, empty, shown
from sandbox.github.rest.body import Field, read_body
from sandbox.github.rest.routing import Route, token_route
from sandbox.github.show.deployments import show_deployment, show_deployment_status, show_environment

_CREATE = {
    "ref": Field(required=True),
    "task": Field(),
    "auto_merge": Field(kind="boolean"),
    "required_contexts": Field(kind="array"),
    "payload": Field(kind="any"),
    "environment": Field(),
    "description": Field(nullable=True),
    "transient_environment": Field(kind="boolean"),
    "production_environment": Field(kind="boolean"),
}
_STATUS = {
    "state": Field(
        required=True,
        choices=("error", "failure", "inactive", "in_progress", "queued", "pending", "success"),
    ),
    "target_url": Field(),
    "log_url": Field(),
    "description": Field(),
    "environment": Field(),
    "environment_url": Field(),
    "auto_inactive": Field(kind="boolean"),
}


def create(ask: Ask) -> Answer:
    body = read_body(ask.body, _CREATE)
    made = ask.world.create_deployment(
        ask.repository,
        ref=body["ref"],
        creator=ask.bot,
        app=ask.caller,
        task=body.get("task", "deploy"),
        auto_merge=body.get("auto_merge", True),
        required_contexts=body.get("required_contexts"),
        payload=body.get("payload", ""),
        environment=body.get("environment", "production"),
        description=body.get("description"),
        transient=body.get("transient_environment", False),
        production=body.get("production_environment"),
    )
    if isinstance(made, str):
        return shown({"message": made}, 202)
    return shown(show_deployment(ask.urls, made), 201)


def list_all(ask: Ask) -> Page:
    """Newest first; each filter is exact, `none` means no filter."""
    found = list(reversed(ask.repository.deployments.values()))
    for name in ("sha", "ref", "task", "environment"):
        wanted = ask.query.get(name, "none")
        if wanted != "none":
            found = [one for one in found if str(getattr(one, name)).lower() == wanted.lower()]
    return Page(items=found, show=lambda one: show_deployment(ask.urls, one))


def get(ask: Ask) -> Answer:
    return shown(show_deployment(ask.urls, _deployment(ask)))


def delete(ask: Ask) -> Answer:
    """Only an inactive one, unless it is the only one."""
    one = _deployment(ask)
    if len(ask.repository.deployments) > 1 and one.state != "inactive":
        raise RefusedError(
            422, "We cannot delete an active deployment unless it is the only deployment in a given environment."
        )
    del ask.repository.deployments[one.id]
    return empty()


def create_status(ask: Ask) -> Answer:
    body, one = read_body(ask.body, _STATUS), _deployment(ask)
    status = ask.world.set_deployment_status(one, body["state"], creator=ask.bot, app=ask.caller, fields=body)
    return shown(show_deployment_status(ask.urls, one, status), 201)


def list_statuses(ask: Ask) -> Page:
    one = _deployment(ask)
    return Page(items=list(reversed(one.statuses)), show=lambda status: show_deployment_status(ask.urls, one, status))


def get_status(ask: Ask) -> Answer:
    one = _deployment(ask)
    for status in one.statuses:
        if status.id == ask.number("status_id"):
            return shown(show_deployment_status(ask.urls, one, status))
    raise not_found()


def list_environments(ask: Ask) -> Page:
    found = list(ask.repository.environments.values())
    return Page(items=found, show=lambda one: show_environment(ask.urls, ask.repository, one), key="environments")


def get_environment(ask: Ask) -> Answer:
    found = ask.repository.environments.get(ask.params["environment_name"].lower())
    if found is None:
        raise not_found()
    return shown(show_environment(ask.urls, ask.repository, found))


def _deployment(ask: Ask) -> Deployment:
    found = ask.repository.deployments.get(ask.number("deployment_id"))
    if found is None:
        raise not_found()
    return found


_D, _READ, _WRITE = "/repos/{owner}/{repo}/deployments", "deployments=read", "deployments=write"
_ONE, _E = _D + "/{deployment_id}", "/repos/{owner}/{repo}/environments"
ROUTES: list[Route] = [
    token_route("POST", _D, "repos/create-deployment", create, _WRITE),
    token_route("GET", _D, "repos/list-deployments", list_all, _READ),
    token_route("GET", _ONE, "repos/get-deployment", get, _READ),
    token_route("DELETE", _ONE, "repos/delete-deployment", delete, _WRITE),
    token_route("POST", _ONE + "/statuses", "repos/create-deployment-status", create_status, _WRITE),
    token_route("GET", _ONE + "/statuses", "repos/list-deployment-statuses", list_statuses, _READ),
    token_route("GET", _ONE + "/statuses/{status_id}", "repos/get-deployment-status", get_status, _READ),
    token_route("GET", _E, "repos/get-all-environments", list_environments, "actions=read"),
    token_route("GET", _E + "/{environment_name}", "repos/get-environment", get_environment, "actions=read"),
]
