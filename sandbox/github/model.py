"""Accounts, Apps and repositories as the emulated GitHub keeps them: plain objects that point at each other."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sandbox.github.records import (
    CheckRun,
    CheckSuite,
    Comment,
    Deployment,
    Environment,
    PullRequest,
    Status,
    WorkflowRun,
)

JSON = dict[str, Any]

Role = Literal["admin", "maintain", "write", "triage", "read", "none"]


@dataclass(eq=False, kw_only=True)
class Account:
    """Anything that owns or acts: a person, an organisation, an App's bot."""

    id: int
    login: str
    kind: Literal["User", "Organization", "Bot"] = "User"
    created_at: datetime

    @property
    def email(self) -> str:
        return f"{self.id}+{self.login}@users.noreply.github.com"


@dataclass(eq=False, kw_only=True)
class User(Account):
    """A person, or the bot account of an App."""


@dataclass(eq=False, kw_only=True)
class Membership:
    """How somebody belongs to an organisation or a team; a pending invitation gives no rights."""

    user: User
    role: str = "member"
    state: Literal["active", "pending"] = "active"


@dataclass(eq=False, kw_only=True)
class Team:
    id: int
    org: "Org"
    slug: str
    members: dict[str, Membership] = field(default_factory=dict)
    parent: "Team | None" = None
    created_at: datetime


@dataclass(eq=False, kw_only=True)
class Org(Account):
    kind: Literal["User", "Organization", "Bot"] = "Organization"
    members: dict[str, Membership] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    base_role: Role = "read"


@dataclass(eq=False, kw_only=True)
class App:
    """A registered GitHub App. `private_key_pem` is empty for foreign Apps that never call the API here."""

    id: int
    slug: str
    name: str
    owner: Account
    bot: User
    hook_id: int
    client_id: str
    private_key_pem: str = ""
    public_key_pem: str = ""
    webhook_url: str = ""
    webhook_secret: str = ""
    permissions: dict[str, str] = field(default_factory=dict)
    events: tuple[str, ...] = ()
    created_at: datetime


@dataclass(eq=False, kw_only=True)
class Installation:
    """An App on an account; `repositories` None means all, now and later."""

    id: int
    app: App
    account: Account
    repositories: "list[Repository] | None"
    permissions: dict[str, str]
    created_at: datetime
    updated_at: datetime
    suspended_at: datetime | None = None
    suspended_by: User | None = None

    def covers(self, repository: "Repository") -> bool:
        if repository.owner is not self.account:
            return False
        return self.repositories is None or repository in self.repositories


@dataclass(eq=False, kw_only=True)
class Token:
    """An installation token; None as `repositories` means whatever the installation covers."""

    value: str
    installation: Installation
    permissions: dict[str, str]
    repositories: "list[Repository] | None"
    created_at: datetime
    expires_at: datetime
    uses: int = 0

    def reaches(self, repository: "Repository") -> bool:
        inside = self.repositories is None or repository in self.repositories
        return inside and self.installation.covers(repository)


@dataclass(frozen=True, kw_only=True)
class Required:
    """A required check: its name, and the App that must set it if the rule says so."""

    context: str
    integration_id: int | None = None


@dataclass(eq=False, kw_only=True)
class Protection:
    """What one branch asks for, from a ruleset or from classic branch protection."""

    required: list[Required]
    how: Literal["ruleset", "classic"]
    ruleset_id: int


@dataclass(eq=False, kw_only=True)
class Repository:
    """One repository with everything that lives in it; `id` is what survives a rename."""

    id: int
    owner: Account
    name: str
    private: bool
    default_branch: str
    created_at: datetime
    pushed_at: datetime
    fork_of: "Repository | None" = None
    refs: dict[str, str] = field(default_factory=dict)
    objects: set[str] = field(default_factory=set)
    roles: dict[str, Role] = field(default_factory=dict)
    role_names: dict[str, str] = field(default_factory=dict)
    team_roles: dict[str, Role] = field(default_factory=dict)
    protections: dict[str, list[Protection]] = field(default_factory=dict)
    merge_methods: set[str] = field(default_factory=lambda: {"merge", "squash", "rebase"})
    delete_branch_on_merge: bool = False
    auto_trigger: dict[int, bool] = field(default_factory=dict)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    suites: dict[int, CheckSuite] = field(default_factory=dict)
    runs: dict[int, CheckRun] = field(default_factory=dict)
    workflow_runs: dict[int, WorkflowRun] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    deployments: dict[int, Deployment] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    last_number: int = 0

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    def head(self, branch: str) -> str | None:
        return self.refs.get(f"refs/heads/{branch}")
