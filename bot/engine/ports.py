"""What the engine needs from GitHub, registries and the cluster. Each has a real adapter and a fake.

Every method either answers, or raises `RejectedError` (no, and a person must act), `NotYetError`
(no, but wait), or `TransientError` (can't tell; ask again).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bot.domain.gate import CommitChecks, Required
from bot.domain.image import Platform, ResolvedImage
from bot.domain.intent import Repository, Target
from bot.domain.people import Approval, Comment, Comparison, Role
from bot.domain.pull import Pull as Pull  # noqa: PLC0414 - re-exported: part of the port
from bot.domain.workload import Observation, Workload
from bot.domain.workload import Patched as Patched  # noqa: PLC0414 - re-exported: part of the port

Ancestry = Literal["ahead", "behind", "identical", "diverged"]


class GitHubReads(Protocol):
    """Reads of one repository's truth."""

    async def find_repository(self, full_name: str) -> Repository | None:
        """The repository and the installation that covers it; None when the App is not installed there."""
        ...

    async def default_branch(self, repository: Repository) -> str: ...

    async def pull(self, repository: Repository, number: int) -> Pull: ...

    async def merged_pulls(self, repository: Repository, *, branch: str, since: datetime) -> Sequence[Pull]:
        """Pull requests merged into `branch` at or after `since`, oldest first."""
        ...

    async def pull_of_commit(self, repository: Repository, sha: str) -> Pull | None:
        """The merged pull request that brought this commit, if GitHub knows one."""
        ...

    async def pull_files(self, repository: Repository, number: int) -> Collection[str]:
        """Every path the pull request touched, old names of renames included."""
        ...

    async def commit_files(self, repository: Repository, *, base: str, head: str) -> Collection[str]: ...

    async def branch_head(self, repository: Repository, branch: str) -> str | None: ...

    async def checks(self, repository: Repository, sha: str) -> CommitChecks: ...

    async def required_checks(self, repository: Repository, branch: str) -> Sequence[Required]:
        """What rulesets and branch protection require; empty means nothing is required."""
        ...

    async def ancestry(self, repository: Repository, *, base: str, head: str) -> Ancestry:
        """How `head` lies to `base`, as the compare API says it."""
        ...

    async def comment(self, repository: Repository, comment_id: int) -> Comment | None:
        """As it is now; None when it was deleted."""
        ...

    async def recent_comments(self, repository: Repository, *, since: datetime) -> Sequence[tuple[int, Comment]]:
        """Comments on pull requests that were written or edited since then, with the number, oldest first."""
        ...

    async def role(self, repository: Repository, login: str) -> tuple[int, Role]:
        """Number of the account that has this login now, and what it may do. Raises `RejectedError` for nobody."""
        ...

    async def is_in_team(self, repository: Repository, team: str, login: str) -> bool:
        """Whether somebody is an active member of `organisation/team` or of a team below it.

        Asked with the installation of `repository`. Raises `RejectedError` where the App may not know.
        """
        ...

    async def approvals(self, repository: Repository, number: int) -> Sequence[Approval]:
        """Everybody whose latest decision on the pull request is an approval, with the commit that was approved."""
        ...

    async def open_heads(self, repository: Repository) -> Mapping[int, str]:
        """Number → head of every open pull request."""
        ...

    async def compare(self, repository: Repository, *, base: str, head: str) -> Comparison: ...


class GitHubGrants(Protocol):
    """What the App is and may do, for `greenlane doctor`."""

    async def app(self) -> tuple[str, int]:
        """The App's slug and id."""
        ...

    async def missing(self, installation_id: int) -> Sequence[str]:
        """Each permission and event that the installation lacks, in words; empty is good."""
        ...


Reaction = Literal["eyes", "rocket", "confused"]
CheckConclusion = Literal["success", "failure", "neutral", "cancelled"]
DeploymentState = Literal["queued", "in_progress", "success", "failure", "error", "inactive"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckOutput:
    """What a check run shows."""

    title: str
    summary: str
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckAction:
    """A button of a check run. GitHub allows 20, 40 and 20 characters."""

    label: str
    description: str
    identifier: str


class GitHubWrites(Protocol):
    """Writes that find their own earlier result, so that a repeat changes nothing.

    `retry` says that an earlier try may have reached GitHub: only then is the first one searched for.
    """

    async def ensure_deployment(
        self,
        repository: Repository,
        *,
        key: str,
        sha: str,
        environment: str,
        description: str,
        production: bool,
        payload: Mapping[str, str],
        retry: bool,
    ) -> int:
        """Id of the deployment whose payload carries `key`."""
        ...

    async def ensure_deployment_status(
        self,
        repository: Repository,
        *,
        deployment: int,
        state: DeploymentState,
        description: str,
        log_url: str,
        environment_url: str,
        auto_inactive: bool,
        retry: bool,
    ) -> None: ...

    async def ensure_check_run(
        self,
        repository: Repository,
        *,
        external_id: str,
        known_id: int | None,
        sha: str,
        name: str,
        status: Literal["queued", "in_progress", "completed"],
        conclusion: CheckConclusion | None,
        started_at: datetime | None,
        completed_at: datetime | None,
        details_url: str,
        output: CheckOutput,
        actions: Sequence[CheckAction],
        retry: bool,
    ) -> int: ...

    async def ensure_comment(
        self, repository: Repository, *, number: int, marker: str, body: str, known_id: int | None
    ) -> int:
        """The one comment of ours that contains `marker`, edited to `body`; written when there is none.

        `marker` is a whole HTML comment and part of `body`. Searches unless `known_id` still exists.
        """
        ...

    async def ensure_reaction(self, repository: Repository, *, comment: int, content: Reaction) -> None:
        """Our reaction on somebody's comment; nothing happens where the comment is gone."""
        ...


class Registry(Protocol):
    """OCI reads."""

    async def resolve(self, *, repository: str, tag: str) -> ResolvedImage:
        """Raises `NotYetError` for 404, `RejectedError` for 401 and 403, `TransientError` otherwise."""
        ...


class Cluster(Protocol):
    """One cluster; a request only ever goes to the target's own namespace (nodes aside)."""

    async def read(self, target: Target) -> Workload:
        """Raises `RejectedError` when namespace, workload or container are missing or forbidden."""
        ...

    async def patch(
        self,
        target: Target,
        *,
        uid: str,
        expected_image: str,
        image: str,
        annotations: Mapping[str, str],
        expected_intent: str = "",
        dry_run: bool = False,
    ) -> Patched:
        """Set the container's image and our annotations, only while uid, image and intent are still what was read.

        `expected_image` keeps a worker that was overtaken from writing an older version over a newer one:
        when the live image is neither it nor `image`, raises `TransientError` so that the caller reads again.
        """
        ...

    async def observe(self, target: Target) -> Observation:
        """The shared watch's view, waiting for its first list. Raises `TransientError` while it is blind."""
        ...

    async def delete_pod(self, target: Target, *, pod: str, uid: str) -> bool:
        """Delete exactly that pod; False when it is gone, or another one has its name."""
        ...

    async def last_log_lines(
        self, target: Target, *, pod: str, container: str, previous: bool, lines: int
    ) -> list[str]:
        """The end of a container's log; empty when there is none (any more)."""
        ...

    async def node_platforms(self) -> frozenset[Platform] | None:
        """Platforms of the schedulable nodes; None where nodes can't be read."""
        ...

    def subscribe(self, namespace: str, on_change: Callable[[], None]) -> Callable[[], None]:
        """Keep the namespace's watches open and call back on every change; returns the way to stop."""
        ...
