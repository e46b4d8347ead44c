"""Repositories as JSON: one long form, cut to the shorter ones GitHub shows elsewhere."""

from sandbox.github.model import JSON, Org, Repository
from sandbox.github.show.accounts import show_account
from sandbox.github.urls import Urls, node_id, stamp

_TEMPLATES = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


def show_short_repository(urls: Urls, repository: Repository) -> JSON:
    """The form inside statuses, suites and workflow runs: identity and addresses."""
    api = urls.repo(repository)
    return {
        "id": repository.id,
        "node_id": node_id("R_", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
        "owner": show_account(urls, repository.owner),
        "html_url": urls.page(repository),
        "description": None,
        "fork": repository.fork_of is not None,
        "url": api,
        **{key: api + tail for key, tail in _TEMPLATES.items()},
    }


def show_repository(urls: Urls, repository: Repository) -> JSON:
    """The form inside pull requests and webhooks."""
    page = urls.page(repository)
    host = urls.web.split("://", 1)[1]
    forks, issues = 0, sum(pull.state == "open" for pull in repository.pulls.values())
    return show_short_repository(urls, repository) | {
        "git_url": f"git://{host}/{repository.full_name}.git",
        "ssh_url": f"git@{host}:{repository.full_name}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "size": 0,
        "forks": forks,
        "forks_count": forks,
        "stargazers_count": 0,
        "watchers": 0,
        "watchers_count": 0,
        "open_issues": issues,
        "open_issues_count": issues,
        "default_branch": repository.default_branch,
        "is_template": False,
        "topics": [],
        "has_issues": True,
        "has_projects": True,
        "has_wiki": True,
        "has_pages": False,
        "has_downloads": True,
        "has_discussions": False,
        "archived": False,
        "disabled": False,
        "visibility": "private" if repository.private else "public",
        "allow_forking": True,
        "web_commit_signoff_required": False,
        "pushed_at": stamp(repository.pushed_at),
        "created_at": stamp(repository.created_at),
        "updated_at": stamp(repository.pushed_at),
    }


def show_pushed_repository(urls: Urls, repository: Repository) -> JSON:
    """As in `push`: the times are numbers there, and the owner has name and email."""
    shown = show_repository(urls, repository)
    owner = shown["owner"] | {"name": repository.owner.login, "email": None}
    return shown | {
        "owner": owner,
        "created_at": int(repository.created_at.timestamp()),
        "pushed_at": int(repository.pushed_at.timestamp()),
        "stargazers": 0,
        "master_branch": repository.default_branch,
    }


def show_full_repository(urls: Urls, repository: Repository) -> JSON:
    """`GET /repos/{owner}/{repo}`."""
    methods = repository.merge_methods
    shown = show_repository(urls, repository) | {
        "permissions": {"admin": False, "maintain": False, "push": False, "triage": False, "pull": False},
        "temp_clone_token": None,
        "allow_squash_merge": "squash" in methods,
        "allow_merge_commit": "merge" in methods,
        "allow_rebase_merge": "rebase" in methods,
        "allow_auto_merge": False,
        "delete_branch_on_merge": repository.delete_branch_on_merge,
        "allow_update_branch": False,
        "use_squash_pr_title_as_default": False,
        "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
        "squash_merge_commit_message": "COMMIT_MESSAGES",
        "merge_commit_title": "MERGE_MESSAGE",
        "merge_commit_message": "PR_TITLE",
        "subscribers_count": 0,
        "network_count": 0,
    }
    if isinstance(repository.owner, Org):
        shown["organization"] = show_account(urls, repository.owner)
    if repository.fork_of:
        shown |= {"parent": show_repository(urls, repository.fork_of)}
        shown |= {"source": shown["parent"]}
    return shown
