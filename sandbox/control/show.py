"""Pull requests, checks, comments and deployments as the door's JSON, which is also what the page draws."""

from collections.abc import Iterable
from typing import Any

from sandbox.github.gitlog import ancestors
from sandbox.github.model import Repository
from sandbox.github.records import CheckRun, Comment, Deployment, PullRequest, Review, Status
from sandbox.github.state import State
from sandbox.github.urls import stamp

JSON = dict[str, Any]

PASSING = {"success", "neutral", "skipped"}
_NO_OUTPUT = {"title": "", "summary": "", "text": ""}
PENDING = {"queued", "in_progress", "waiting", "requested", "pending", "expected"}


def show_repository(repository: Repository) -> JSON:
    return {
        "repository": repository.full_name,
        "id": repository.id,
        "default_branch": repository.default_branch,
        "branches": {ref.removeprefix("refs/heads/"): sha for ref, sha in sorted(repository.refs.items())},
        "required_checks": {branch: required_names(repository, branch) for branch in sorted(repository.protections)},
        "pulls": sorted(repository.pulls),
    }


def show_pull(world: State, pull: PullRequest) -> JSON:
    repository = pull.repository
    sha = commit_of(pull)
    return {
        "repository": repository.full_name,
        "number": pull.number,
        "title": pull.title,
        "body": pull.body or "",
        "state": state_of(pull),
        "draft": pull.draft,
        "author": pull.author.login,
        "head_repository": pull.head_repository.full_name if pull.head_repository else None,
        "head_ref": pull.head_ref,
        "head_sha": pull.head_sha,
        "base_ref": pull.base_ref,
        "merge_commit_sha": pull.merge_commit_sha if pull.merged else None,
        "commit_sha": sha,
        "merged_by": pull.merged_by.login if pull.merged_by else None,
        "created_at": stamp(pull.created_at),
        "updated_at": stamp(pull.updated_at),
        "merged_at": stamp(pull.merged_at),
        "commits": commits_of(world, pull),
        "checks": show_checks(repository, sha, pull.base_ref),
        "comments": [show_comment(each) for each in comments_of(pull)],
        "reviews": [show_review(each) for each in pull.reviews],
        "deployments": show_deployments(repository, sha),
    }


def show_review(review: Review) -> JSON:
    return {
        "id": review.id,
        "author": review.user.login,
        "state": review.state,
        "body": review.body,
        "sha": review.commit_id,
        "submitted_at": stamp(review.submitted_at),
    }


def state_of(pull: PullRequest) -> str:
    return "merged" if pull.merged else pull.state


def commit_of(pull: PullRequest) -> str:
    """The commit that counts: the merged one, before that the head."""
    return pull.merge_commit_sha if pull.merged and pull.merge_commit_sha else pull.head_sha


def commits_of(world: State, pull: PullRequest) -> list[JSON]:
    """What the head has and the base had not, oldest first."""
    had = set(ancestors(world.commits, pull.base_sha)) if pull.base_sha in world.commits else set()
    shas = [sha for sha in ancestors(world.commits, pull.head_sha) if sha not in had]
    return [show_commit(world, sha) for sha in reversed(shas)]


def show_commit(world: State, sha: str) -> JSON:
    commit = world.commits[sha]
    first_line = commit.message.partition("\n")[0]
    return {"sha": sha, "message": first_line, "author": commit.author.login, "date": stamp(commit.date)}


def comments_of(pull: PullRequest) -> list[Comment]:
    return [each for each in pull.repository.comments.values() if each.number == pull.number]


def show_comment(comment: Comment) -> JSON:
    return {
        "id": comment.id,
        "author": comment.user.login,
        "is_bot": comment.user.kind == "Bot",
        "body": comment.body,
        "edits": len(comment.bodies) - 1,
        "created_at": stamp(comment.created_at),
        "updated_at": stamp(comment.updated_at),
        "reactions": [{"content": each.content, "user": each.user.login} for each in comment.reactions],
    }


def required_names(repository: Repository, branch: str) -> list[str]:
    rules = repository.protections.get(branch, [])
    return sorted({each.context for rule in rules for each in rule.required})


def show_checks(repository: Repository, sha: str, branch: str) -> JSON:
    """The newest run of each name and App, the newest status of each context, and required names nobody reported."""
    required = required_names(repository, branch)
    rows = [show_run(run, required) for run in newest_runs(repository, sha)]
    rows += [_show_status(each, required) for each in newest_statuses(repository, sha)]
    seen = {row["name"] for row in rows}
    rows += [_show_expected(name) for name in required if name not in seen]
    return {"sha": sha, "rows": rows} | _sum_up([row["state"] for row in rows])


def newest_runs(repository: Repository, sha: str) -> list[CheckRun]:
    newest: dict[tuple[int, str], CheckRun] = {}
    for run in repository.runs.values():
        if run.head_sha == sha and not run.archived:
            newest[run.suite.app.id, run.name] = run
    return list(newest.values())


def newest_statuses(repository: Repository, sha: str) -> list[Status]:
    return list({each.context: each for each in repository.statuses if each.sha == sha}.values())


def show_run(run: CheckRun, required: Iterable[str] = ()) -> JSON:
    state = run.conclusion or run.status
    return {
        "id": run.id,
        "key": f"{run.suite.app.slug}-{run.name}",
        "kind": "check_run",
        "name": run.name,
        "sha": run.head_sha,
        "status": run.status,
        "conclusion": run.conclusion,
        "state": state,
        "says": state.replace("_", " "),
        "required": run.name in required,
        "by": run.suite.app.slug,
        "title": run.output.get("title") or "",
        "summary": run.output.get("summary") or "",
        "text": run.output.get("text") or "",
        "started_at": stamp(run.started_at),
        "completed_at": stamp(run.completed_at),
        "external_id": run.external_id,
        "actions": run.actions if run.status == "completed" else [],
        "page": f"/{run.suite.repository.full_name}/runs/{run.id}",
    }


def _show_status(status: Status, required: Iterable[str]) -> JSON:
    return {
        "id": status.id,
        "key": f"status-{status.context}",
        "kind": "status",
        "name": status.context,
        "sha": status.sha,
        "state": status.state,
        "says": status.description or status.state,
        "required": status.context in required,
        "by": status.creator.login,
        **_NO_OUTPUT,
    }


def _show_expected(name: str) -> JSON:
    """A required check that nobody reported."""
    return {
        "kind": "expected",
        "key": f"expected-{name}",
        "name": name,
        "state": "expected",
        "says": "expected: nothing reported yet",
        "required": True,
        **_NO_OUTPUT,
    }


def _sum_up(states: list[str]) -> JSON:
    passed = sum(state in PASSING for state in states)
    pending = sum(state in PENDING for state in states)
    short = f"{passed} of {len(states)}" if states else "no checks"
    if len(states) > passed + pending:
        return {"state": "failure", "says": "Some checks were not successful", "short": short}
    if pending:
        return {"state": "pending", "says": "Waiting for checks", "short": short}
    if states:
        return {"state": "success", "says": "All checks have passed", "short": short}
    return {"state": "none", "says": "No checks", "short": short}


def show_deployments(repository: Repository, sha: str | None = None) -> list[JSON]:
    """Newest first; those of one commit, or all."""
    wanted = [each for each in repository.deployments.values() if sha in (None, each.sha)]
    return [show_deployment(each) for each in reversed(wanted)]


def show_deployment(deployment: Deployment) -> JSON:
    return {
        "id": deployment.id,
        "environment": deployment.environment,
        "sha": deployment.sha,
        "state": deployment.state,
        "description": deployment.description or "",
        "production": deployment.production,
        "by": deployment.creator.login,
        "payload": deployment.payload,
        "created_at": stamp(deployment.created_at),
        "updated_at": stamp(deployment.updated_at),
        "statuses": [
            {
                "state": status.state,
                "description": status.description,
                "environment_url": status.environment_url,
                "log_url": status.log_url,
                "created_at": stamp(status.created_at),
            }
            for status in deployment.statuses
        ],
    }
