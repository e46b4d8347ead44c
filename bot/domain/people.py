"""People as GitHub knows them: by number, since logins can be changed and taken by somebody else."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do in a repository: GitHub's roles; one of an organisation's own counts as its base."""

    NONE = "none"
    READ = "read"
    TRIAGE = "triage"
    WRITE = "write"
    MAINTAIN = "maintain"
    ADMIN = "admin"

    @property
    def may_write(self) -> bool:
        """Whether the role includes pushing."""
        return self in (Role.WRITE, Role.MAINTAIN, Role.ADMIN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody with an account."""

    id: int
    login: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Comment:
    """A comment on a pull request, freshly read."""

    id: int
    body: str
    author: Person
    is_bot: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """Somebody's latest review of a pull request, where it approves."""

    person: Person
    sha: str
    """The commit that was approved."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What lies between two commits."""

    relation: str
    """How head lies to base: `ahead`, `behind`, `identical` or `diverged`."""
    ahead_by: int
    behind_by: int
    authors: tuple[str, ...]
    """Logins or names, each once, in the order of their first commit; of the first 250 commits."""
    titles: tuple[str, ...]
    """First lines of the newest commits' messages, at most ten, newest first: outside text."""
    url: str
    """The page that shows it to people."""
