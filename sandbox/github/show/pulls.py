"""Pull requests as JSON: minimal (in checks), simple (in lists) and whole."""

from sandbox.github.model import JSON, Repository
from sandbox.github.records import PullRequest
from sandbox.github.show.accounts import show_account
from sandbox.github.show.repositories import show_repository
from sandbox.github.urls import Urls, node_id, stamp


def show_minimal_pull(urls: Urls, pull: PullRequest) -> JSON:
    def side(ref: str, sha: str) -> JSON:
        repo = pull.repository
        return {"ref": ref, "sha": sha, "repo": {"id": repo.id, "url": urls.repo(repo), "name": repo.name}}

    return {
        "url": f"{urls.repo(pull.repository)}/pulls/{pull.number}",
        "id": pull.id,
        "number": pull.number,
        "head": side(pull.head_ref, pull.head_sha),
        "base": side(pull.base_ref, pull.base_sha),
    }


def show_simple_pull(urls: Urls, pull: PullRequest) -> JSON:
    """The list form: has `merged_at`, but neither `merged` nor `mergeable`."""
    repo = pull.repository
    api, page = urls.repo(repo), urls.page(repo)
    links = {
        "self": f"{api}/pulls/{pull.number}",
        "html": f"{page}/pull/{pull.number}",
        "issue": f"{api}/issues/{pull.number}",
        "comments": f"{api}/issues/{pull.number}/comments",
        "review_comments": f"{api}/pulls/{pull.number}/comments",
        "review_comment": f"{api}/pulls/comments{{/number}}",
        "commits": f"{api}/pulls/{pull.number}/commits",
        "statuses": f"{api}/statuses/{pull.head_sha}",
    }
    return {
        "url": links["self"],
        "id": pull.id,
        "node_id": node_id("PR_", pull.id),
        "html_url": links["html"],
        "diff_url": f"{links['html']}.diff",
        "patch_url": f"{links['html']}.patch",
        "issue_url": links["issue"],
        "commits_url": links["commits"],
        "review_comments_url": links["review_comments"],
        "review_comment_url": links["review_comment"],
        "comments_url": links["comments"],
        "statuses_url": links["statuses"],
        "number": pull.number,
        "state": pull.state,
        "locked": False,
        "title": pull.title,
        "user": show_account(urls, pull.author),
        "body": pull.body,
        "labels": [],
        "milestone": None,
        "active_lock_reason": None,
        "created_at": stamp(pull.created_at),
        "updated_at": stamp(pull.updated_at),
        "closed_at": stamp(pull.closed_at),
        "merged_at": stamp(pull.merged_at),
        "merge_commit_sha": pull.merge_commit_sha,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "head": _side(urls, pull.head_repository, pull.head_label, pull.head_ref, pull.head_sha),
        "base": _side(urls, repo, f"{repo.owner.login}:{pull.base_ref}", pull.base_ref, pull.base_sha),
        "_links": {name: {"href": address} for name, address in links.items()},
        "author_association": "CONTRIBUTOR",
        "auto_merge": None,
        "draft": pull.draft,
    }


def show_pull(urls: Urls, pull: PullRequest, *, commits: int, additions: int, deletions: int, files: int) -> JSON:
    return show_simple_pull(urls, pull) | {
        "merged": pull.merged,
        "mergeable": None if pull.merged else pull.mergeable,
        "rebaseable": None if pull.merged else pull.mergeable,
        "mergeable_state": _mergeable_state(pull),
        "merged_by": show_account(urls, pull.merged_by) if pull.merged_by else None,
        "comments": sum(comment.number == pull.number for comment in pull.repository.comments.values()),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": commits,
        "additions": additions,
        "deletions": deletions,
        "changed_files": files,
    }


def show_issue(urls: Urls, pull: PullRequest) -> JSON:
    """The issue behind a pull request, as `GET …/issues/{n}` and comment events show it."""
    api, page = urls.repo(pull.repository), urls.page(pull.repository)
    issue = f"{api}/issues/{pull.number}"
    reactions = dict.fromkeys(("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"), 0)
    return {
        "url": issue,
        "repository_url": api,
        "labels_url": f"{issue}/labels{{/name}}",
        "comments_url": f"{issue}/comments",
        "events_url": f"{issue}/events",
        "timeline_url": f"{issue}/timeline",
        "html_url": f"{page}/pull/{pull.number}",
        "id": pull.id,
        "node_id": node_id("PR_", pull.id),
        "number": pull.number,
        "title": pull.title,
        "user": show_account(urls, pull.author),
        "labels": [],
        "state": pull.state,
        "state_reason": None,
        "locked": False,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": sum(comment.number == pull.number for comment in pull.repository.comments.values()),
        "created_at": stamp(pull.created_at),
        "updated_at": stamp(pull.updated_at),
        "closed_at": stamp(pull.closed_at),
        "author_association": "CONTRIBUTOR",
        "active_lock_reason": None,
        "draft": pull.draft,
        "body": pull.body,
        "performed_via_github_app": None,
        "reactions": {"url": f"{issue}/reactions", "total_count": 0} | reactions,
        "pull_request": {
            "url": f"{api}/pulls/{pull.number}",
            "html_url": f"{page}/pull/{pull.number}",
            "diff_url": f"{page}/pull/{pull.number}.diff",
            "patch_url": f"{page}/pull/{pull.number}.patch",
            "merged_at": stamp(pull.merged_at),
        },
    }


def _side(urls: Urls, repository: Repository | None, label: str, ref: str, sha: str) -> JSON:
    """Repository and user are null once a fork is deleted, whatever the description says."""
    return {
        "label": label if repository else None,
        "ref": ref,
        "sha": sha,
        "user": show_account(urls, repository.owner) if repository else None,
        "repo": show_repository(urls, repository) if repository else None,
    }


def _mergeable_state(pull: PullRequest) -> str:
    if pull.merged or pull.mergeable is None:
        return "unknown"
    if not pull.mergeable:
        return "dirty"
    return "draft" if pull.draft else "clean"
