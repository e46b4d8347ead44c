"""Checks and statuses of one commit → pass, fail, pending or unknown, with the names that decide."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckRun:
    """One check run as GitHub reports it."""

    id: int
    name: str
    app_id: int
    app_slug: str
    status: str
    conclusion: str | None
    url: str = ""
    started_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CommitStatus:
    """The newest commit status of one context."""

    context: str
    state: str
    url: str = ""
    updated_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckSuite:
    """One App's suite on the commit; `runs` 0 means it never made one."""

    app_id: int
    app_slug: str
    status: str
    conclusion: str | None
    runs: int
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Required:
    """A check that must pass; `app_id` pins who has to report it, None lets anyone."""

    name: str
    app_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CommitChecks:
    """All pages of everything reported on one commit."""

    runs: tuple[CheckRun, ...] = ()
    statuses: tuple[CommitStatus, ...] = ()
    suites: tuple[CheckSuite, ...] = ()


class Outcome(StrEnum):
    """The gate's answer."""

    PASS = "pass"
    FAIL = "fail"
    PENDING = "pending"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The answer, with the names that decided it and the sentence that says so."""

    outcome: Outcome
    deciding: tuple[str, ...]
    """Names of the failing checks, else of the pending ones, else of those that passed."""
    total: int
    passed: int
    sentence: str
    """`waiting for build (2 of 3 checks passed)`."""
