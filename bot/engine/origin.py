"""Where a commit comes from.

Objects of every fork can be reached through the parent repository, so that a commit exists says nothing: it has to be
on the tracked branch, or be the head of an open pull request of the same repository.
"""

from bot.domain.intent import Intent, Kind, Repository
from bot.domain.pull import Pull
from bot.engine.ports import Ancestry, GitHubReads
from bot.errors import RejectedError

Problem = tuple[str, str]
"""A stable code, and a clause for people."""


async def is_on_branch(github: GitHubReads, repository: Repository, *, sha: str, branch: str) -> bool:
    """Whether the branch contains the commit; a commit that is unknown is on none."""
    return await relation(github, repository, base=sha, head=branch) in ("ahead", "identical")


async def relation(github: GitHubReads, repository: Repository, *, base: str, head: str) -> Ancestry:
    """How `head` lies to `base`; a commit that is gone from the repository counts as diverged."""
    try:
        return await github.ancestry(repository, base=base, head=head)
    except RejectedError as error:
        if error.reason == "github_not_found":
            return "diverged"
        raise


async def problem_at_start(github: GitHubReads, intent: Intent) -> Problem | None:
    """Why the commit may not be deployed any more; None when all is as it was when it was asked for."""
    if await is_on_branch(github, intent.repository, sha=intent.sha, branch=intent.branch):
        return None
    if intent.kind is Kind.AUTOMATIC or intent.pull_request is None:
        return "not_on_branch", f"{intent.short_sha} is no longer part of {intent.branch}"
    pull = await github.pull(intent.repository, intent.pull_request)
    return _problem_of_head(intent, pull)


def _problem_of_head(intent: Intent, pull: Pull) -> Problem | None:
    """Whether the commit is the head of this open pull request, and of this repository."""
    sha, line = intent.sha, f"`/deploy {intent.environment} {intent.app}`"
    if pull.merged:
        sentence = f"#{pull.number} was merged, and {sha[:7]} is not part of {pull.base}"
        return "pull_merged", f"{sentence}; {line} deploys what was merged"
    if pull.state != "open":
        return "pull_closed", f"#{pull.number} was closed, and {sha[:7]} is not part of {pull.base}"
    if pull.head_repository_id != intent.repository.id:
        return "fork", f"the head of #{pull.number} is in a fork, whose code is only deployed once it is merged"
    if pull.head_sha != sha:
        sentence = f"the head of #{pull.number} moved from {sha[:7]} to {pull.head_sha[:7]}"
        return "head_moved", f"{sentence}; {line} deploys what you see now"
    return None
