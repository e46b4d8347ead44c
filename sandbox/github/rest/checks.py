"""Check runs."""

from sandbox.github.errors import RefusedError, not_found
from sandbox.github.model import JSON
from sandbox.github.records import CheckRun
from sandbox.github.rest.asking import Answer, Ask, Page, shown
from sandbox.github.rest.body import Field, Shape, read_body
from sandbox.github.rest.finding import find_sha, find_suite
from sandbox.github.rest.routing import Route, token_route
from sandbox.github.show.checks import show_run

_STATUSES = ("queued", "in_progress", "completed")
_CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out")
_ANNOTATION = {
    "path": Field(required=True),
    "start_line": Field(kind="integer", required=True),
    "end_line": Field(kind="integer", required=True),
    "start_column": Field(kind="integer"),
    "end_column": Field(kind="integer"),
    "annotation_level": Field(required=True, choices=("notice", "warning", "failure")),
    "message": Field(required=True),
    "title": Field(),
    "raw_details": Field(),
}


def _shape(*, new: bool) -> Shape:
    output = {
        "title": Field(required=new),
        "summary": Field(required=True, most=65535),
        "text": Field(most=65535),
        "annotations": Field(kind="array", most=50, inner=_ANNOTATION),
        "images": Field(kind="array"),
    }
    action = {
        "label": Field(required=True, most=20),
        "description": Field(required=True, most=40),
        "identifier": Field(required=True, most=20),
    }
    common = {
        "name": Field(required=new),
        "details_url": Field(),
        "external_id": Field(),
        "status": Field(choices=_STATUSES),
        "started_at": Field(kind="time"),
        "conclusion": Field(choices=_CONCLUSIONS),
        "completed_at": Field(kind="time"),
        "output": Field(kind="object", inner=output),
        "actions": Field(kind="array", most=3, inner=action),
    }
    return common | {"head_sha": Field(required=True)} if new else common


_CREATE, _UPDATE = _shape(new=True), _shape(new=False)


def create_run(ask: Ask) -> Answer:
    body = read_body(ask.body, _CREATE)
    _refuse_stale(body)
    suite = ask.world.suite_for(ask.repository, body.pop("head_sha"), ask.caller)
    name = body.pop("name")
    run = ask.world.create_run(suite, name=name, sender=ask.bot, **body)
    return shown(show_run(ask.urls, run), 201)


def update_run(ask: Ask) -> Answer:
    """Only the App that made a run may change it."""
    body, run = read_body(ask.body, _UPDATE), _run(ask)
    _refuse_stale(body)
    if run.suite.app is not ask.app:
        raise RefusedError(
            403,
            f"Invalid app_id `{run.suite.app.id}` - check run can only be modified by the GitHub App that created it.",
        )
    ask.world.update_run(run, sender=ask.bot, **body)
    return shown(show_run(ask.urls, run))


def get_run(ask: Ask) -> Answer:
    return shown(show_run(ask.urls, _run(ask)))


def list_annotations(ask: Ask) -> Page:
    blank = {"start_column": None, "end_column": None, "title": None, "raw_details": None}
    run = _run(ask)

    def show(annotation: JSON) -> JSON:
        href = f"{ask.urls.page(ask.repository)}/blob/{run.head_sha}/{annotation['path']}"
        return blank | annotation | {"blob_href": href}

    return Page(items=run.annotations, show=show)


def runs_for_ref(ask: Ask) -> Page:
    """`filter=latest` is the newest run per suite and name; at most 1,000 suites are looked at."""
    sha = find_sha(ask)
    everything = [run for run in ask.repository.runs.values() if run.head_sha == sha]
    runs = everything if ask.query.get("filter") == "all" else ask.world.current_runs(ask.repository, sha)
    if app_id := ask.query.get("app_id"):
        runs = [run for run in runs if str(run.suite.app.id) == app_id]
    return _page_of_runs(ask, runs)


def runs_for_suite(ask: Ask) -> Page:
    suite = find_suite(ask)
    newest = list({run.name: run for run in suite.runs if not run.archived}.values())
    return _page_of_runs(ask, suite.runs if ask.query.get("filter") == "all" else newest)


def _page_of_runs(ask: Ask, runs: list[CheckRun]) -> Page:
    if name := ask.query.get("check_name"):
        runs = [run for run in runs if run.name == name]
    if status := ask.query.get("status"):
        runs = [run for run in runs if run.status == status]
    return Page(items=list(reversed(runs)), show=lambda run: show_run(ask.urls, run), key="check_runs")


def _run(ask: Ask) -> CheckRun:
    found = ask.repository.runs.get(ask.number("check_run_id"))
    if found is None:
        raise not_found()
    return found


def _refuse_stale(body: JSON) -> None:
    """Only GitHub itself sets `stale`."""
    if body.get("conclusion") == "stale":
        raise RefusedError(422, "Invalid request.\n\nThe conclusion `stale` can only be set by GitHub.")


_R, _READ, _WRITE = "/repos/{owner}/{repo}", "checks=read", "checks=write"
_RUN, _SUITE = _R + "/check-runs/{check_run_id}", _R + "/check-suites/{check_suite_id}"
ROUTES: list[Route] = [
    token_route("POST", _R + "/check-runs", "checks/create", create_run, _WRITE),
    token_route("GET", _RUN, "checks/get", get_run, _READ),
    token_route("PATCH", _RUN, "checks/update", update_run, _WRITE),
    token_route("GET", _RUN + "/annotations", "checks/list-annotations", list_annotations, _READ),
    token_route("GET", _R + "/commits/{ref}/check-runs", "checks/list-for-ref", runs_for_ref, _READ),
    token_route("GET", _SUITE + "/check-runs", "checks/list-for-suite", runs_for_suite, _READ),
]
