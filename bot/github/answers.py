"""The parts of GitHub's answers that we read, as typed structs; unknown keys are skipped."""

from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from bot.errors import BrokenError

_Kind = TypeVar("_Kind")


def to_struct(data: Any, kind: type[_Kind]) -> _Kind:
    """Outside JSON as `kind`. Raises `BrokenError` when GitHub's answer is not what its description says."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise BrokenError(f"GitHub's answer is not what its description says: {error}") from error


class Actor(Struct):
    login: str
    type: str = ""
    id: int = 0


class App(Struct):
    id: int
    slug: str = ""


class Installation(Struct):
    id: int
    permissions: dict[str, str] = {}
    events: list[str] = []
    suspended_at: datetime | None = None


class Token(Struct):
    """An installation token; its `repr` must not show it."""

    token: str
    expires_at: datetime
    permissions: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at!r})"


class Repository(Struct):
    id: int
    full_name: str
    default_branch: str


class RepositoryRef(Struct):
    id: int


class Side(Struct):
    """Head or base of a pull request; after a fork is deleted only the first two are sure."""

    ref: str
    sha: str
    repo: RepositoryRef | None = None


class Pull(Struct):
    """`merged` and `merged_by` are not in lists; `merge_commit_sha` is gone in API version 2026-03-10."""

    number: int
    title: str
    state: str
    head: Side
    base: Side
    updated_at: datetime
    merged_at: datetime | None = None
    merged: bool = False
    merged_by: Actor | None = None
    user: Actor | None = None
    merge_commit_sha: str | UnsetType | None = UNSET


class ChangedFile(Struct):
    filename: str
    previous_filename: str = ""


class Comparison(Struct):
    status: str
    files: list[ChangedFile] = []


class GitAuthor(Struct):
    name: str = ""


class GitCommit(Struct):
    message: str
    author: GitAuthor | None = None


class CommitAuthor(Struct):
    """An account, or an empty object: GitHub shows both where no account has the commit's address."""

    login: str = ""


class ComparedCommit(Struct):
    commit: GitCommit
    author: CommitAuthor | None = None


class ComparedCommits(Struct):
    """One page of a comparison's commits, oldest first."""

    status: str
    ahead_by: int
    behind_by: int
    total_commits: int
    html_url: str
    commits: list[ComparedCommit]


class CommitRef(Struct):
    sha: str


class BranchCheck(Struct):
    """A required check of classic protection; `app_id` -1 and null both let anyone report it."""

    context: str
    app_id: int | None = None


class BranchChecks(Struct):
    enforcement_level: str | None = None
    contexts: list[str] = []
    checks: list[BranchCheck] = []


class Protection(Struct):
    required_status_checks: BranchChecks | None = None


class Branch(Struct):
    commit: CommitRef
    protection: Protection | None = None


class RuleCheck(Struct):
    context: str
    integration_id: int | None = None


class RuleParameters(Struct):
    required_status_checks: list[RuleCheck] = []


class Rule(Struct):
    """A rule that applies to a branch; other types have other parameters, which are not read."""

    type: str
    parameters: Any = None


class Suite(Struct):
    status: str | None
    conclusion: str | None
    app: App | None
    latest_check_runs_count: int
    created_at: datetime | None = None


class Run(Struct):
    id: int
    name: str
    status: str
    conclusion: str | None
    app: App | None
    html_url: str | None = None
    started_at: datetime | None = None
    external_id: str | None = None


class Status(Struct):
    id: int
    context: str
    state: str
    target_url: str | None = None
    updated_at: datetime | None = None
    creator: Actor | None = None


class Deployment(Struct):
    """`payload` is an object or a string, as whoever made it sent it."""

    id: int
    sha: str
    payload: Any = None
    creator: Actor | None = None
    performed_via_github_app: App | None = None


class DeploymentStatus(Struct):
    id: int
    state: str
    description: str | None = None


class Created(Struct):
    id: int


class Comment(Struct):
    id: int
    body: str | None = None
    user: Actor | None = None
    performed_via_github_app: App | None = None


class WrittenComment(Struct):
    """A comment with its times; `user` is null, or `ghost`, once the account is deleted."""

    id: int
    created_at: datetime
    updated_at: datetime
    body: str | None = None
    user: Actor | None = None
    performed_via_github_app: App | None = None


class CollaboratorPermission(Struct):
    """`permission` knows four words; `role_name` also the organisation's own."""

    permission: str
    user: Actor | None
    role_name: str = ""


class TeamMembership(Struct):
    state: str


class Review(Struct):
    """`submitted_at` is missing until it is submitted, `commit_id` null once the commit is gone."""

    id: int
    state: str
    user: Actor | None = None
    commit_id: str | None = None
    submitted_at: datetime | None = None
