"""Check suites and workflow runs."""

from sandbox.github.errors import RefusedError, not_found
from sandbox.github.model import JSON
from sandbox.github.records import CheckSuite
from sandbox.github.rest.asking import Answer, Ask, Page, shown
from sandbox.github.rest.body import Field, read_body
from sandbox.github.rest.finding import find_sha, find_suite
from sandbox.github.rest.routing import Route, token_route
from sandbox.github.show.checks import show_suite, show_workflow_run
from sandbox.github.show.repositories import show_short_repository


def suites_for_ref(ask: Ask) -> Page:
    sha = find_sha(ask)
    suites = [suite for suite in ask.repository.suites.values() if suite.head_sha == sha]
    if app_id := ask.query.get("app_id"):
        suites = [suite for suite in suites if str(suite.app.id) == app_id]
    if name := ask.query.get("check_name"):
        suites = [suite for suite in suites if any(run.name == name for run in suite.runs)]
    return Page(items=suites, show=lambda suite: _show_suite(ask, suite), key="check_suites")


def get_suite(ask: Ask) -> Answer:
    return shown(_show_suite(ask, find_suite(ask)))


def create_suite(ask: Ask) -> Answer:
    """200 with the one that is there, 201 with a new one."""
    sha = read_body(ask.body, {"head_sha": Field(required=True)})["head_sha"]
    known = {suite.id for suite in ask.repository.suites.values()}
    suite = ask.world.suite_for(ask.repository, sha, ask.caller)
    return shown(_show_suite(ask, suite), 200 if suite.id in known else 201)


def rerequest_suite(ask: Ask) -> Answer:
    suite = find_suite(ask)
    if suite.app is not ask.app:
        raise RefusedError(403, "Resource not accessible by integration")
    ask.world.rerequest_suite(suite, by=ask.bot)
    return shown({}, 201)


def set_preferences(ask: Ask) -> Answer:
    inner = {"app_id": Field(kind="integer", required=True), "setting": Field(kind="boolean", required=True)}
    body = read_body(ask.body, {"auto_trigger_checks": Field(kind="array", inner=inner)})
    for entry in body.get("auto_trigger_checks", []):
        ask.repository.auto_trigger[entry["app_id"]] = entry["setting"]
    chosen = [{"app_id": app, "setting": on} for app, on in ask.repository.auto_trigger.items()]
    repository = show_short_repository(ask.urls, ask.repository)
    return shown({"preferences": {"auto_trigger_checks": chosen}, "repository": repository})


def list_workflow_runs(ask: Ask) -> Page:
    runs = list(reversed(ask.repository.workflow_runs.values()))
    if sha := ask.query.get("head_sha"):
        runs = [run for run in runs if run.suite.head_sha == sha]
    if status := ask.query.get("status"):
        runs = [run for run in runs if status in (run.suite.status, run.suite.conclusion)]
    commits = ask.world.commits
    return Page(
        items=runs,
        show=lambda run: show_workflow_run(ask.urls, run, commits[run.suite.head_sha]),
        key="workflow_runs",
    )


def get_workflow_run(ask: Ask) -> Answer:
    run = ask.repository.workflow_runs.get(ask.number("run_id"))
    if run is None:
        raise not_found()
    return shown(show_workflow_run(ask.urls, run, ask.world.commits[run.suite.head_sha]))


def _show_suite(ask: Ask, suite: CheckSuite) -> JSON:
    return show_suite(ask.urls, suite, ask.world.commits[suite.head_sha])


_R, _READ, _WRITE = "/repos/{owner}/{repo}", "checks=read", "checks=write"
_SUITE = _R + "/check-suites/{check_suite_id}"
ROUTES: list[Route] = [
    token_route("GET", _R + "/commits/{ref}/check-suites", "checks/list-suites-for-ref", suites_for_ref, _READ),
    token_route("POST", _R + "/check-suites", "checks/create-suite", create_suite, _WRITE),
    token_route(
        "PATCH",
        _R + "/check-suites/preferences",
        "checks/set-suites-preferences",
        set_preferences,
        "administration=write",
    ),
    token_route("GET", _SUITE, "checks/get-suite", get_suite, _READ),
    token_route("POST", _SUITE + "/rerequest", "checks/rerequest-suite", rerequest_suite, _WRITE),
    token_route("GET", _R + "/actions/runs", "actions/list-workflow-runs-for-repo", list_workflow_runs, "actions=read"),
    token_route("GET", _R + "/actions/runs/{run_id}", "actions/get-workflow-run", get_workflow_run, "actions=read"),
]
