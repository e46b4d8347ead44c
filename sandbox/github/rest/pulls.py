"""Pull requests: list, get, files, commits, merged?, merge, create, update, and the pulls of a commit."""

from collections.abc import Callable
from typing import Any

from sandbox.github import gitlog
from sandbox.github.errors import RefusedError, bad_request, not_found
from sandbox.github.records import PullRequest
from sandbox.github.rest.asking import Answer, Ask, Page, empty, shown
from sandbox.github.rest.body import Field, read_body
from sandbox.github.rest.routing import Route, token_route
from sandbox.github.show.commits import show_commit, show_files
from sandbox.github.show.pulls import show_issue, show_simple_pull

_READ = "pull_requests=read"
_MERGE = {
    "commit_title": Field(),
    "commit_message": Field(),
    "sha": Field(),
    "merge_method": Field(choices=("merge", "squash", "rebase")),
}
_CREATE = {
    "title": Field(required=True),
    "head": Field(required=True),
    "base": Field(required=True),
    "body": Field(nullable=True),
    "draft": Field(kind="boolean"),
    "maintainer_can_modify": Field(kind="boolean"),
}
_UPDATE = {
    "title": Field(),
    "body": Field(nullable=True),
    "state": Field(choices=("open", "closed")),
    "base": Field(),
    "maintainer_can_modify": Field(kind="boolean"),
}
_SORTS: dict[str, Callable[[PullRequest], Any]] = {
    "created": lambda pull: pull.number,
    "updated": lambda pull: (pull.updated_at, pull.number),
}


def list_pulls(ask: Ask) -> Page:
    """Newest first by creation; other sorts run upwards unless `direction` says otherwise."""
    state, sort = ask.query.get("state", "open"), ask.query.get("sort", "created")
    if state not in {"open", "closed", "all"} or sort not in {"created", "updated", "popularity", "long-running"}:
        raise bad_request(f"For 'state' or 'sort', {state!r}, {sort!r} is not possible.")
    down = ask.query.get("direction", "desc" if "sort" not in ask.query or sort == "created" else "asc") == "desc"
    found = [ask.world.read_pull(pull, counts=False) for pull in ask.repository.pulls.values()]
    found = [pull for pull in found if state in ("all", pull.state)]
    if base := ask.query.get("base"):
        found = [pull for pull in found if pull.base_ref == base]
    if head := ask.query.get("head"):
        found = [pull for pull in found if pull.head_label == head]
    found.sort(key=_SORTS.get(sort, _SORTS["created"]), reverse=down)
    return Page(items=found, show=lambda pull: show_simple_pull(ask.urls, pull))


def get_pull(ask: Ask) -> Answer:
    pull = _pull(ask)
    answer = shown(ask.world.show(ask.world.read_pull(pull)))
    ask.world.was_read(pull)
    return answer


def list_files(ask: Ask) -> Page:
    pull = _pull(ask)
    commits = ask.world.commits
    common = gitlog.merge_base(commits, pull.base_sha, pull.head_sha)
    old, new = (commits[common].files if common else {}), commits[pull.head_sha].files
    pairs = [(one, new.get(one.path, old.get(one.path, ""))) for one in ask.world.pull_changes(pull)]
    files = show_files(ask.urls, ask.repository, sha=pull.head_sha, files=pairs)
    return Page(items=files[:3000], show=lambda file: file)


def list_commits(ask: Ask) -> Page:
    pull = _pull(ask)
    found = gitlog.only_in(ask.world.commits, pull.head_sha, base=pull.base_sha)
    return Page(items=found[:250], show=lambda commit: show_commit(ask.urls, ask.repository, commit))


def is_merged(ask: Ask) -> Answer:
    if not ask.world.read_pull(_pull(ask)).merged:
        raise not_found()
    return empty()


def merge(ask: Ask) -> Answer:
    body = read_body(ask.body, _MERGE)
    sha = ask.world.merge(
        ask.repository,
        ask.number("pull_number"),
        by=ask.bot,
        method=body.get("merge_method", "merge"),
        sha=body.get("sha"),
        title=body.get("commit_title"),
        message=body.get("commit_message"),
    )
    return shown({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def create(ask: Ask) -> Answer:
    body = read_body(ask.body, _CREATE)
    pull = ask.world.open_pull(
        ask.repository,
        head=body["head"],
        base=body["base"],
        title=body["title"],
        body=body.get("body"),
        author=ask.bot,
        draft=body.get("draft", False),
    )
    return shown(ask.world.show(pull), 201)


def update(ask: Ask) -> Answer:
    body = read_body(ask.body, _UPDATE)
    pull = _pull(ask)
    ask.world.edit_pull(pull, by=ask.bot, title=body.get("title"), body=body.get("body"), base=body.get("base"))
    if body.get("state") == "closed":
        ask.world.close(ask.repository, pull.number, by=ask.bot)
    elif body.get("state") == "open" and pull.state == "closed":
        ask.world.reopen(ask.repository, pull.number, by=ask.bot)
    return shown(ask.world.show(pull))


def of_commit(ask: Ask) -> Page:
    """For a commit on the default branch the merged pull request only, else open ones that contain it."""
    sha = ask.params["commit_sha"]
    if sha not in ask.repository.objects:
        raise RefusedError(422, f"No commit found for SHA: {sha}")
    seen = [ask.world.read_pull(pull, counts=False) for pull in ask.repository.pulls.values()]
    head = ask.repository.head(ask.repository.default_branch)
    if head and gitlog.is_ancestor(ask.world.commits, sha, head):
        found = [pull for pull in seen if pull.merged and _brought(ask, pull, sha)]
    else:
        found = [pull for pull in seen if pull.state == "open" and _contains(ask, pull, sha)]
    return Page(items=found, show=lambda pull: show_simple_pull(ask.urls, pull))


def get_issue(ask: Ask) -> Answer:
    number = ask.number("issue_number")
    pull = ask.world.read_pull(ask.world.pull(ask.repository, number), counts=False)
    by = pull.merged_by if pull.merged else None
    return shown(show_issue(ask.urls, pull) | {"closed_by": ask.world.show(pull)["merged_by"] if by else None})


def _pull(ask: Ask) -> PullRequest:
    return ask.world.pull(ask.repository, ask.number("pull_number"))


def _contains(ask: Ask, pull: PullRequest, sha: str) -> bool:
    own = gitlog.only_in(ask.world.commits, pull.head_sha, base=pull.base_sha)
    return any(commit.sha == sha for commit in own)


def _brought(ask: Ask, pull: PullRequest, sha: str) -> bool:
    """Its merge, squash or last rebased commit, any rebased one between, or one of its own commits."""
    if pull.merge_commit_sha is None:
        return False
    brought = gitlog.only_in(ask.world.commits, pull.merge_commit_sha, base=pull.landed_on)
    return any(commit.sha == sha for commit in brought)


_P = "/repos/{owner}/{repo}/pulls"
_WRITE = "pull_requests=write"
ROUTES: list[Route] = [
    token_route("GET", _P, "pulls/list", list_pulls, _READ),
    token_route("POST", _P, "pulls/create", create, _WRITE),
    token_route("GET", _P + "/{pull_number}", "pulls/get", get_pull, _READ),
    token_route("PATCH", _P + "/{pull_number}", "pulls/update", update, _WRITE),
    token_route("GET", _P + "/{pull_number}/files", "pulls/list-files", list_files, _READ),
    token_route("GET", _P + "/{pull_number}/commits", "pulls/list-commits", list_commits, _READ),
    token_route("GET", _P + "/{pull_number}/merge", "pulls/check-if-merged", is_merged, "contents=read"),
    token_route("PUT", _P + "/{pull_number}/merge", "pulls/merge", merge, "contents=write"),
    token_route(
        "GET",
        "/repos/{owner}/{repo}/commits/{commit_sha}/pulls",
        "repos/list-pull-requests-associated-with-commit",
        of_commit,
        f"{_READ}; contents=read",
    ),
    token_route(
        "GET",
        "/repos/{owner}/{repo}/issues/{issue_number}",
        "issues/get",
        get_issue,
        "issues=read; pull_requests=read",
    ),
]
