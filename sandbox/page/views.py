"""What each page shows: the door's JSON with Markdown rendered and links made."""

from typing import Any

from sandbox.control.show import (
    PENDING,
    comments_of,
    show_checks,
    show_comment,
    show_commit,
    show_deployments,
    show_pull,
    show_run,
)
from sandbox.control.stage import Stage
from sandbox.github.model import Repository
from sandbox.github.records import CheckRun, PullRequest
from sandbox.page.markdown import to_html
from sandbox.page.workloads import Link, show_namespaces

JSON = dict[str, Any]

_MOODS = {"success": "good", "failure": "bad", "error": "bad", "inactive": ""}
_REACTIONS = {
    "+1": "👍",
    "-1": "👎",
    "eyes": "👀",
    "rocket": "🚀",
    "heart": "❤️",
    "hooray": "🎉",
    "confused": "😕",
    "laugh": "😄",
}


def groups_of_pulls(stage: Stage) -> list[JSON]:
    """Pull requests by repository: the open ones first, then the newest."""
    return [
        {
            "repository": each.full_name,
            "pulls": [_pull_row(stage, pull) for pull in sorted(each.pulls.values(), key=_order)],
        }
        for each in stage.world.repositories.values()
    ]


def pull_page(stage: Stage, pull: PullRequest) -> JSON:
    shown = show_pull(stage.world, pull)
    return shown | {
        "behaviour": stage.behaviours.get((pull.repository.id, pull.number), "ok"),
        "body_html": to_html(shown["body"]),
        "ci_waits": _ci_waits(stage, shown["checks"]["rows"]),
        "checks": with_html(shown["checks"]),
        "comments": [_comment(each) for each in map(show_comment, comments_of(pull))],
    }


def commit_page(stage: Stage, repository: Repository, sha: str) -> JSON:
    pulls = [each.number for each in repository.pulls.values() if sha in (each.merge_commit_sha, each.head_sha)]
    return show_commit(stage.world, sha) | {
        "repository": repository.full_name,
        "pulls": pulls,
        "checks": with_html(show_checks(repository, sha, repository.default_branch)),
        "deployments": show_deployments(repository, sha),
    }


def run_page(run: CheckRun) -> JSON:
    return _run_html(show_run(run)) | {"repository": run.suite.repository.full_name}


async def namespaces(stage: Stage) -> list[JSON]:
    return show_namespaces(await stage.cluster.read(), link_commits(stage))


def link_commits(stage: Stage) -> Link:
    """A commit in words: its short SHA and the pull request that brought it."""

    def link(sha: str) -> tuple[str, str]:
        for repository in stage.world.repositories.values():
            if sha in repository.objects:
                pull = stage.pull_of(repository, sha)
                words = f"{sha[:7]} (#{pull.number})" if pull else sha[:7]
                return words, f"/{repository.full_name}/commit/{sha}"
        return sha[:7], ""

    return link


def with_html(checks: JSON) -> JSON:
    return checks | {"rows": [_run_html(row) for row in checks["rows"]]}


def _run_html(row: JSON) -> JSON:
    return row | {"summary_html": to_html(row.get("summary")), "text_html": to_html(row.get("text"))}


def _ci_waits(stage: Stage, rows: list[JSON]) -> bool:
    """Whether the build's result is still owed. The bot's own checks follow from it, so they do not count."""
    ours = {app.slug for app in stage.world.apps.values() if app.private_key_pem}
    theirs = [row for row in rows if row.get("by") not in ours]
    return not theirs or any(row["state"] in PENDING for row in theirs)


def _comment(shown: JSON) -> JSON:
    reactions = [each | {"sign": _REACTIONS.get(each["content"], each["content"])} for each in shown["reactions"]]
    return shown | {"html": to_html(shown["body"]), "reactions": reactions}


def _pull_row(stage: Stage, pull: PullRequest) -> JSON:
    shown = show_pull(stage.world, pull)
    newest = {each["environment"]: each for each in reversed(shown["deployments"])}
    deployed = [each | {"mood": _MOODS.get(each["state"], "busy")} for each in newest.values()]
    return shown | {"behaviour": stage.behaviours.get((pull.repository.id, pull.number), "ok"), "deployed": deployed}


def _order(pull: PullRequest) -> tuple[bool, float]:
    age = -pull.updated_at.timestamp()
    return pull.state != "open", pull.number if pull.state == "open" else age
