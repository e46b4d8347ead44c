"""Check suites, check runs, workflow runs and commit statuses as JSON."""

from sandbox.github.model import JSON, Repository
from sandbox.github.records import CheckRun, CheckSuite, Commit, Status, WorkflowRun
from sandbox.github.show.accounts import show_account, show_app
from sandbox.github.show.commits import show_head_commit
from sandbox.github.show.pulls import show_minimal_pull
from sandbox.github.show.repositories import show_short_repository
from sandbox.github.urls import Urls, node_id, stamp


def show_pulls_of(urls: Urls, suite: CheckSuite) -> list[JSON]:
    """Open pull requests whose head this is; none for a fork's push (documented), where the branch is null."""
    if suite.head_branch is None:
        return []
    pulls = suite.repository.pulls.values()
    return [show_minimal_pull(urls, pull) for pull in pulls if pull.state == "open" and pull.head_sha == suite.head_sha]


def show_suite(urls: Urls, suite: CheckSuite, commit: Commit) -> JSON:
    api = f"{urls.repo(suite.repository)}/check-suites/{suite.id}"
    return {
        "id": suite.id,
        "node_id": node_id("CS_", suite.id),
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "status": suite.status,
        "conclusion": suite.conclusion,
        "url": api,
        "before": suite.before,
        "after": suite.head_sha,
        "pull_requests": show_pulls_of(urls, suite),
        "app": show_app(urls, suite.app),
        "repository": show_short_repository(urls, suite.repository),
        "created_at": stamp(suite.created_at),
        "updated_at": stamp(suite.updated_at),
        "head_commit": show_head_commit(commit),
        "latest_check_runs_count": sum(not run.archived for run in suite.runs),
        "check_runs_url": f"{api}/check-runs",
        "rerequestable": True,
        "runs_rerequestable": suite.workflow is None,
    }


def show_run(urls: Urls, run: CheckRun) -> JSON:
    repository = run.suite.repository
    api = f"{urls.repo(repository)}/check-runs/{run.id}"
    page = f"{urls.page(repository)}/runs/{run.id}"
    return {
        "id": run.id,
        "name": run.name,
        "node_id": node_id("CR_", run.id),
        "head_sha": run.head_sha,
        "external_id": run.external_id,
        "url": api,
        "html_url": page,
        "details_url": run.details_url or f"{urls.web}/apps/{run.suite.app.slug}",
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": stamp(run.started_at),
        "completed_at": stamp(run.completed_at),
        "output": {
            "title": run.output.get("title"),
            "summary": run.output.get("summary"),
            "text": run.output.get("text"),
            "annotations_count": len(run.annotations),
            "annotations_url": f"{api}/annotations",
        },
        "check_suite": {"id": run.suite.id},
        "app": show_app(urls, run.suite.app),
        "pull_requests": show_pulls_of(urls, run.suite),
    }


def show_hook_run(urls: Urls, run: CheckRun) -> JSON:
    """A run in an event carries its suite, without the suite's counts."""
    suite = run.suite
    return show_run(urls, run) | {
        "check_suite": {
            "id": suite.id,
            "node_id": node_id("CS_", suite.id),
            "head_branch": suite.head_branch,
            "head_sha": suite.head_sha,
            "status": suite.status,
            "conclusion": suite.conclusion,
            "url": f"{urls.repo(suite.repository)}/check-suites/{suite.id}",
            "before": suite.before,
            "after": suite.head_sha,
            "pull_requests": show_pulls_of(urls, suite),
            "app": show_app(urls, suite.app),
            "created_at": stamp(suite.created_at),
            "updated_at": stamp(suite.updated_at),
        }
    }


def show_status(urls: Urls, repository: Repository, status: Status) -> JSON:
    return {
        "url": f"{urls.repo(repository)}/statuses/{status.sha}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{status.creator.id}?v=4",
        "id": status.id,
        "node_id": node_id("SC_", status.id),
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": stamp(status.created_at),
        "updated_at": stamp(status.created_at),
        "creator": show_account(urls, status.creator),
    }


def show_workflow(urls: Urls, repository: Repository, run: WorkflowRun) -> JSON:
    number = run.suite.app.id * 1000 + repository.id
    path = f".github/workflows/{run.name.lower()}.yml"
    return {
        "id": number,
        "node_id": node_id("W_", number),
        "name": run.name,
        "path": path,
        "state": "active",
        "created_at": stamp(repository.created_at),
        "updated_at": stamp(repository.created_at),
        "url": f"{urls.repo(repository)}/actions/workflows/{number}",
        "html_url": f"{urls.page(repository)}/blob/{repository.default_branch}/{path}",
        "badge_url": f"{urls.page(repository)}/workflows/{run.name}/badge.svg",
    }


def show_workflow_run(urls: Urls, run: WorkflowRun, commit: Commit) -> JSON:
    suite, repository = run.suite, run.suite.repository
    api = f"{urls.repo(repository)}/actions/runs/{run.id}"
    workflow = show_workflow(urls, repository, run)
    short = show_short_repository(urls, repository)
    return {
        "id": run.id,
        "name": run.name,
        "node_id": node_id("WFR_", run.id),
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "path": workflow["path"],
        "display_title": commit.message.split("\n", 1)[0],
        "run_number": run.number,
        "event": run.event,
        "status": suite.status,
        "conclusion": suite.conclusion,
        "workflow_id": workflow["id"],
        "check_suite_id": suite.id,
        "check_suite_node_id": node_id("CS_", suite.id),
        "url": api,
        "html_url": f"{urls.page(repository)}/actions/runs/{run.id}",
        "pull_requests": show_pulls_of(urls, suite),
        "created_at": stamp(run.created_at),
        "updated_at": stamp(suite.updated_at),
        "actor": show_account(urls, run.actor),
        "run_attempt": run.attempt,
        "referenced_workflows": [],
        "run_started_at": stamp(run.created_at),
        "triggering_actor": show_account(urls, run.actor),
        "jobs_url": f"{api}/jobs",
        "logs_url": f"{api}/logs",
        "check_suite_url": f"{urls.repo(repository)}/check-suites/{suite.id}",
        "artifacts_url": f"{api}/artifacts",
        "cancel_url": f"{api}/cancel",
        "rerun_url": f"{api}/rerun",
        "previous_attempt_url": None,
        "workflow_url": workflow["url"],
        "head_commit": show_head_commit(commit),
        "repository": short,
        "head_repository": short,
    }
