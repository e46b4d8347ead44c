"""Commits, file changes, refs and branches as JSON."""

from collections.abc import Sequence

from sandbox.github.gitlog import FileChange, blob_sha
from sandbox.github.model import JSON, Repository, User
from sandbox.github.records import Commit
from sandbox.github.show.accounts import show_account
from sandbox.github.urls import Urls, node_id, stamp

UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def show_commit(urls: Urls, repository: Repository, commit: Commit) -> JSON:
    api, page = urls.repo(repository), urls.page(repository)
    return {
        "sha": commit.sha,
        "node_id": node_id("C_", int(commit.sha[:12], 16)),
        "commit": {
            "author": show_git_user(commit.author, commit),
            "committer": show_git_user(commit.committer, commit),
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": f"{api}/git/trees/{commit.tree}"},
            "url": f"{api}/git/commits/{commit.sha}",
            "comment_count": 0,
            "verification": UNSIGNED,
        },
        "url": f"{api}/commits/{commit.sha}",
        "html_url": f"{page}/commit/{commit.sha}",
        "comments_url": f"{api}/commits/{commit.sha}/comments",
        "author": show_account(urls, commit.author),
        "committer": show_account(urls, commit.committer),
        "parents": [
            {"sha": sha, "url": f"{api}/commits/{sha}", "html_url": f"{page}/commit/{sha}"} for sha in commit.parents
        ],
    }


def show_git_user(user: User, commit: Commit) -> JSON:
    return {"name": user.login, "email": user.email, "date": stamp(commit.date)}


def show_files(urls: Urls, repository: Repository, *, sha: str, files: Sequence[tuple[FileChange, str]]) -> list[JSON]:
    """Changed files at commit `sha`, each with its text after (or, when removed, before) the change."""
    page = urls.page(repository)
    shown = []
    for change, text in files:
        entry: JSON = {
            "sha": blob_sha(text),
            "filename": change.path,
            "status": change.status,
            "additions": change.additions,
            "deletions": change.deletions,
            "changes": change.additions + change.deletions,
            "blob_url": f"{page}/blob/{sha}/{change.path}",
            "raw_url": f"{page}/raw/{sha}/{change.path}",
            "contents_url": f"{urls.repo(repository)}/contents/{change.path}?ref={sha}",
        }
        if change.patch:
            entry["patch"] = change.patch
        if change.previous:
            entry["previous_filename"] = change.previous
        shown.append(entry)
    return shown


def show_head_commit(commit: Commit) -> JSON:
    """The small commit inside suites and workflow runs."""
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "message": commit.message,
        "timestamp": stamp(commit.date),
        "author": {"name": commit.author.login, "email": commit.author.email},
        "committer": {"name": commit.committer.login, "email": commit.committer.email},
    }


def show_ref(urls: Urls, repository: Repository, ref: str, sha: str) -> JSON:
    api = urls.repo(repository)
    return {
        "ref": ref,
        "node_id": node_id("REF_", int(sha[:12], 16)),
        "url": f"{api}/git/{ref}",
        "object": {"sha": sha, "type": "commit", "url": f"{api}/git/commits/{sha}"},
    }


def show_branch(urls: Urls, repository: Repository, branch: str, commit: Commit) -> JSON:
    """`GET …/branches/{branch}`, whose `protection` is the summary that Contents: read may see."""
    api, page = urls.repo(repository), urls.page(repository)
    classic = [rule for rule in repository.protections.get(branch, []) if rule.how == "classic"]
    required = [check for rule in classic for check in rule.required]
    return {
        "name": branch,
        "commit": show_commit(urls, repository, commit),
        "_links": {"self": f"{api}/branches/{branch}", "html": f"{page}/tree/{branch}"},
        "protected": bool(repository.protections.get(branch)),
        "protection": {
            "enabled": bool(classic),
            "required_status_checks": {
                "enforcement_level": "non_admins" if classic else "off",
                "contexts": [check.context for check in required],
                "checks": [{"context": check.context, "app_id": check.integration_id} for check in required],
            },
        },
        "protection_url": f"{api}/branches/{branch}/protection",
    }
