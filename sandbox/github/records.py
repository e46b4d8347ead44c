"""What happens inside a repository: commits, pull requests, checks, deployments, comments."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.github.model import App, Repository, User


@dataclass(eq=False, kw_only=True)
class Commit:
    """A commit with its whole tree as a dict: enough for ancestry, compare and contents."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    files: dict[str, str]
    message: str
    author: "User"
    committer: "User"
    date: datetime


@dataclass(eq=False, kw_only=True)
class PullRequest:
    """`merge_commit_sha` is the test merge commit until the merge, as on GitHub."""

    id: int
    number: int
    repository: "Repository"
    head_repository: "Repository | None"
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    title: str
    body: str | None
    author: "User"
    created_at: datetime
    updated_at: datetime
    draft: bool = False
    state: str = "open"
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    merged_by: "User | None" = None
    mergeable: bool | None = None
    merge_commit_sha: str | None = None
    head_label: str = ""
    reviews: "list[Review]" = field(default_factory=list)
    landed_on: str | None = None
    """The base branch's head just before the merge."""

    @property
    def merged(self) -> bool:
        return self.merged_at is not None


@dataclass(eq=False, kw_only=True)
class Review:
    """`state` is APPROVED, CHANGES_REQUESTED, COMMENTED, or DISMISSED later; `commit_id` the head it was about."""

    id: int
    user: "User"
    state: str
    body: str
    commit_id: str
    submitted_at: datetime


@dataclass(eq=False, kw_only=True)
class WorkflowRun:
    """One run of an Actions workflow; its suite carries status and conclusion."""

    id: int
    name: str
    event: str
    number: int
    attempt: int
    actor: "User"
    suite: "CheckSuite"
    created_at: datetime


@dataclass(eq=False, kw_only=True)
class CheckSuite:
    """One App's runs on one commit; stays `queued` and empty when the App never makes a run."""

    id: int
    repository: "Repository"
    app: "App"
    head_sha: str
    head_branch: str | None
    before: str | None
    created_at: datetime
    updated_at: datetime
    status: str = "queued"
    conclusion: str | None = None
    runs: "list[CheckRun]" = field(default_factory=list)
    workflow: WorkflowRun | None = None


@dataclass(eq=False, kw_only=True)
class CheckRun:
    id: int
    suite: CheckSuite
    name: str
    status: str
    conclusion: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    external_id: str = ""
    details_url: str = ""
    output: dict[str, Any] = field(default_factory=dict)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)
    archived: bool = False
    """Superseded by a rerequest: shown by `filter=all` only."""

    @property
    def head_sha(self) -> str:
        return self.suite.head_sha


@dataclass(eq=False, kw_only=True)
class Status:
    id: int
    sha: str
    context: str
    state: str
    description: str | None
    target_url: str | None
    creator: "User"
    created_at: datetime


@dataclass(eq=False, kw_only=True)
class DeploymentStatus:
    id: int
    state: str
    description: str
    environment: str
    environment_url: str
    log_url: str
    creator: "User"
    app: "App | None"
    created_at: datetime


@dataclass(eq=False, kw_only=True)
class Deployment:
    id: int
    repository: "Repository"
    sha: str
    ref: str
    task: str
    payload: dict[str, Any] | str
    original_environment: str
    environment: str
    description: str | None
    creator: "User"
    app: "App | None"
    transient: bool
    production: bool
    created_at: datetime
    updated_at: datetime
    statuses: list[DeploymentStatus] = field(default_factory=list)

    @property
    def state(self) -> str:
        return self.statuses[-1].state if self.statuses else "pending"


@dataclass(eq=False, kw_only=True)
class Environment:
    id: int
    name: str
    created_at: datetime


@dataclass(eq=False, kw_only=True)
class Reaction:
    id: int
    user: "User"
    content: str
    created_at: datetime


@dataclass(eq=False, kw_only=True)
class Comment:
    """A comment with every text it ever had, the current one last."""

    id: int
    number: int
    repository: "Repository"
    user: "User"
    app: "App | None"
    bodies: list[str]
    created_at: datetime
    updated_at: datetime
    reactions: list[Reaction] = field(default_factory=list)

    @property
    def body(self) -> str:
        return self.bodies[-1]
