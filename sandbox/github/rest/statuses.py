"""Commit statuses, one by one and combined."""

from sandbox.github.model import JSON
from sandbox.github.records import Status
from sandbox.github.rest.asking import Answer, Ask, Page, shown
from sandbox.github.rest.body import Field, read_body
from sandbox.github.rest.finding import find_sha
from sandbox.github.rest.routing import Route, token_route
from sandbox.github.show.checks import show_status
from sandbox.github.show.repositories import show_short_repository

_CREATE = {
    "state": Field(required=True, choices=("error", "failure", "pending", "success")),
    "target_url": Field(nullable=True),
    "description": Field(nullable=True, most=140),
    "context": Field(),
}


def create(ask: Ask) -> Answer:
    body = read_body(ask.body, _CREATE)
    status = ask.world.report_status(
        ask.repository,
        ask.params["sha"],
        body.get("context", "default"),
        body["state"],
        body.get("description"),
        by=ask.bot,
        target_url=body.get("target_url"),
    )
    return shown(show_status(ask.urls, ask.repository, status), 201)


def list_all(ask: Ask) -> Page:
    """Every status ever set, newest first."""
    sha = find_sha(ask)
    found = [status for status in reversed(ask.repository.statuses) if status.sha == sha]
    return Page(items=found, show=lambda status: show_status(ask.urls, ask.repository, status))


def combined(ask: Ask) -> Page:
    """The newest of each context. With none at all the state is `pending`, as on GitHub."""
    sha = find_sha(ask)
    found = ask.world.current_statuses(ask.repository, sha)
    states = {status.state for status in found}
    worst = "failure" if states & {"failure", "error"} else "pending" if "pending" in states or not found else "success"
    api = ask.urls.repo(ask.repository)

    def show(status: Status) -> JSON:
        return {key: value for key, value in show_status(ask.urls, ask.repository, status).items() if key != "creator"}

    return Page(
        items=found,
        show=show,
        key="statuses",
        extra={
            "state": worst,
            "sha": sha,
            "repository": show_short_repository(ask.urls, ask.repository),
            "commit_url": f"{api}/commits/{sha}",
            "url": f"{api}/commits/{sha}/status",
        },
    )


_R = "/repos/{owner}/{repo}"
ROUTES: list[Route] = [
    token_route("POST", _R + "/statuses/{sha}", "repos/create-commit-status", create, "statuses=write"),
    token_route("GET", _R + "/commits/{ref}/status", "repos/get-combined-status-for-ref", combined, "statuses=read"),
    token_route("GET", _R + "/commits/{ref}/statuses", "repos/list-commit-statuses-for-ref", list_all, "statuses=read"),
]
