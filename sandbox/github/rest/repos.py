"""A repository's code: branches, refs, commits, compare, contents."""

import base64
import operator
from collections.abc import Mapping
from datetime import datetime

from sandbox.github import gitlog
from sandbox.github.errors import RefusedError, not_found
from sandbox.github.model import JSON
from sandbox.github.records import Commit
from sandbox.github.rest.asking import Answer, Ask, Page, shown
from sandbox.github.rest.body import Field, read_body
from sandbox.github.rest.paging import cut, link_header
from sandbox.github.rest.routing import Route, token_route
from sandbox.github.show.commits import show_branch, show_commit, show_files, show_ref
from sandbox.github.show.repositories import show_full_repository

_READ, _WRITE = "contents=read", "contents=write"


def get_repo(ask: Ask) -> Answer:
    return shown(show_full_repository(ask.urls, ask.repository))


def get_branch(ask: Ask) -> Answer:
    branch = ask.params["branch"]
    sha = ask.repository.head(branch)
    if sha is None:
        raise RefusedError(404, "Branch not found")
    return shown(show_branch(ask.urls, ask.repository, branch, ask.world.commits[sha]))


def get_ref(ask: Ask) -> Answer:
    ref = f"refs/{ask.params['ref']}"
    sha = ask.repository.refs.get(ref)
    if sha is None:
        raise not_found()
    return shown(show_ref(ask.urls, ask.repository, ref, sha))


def create_ref(ask: Ask) -> Answer:
    body = read_body(ask.body, {"ref": Field(required=True), "sha": Field(required=True)})
    if body["ref"] in ask.repository.refs:
        raise RefusedError(422, "Reference already exists")
    if body["sha"] not in ask.repository.objects:
        raise RefusedError(422, "Object does not exist")
    ask.world.move_ref(ask.repository, body["ref"], body["sha"], by=ask.bot)
    return shown(show_ref(ask.urls, ask.repository, body["ref"], body["sha"]), 201)


def update_ref(ask: Ask) -> Answer:
    body = read_body(ask.body, {"sha": Field(required=True), "force": Field(kind="boolean")})
    ref = f"refs/{ask.params['ref']}"
    if ref not in ask.repository.refs:
        raise RefusedError(422, "Reference does not exist")
    if body["sha"] not in ask.repository.objects:
        raise RefusedError(422, "Object does not exist")
    ask.world.move_ref(ask.repository, ref, body["sha"], by=ask.bot, force=body.get("force", False))
    return shown(show_ref(ask.urls, ask.repository, ref, body["sha"]))


def list_commits(ask: Ask) -> Page:
    start = _commit(ask, ask.query.get("sha") or ask.repository.default_branch, missing=404)
    history = [ask.world.commits[sha] for sha in gitlog.ancestors(ask.world.commits, start.sha)]
    for name, keep in (("since", operator.ge), ("until", operator.le)):
        if limit := ask.query.get(name):
            history = [commit for commit in history if keep(commit.date, datetime.fromisoformat(limit))]
    if path := ask.query.get("path"):
        history = [commit for commit in history if _touches(ask, commit, path)]
    return Page(items=history, show=lambda commit: show_commit(ask.urls, ask.repository, commit))


def get_commit(ask: Ask) -> Answer:
    commit = _commit(ask, ask.params["ref"], missing=422)
    files = _files(ask, _parent_files(ask, commit), commit.files, commit.sha)
    added, gone = sum(file["additions"] for file in files), sum(file["deletions"] for file in files)
    stats = {"total": added + gone, "additions": added, "deletions": gone}
    return shown(show_commit(ask.urls, ask.repository, commit) | {"stats": stats, "files": files})


def compare(ask: Ask) -> Answer:
    """`base...head`, by branch or SHA; files (300 at most) are against the merge base and on the first page only.

    Commits come oldest first, 250 on one page unless paging is asked for.
    """
    base_name, dots, head_name = ask.params["basehead"].partition("...")
    if not dots:
        raise not_found()
    commits = ask.world.commits
    base, head = _commit(ask, base_name, missing=404), _commit(ask, head_name, missing=404)
    common = gitlog.merge_base(commits, base.sha, head.sha)
    if common is None:
        raise RefusedError(404, f"No common ancestor between {base_name} and {head_name}.")
    ahead = gitlog.only_in(commits, head.sha, base=base.sha)
    behind = len(gitlog.only_in(commits, base.sha, base=head.sha))
    page = f"{ask.urls.page(ask.repository)}/compare/{base_name}...{head_name}"
    paged = {"per_page": "100", **ask.query} if ask.query.keys() & {"page", "per_page"} else {"per_page": "250"}
    part, number, last = cut(ahead, paged, most=250)
    api = f"{ask.urls.api}/repositories/{ask.repository.id}/compare/{base_name}...{head_name}"
    answer = shown(
        {
            "url": f"{ask.urls.repo(ask.repository)}/compare/{base_name}...{head_name}",
            "html_url": page,
            "permalink_url": f"{page}?permalink",
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "base_commit": show_commit(ask.urls, ask.repository, base),
            "merge_base_commit": show_commit(ask.urls, ask.repository, commits[common]),
            "status": _relation(len(ahead), behind),
            "ahead_by": len(ahead),
            "behind_by": behind,
            "total_commits": len(ahead),
            "commits": [show_commit(ask.urls, ask.repository, commit) for commit in part],
            "files": _files(ask, commits[common].files, head.files, head.sha)[:300] if number == 1 else [],
        }
    )
    if last > 1 and "per_page" in ask.query:
        answer.headers["Link"] = link_header(api, ask.query, number=number, last=last)
    return answer


def contents(ask: Ask) -> Answer:
    """A file (base64, lines of 60) or a folder's listing."""
    ref = ask.query.get("ref") or ask.repository.default_branch
    commit = _commit(ask, ref, missing=404)
    path = ask.params["path"].strip("/")
    if path in commit.files:
        return shown(_entry(ask, path, ref, commit.files[path], with_content=True))
    inside = f"{path}/" if path else ""
    names = sorted({name.removeprefix(inside).split("/")[0] for name in commit.files if name.startswith(inside)})
    if not names:
        raise not_found()
    return shown([_entry(ask, inside + name, ref, commit.files.get(inside + name)) for name in names])


def _entry(ask: Ask, path: str, ref: str, text: str | None, *, with_content: bool = False) -> JSON:
    api, page = ask.urls.repo(ask.repository), ask.urls.page(ask.repository)
    sha = gitlog.blob_sha(path if text is None else text)
    kind, word = ("dir", "tree") if text is None else ("file", "blob")
    url, html = f"{api}/contents/{path}?ref={ref}", f"{page}/{word}/{ref}/{path}"
    git = f"{api}/git/{word}s/{sha}"
    entry: JSON = {
        "type": kind,
        "size": len((text or "").encode()),
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "sha": sha,
        "url": url,
        "git_url": git,
        "html_url": html,
        "download_url": None if text is None else f"{page}/raw/{ref}/{path}",
        "_links": {"self": url, "git": git, "html": html},
    }
    if with_content and text is not None:
        entry |= {"encoding": "base64", "content": base64.encodebytes(text.encode()).decode()}
    return entry


def _commit(ask: Ask, ref: str, *, missing: int) -> Commit:
    sha = ask.world.resolve(ask.repository, ref)
    if sha is None:
        raise not_found() if missing == 404 else RefusedError(422, f"No commit found for SHA: {ref}")
    return ask.world.commits[sha]


def _parent_files(ask: Ask, commit: Commit) -> Mapping[str, str]:
    return ask.world.commits[commit.parents[0]].files if commit.parents else {}


def _touches(ask: Ask, commit: Commit, path: str) -> bool:
    changed = gitlog.changes(_parent_files(ask, commit), commit.files)
    return any(change.path == path or change.path.startswith(f"{path}/") for change in changed)


def _files(ask: Ask, old: Mapping[str, str], new: Mapping[str, str], sha: str) -> list[JSON]:
    pairs = [(change, new.get(change.path, old.get(change.path, ""))) for change in gitlog.changes(old, new)]
    return show_files(ask.urls, ask.repository, sha=sha, files=pairs)


def _relation(ahead: int, behind: int) -> str:
    if ahead and behind:
        return "diverged"
    return "ahead" if ahead else "behind" if behind else "identical"


_R = "/repos/{owner}/{repo}"
ROUTES: list[Route] = [
    token_route("GET", _R, "repos/get", get_repo, "metadata=read"),
    token_route("GET", _R + "/branches/{branch}", "repos/get-branch", get_branch, _READ),
    token_route("GET", _R + "/git/ref/{ref}", "git/get-ref", get_ref, _READ),
    token_route("POST", _R + "/git/refs", "git/create-ref", create_ref, _WRITE),
    token_route("PATCH", _R + "/git/refs/{ref}", "git/update-ref", update_ref, _WRITE),
    token_route("GET", _R + "/commits", "repos/list-commits", list_commits, _READ),
    token_route("GET", _R + "/commits/{ref}", "repos/get-commit", get_commit, _READ),
    token_route("GET", _R + "/compare/{basehead}", "repos/compare-commits-with-basehead", compare, _READ),
    token_route("GET", _R + "/contents/{path}", "repos/get-content", contents, _READ),
]
