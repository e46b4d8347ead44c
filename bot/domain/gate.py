"""Checks and statuses of one commit → pass, fail, pending or unknown, with the names that decide."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from bot.domain.outside import as_code

ACTIONS_SLUG = "github-actions"
ACTIONS_NAME = "GitHub Actions"
ACTIONS_GRACE = timedelta(minutes=5)
OWN_PREFIX = "greenlane / "
NAMES_SHOWN = 5

_PASSING = frozenset({"success", "neutral", "skipped"})
_FAILING = frozenset({"failure", "cancelled", "timed_out", "action_required", "startup_failure", "stale"})
_FAILING_STATES = frozenset({"failure", "error"})


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
    """A commit status. `app_id` is the App that set it, None for a person (or when GitHub does not say)."""

    context: str
    state: str
    id: int = 0
    app_id: int | None = None
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

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    PENDING = "pending"
    UNKNOWN = "unknown"


REOPENED_BY = {
    "checks_failed": frozenset({Outcome.PASS, Outcome.PENDING}),
    "checks_deadline": frozenset({Outcome.PASS}),
    # CI that runs again may push what was missing.
    "image_not_found": frozenset({Outcome.PENDING}),
}
"""Reason of a refused intent to what its commit's gate must say now for it to go on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The answer, with the names that decided it and the sentence that says so."""

    outcome: Outcome
    deciding: tuple[str, ...]
    """Names of the failing checks, else of the pending ones, else of those that passed."""
    total: int
    passed: int
    sentence: str
    """`waiting for build (2 of 3 checks passed)`. Names are outside text: escape before showing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Report:
    """A run or a status, reduced to what deciding needs."""

    name: str
    app_id: int | None
    outcome: Outcome


# Several answers under one name: a failure decides, then anything that is still open.
_WORST_FIRST = (Outcome.FAIL, Outcome.PENDING, Outcome.PASS)
# One report read twice while it changed: which reading is newer can't be known, so look again.
_DOUBT_FIRST = (Outcome.PENDING, Outcome.FAIL, Outcome.PASS)


def decide(
    checks: CommitChecks,
    *,
    required: Sequence[Required] | None,
    ignore: Collection[str],
    none_allowed: bool,
    own_app_id: int,
    now: datetime,
) -> Decision:
    """Whether the commit may be deployed, by GitHub's own rules for required checks.

    `required` None or empty: every check and status counts. `none_allowed` is the catalog's `checks: none`.
    Names compare without regard to case, as GitHub compares contexts.
    https://docs.github.com/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/troubleshooting-required-status-checks
    """
    if none_allowed:
        return Decision(outcome=Outcome.PASS, deciding=(), total=0, passed=0, sentence="no checks are asked for")
    ignored = {name.casefold() for name in ignore}
    reports = [one for one in _reports(checks, own_app_id=own_app_id) if one.name.casefold() not in ignored]
    wanted = [one for one in required or () if one.name.casefold() not in ignored and not _is_own(one, own_app_id)]
    if wanted:
        return _conclude(_board(_by_requirement(wanted, reports)), actions=None)
    board = _board((report.name, report.outcome) for report in reports)
    return _conclude(board, actions=_actions_outcome(checks.suites, now=now))


def unknown(sentence: str) -> Decision:
    """The answer while the checks can't be read: neither yes nor no."""
    return Decision(outcome=Outcome.UNKNOWN, deciding=(), total=0, passed=0, sentence=sentence)


def _is_own(required: Required, own_app_id: int) -> bool:
    """A rule that waits for our own check would wait for the deployment that waits for it."""
    if required.app_id is None:
        return required.name.casefold().startswith(OWN_PREFIX)
    return required.app_id == own_app_id


def _reports(checks: CommitChecks, *, own_app_id: int) -> Iterator[_Report]:
    """The newest run of each (App, name) and the newest status of each context, our own left out before that.

    Ids grow with time; `started_at` is free text of whoever made the run.
    """
    runs = [run for run in checks.runs if run.app_id != own_app_id]
    statuses = [status for status in checks.statuses if status.app_id != own_app_id]
    for run, outcome in _newest(runs, key=lambda run: (run.app_id, run.name), judge=_run_outcome):
        yield _Report(name=run.name, app_id=run.app_id, outcome=outcome)
    for status, outcome in _newest(statuses, key=lambda one: one.context.casefold(), judge=_status_outcome):
        yield _Report(name=status.context, app_id=status.app_id, outcome=outcome)


_Reported = TypeVar("_Reported", CheckRun, CommitStatus)


def _newest(
    items: Iterable[_Reported], *, key: Callable[[_Reported], object], judge: Callable[[_Reported], Outcome]
) -> Iterator[tuple[_Reported, Outcome]]:
    groups: dict[object, list[_Reported]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    for group in groups.values():
        last = max(item.id for item in group)
        readings = [item for item in group if item.id == last]
        yield readings[0], min((judge(item) for item in readings), key=_DOUBT_FIRST.index)


def _run_outcome(run: CheckRun) -> Outcome:
    if run.status != "completed":
        return Outcome.PENDING
    return _conclusion_outcome(run.conclusion)


def _conclusion_outcome(conclusion: str | None) -> Outcome:
    if conclusion in _PASSING:
        return Outcome.PASS
    return Outcome.FAIL if conclusion in _FAILING else Outcome.PENDING


def _status_outcome(status: CommitStatus) -> Outcome:
    if status.state == "success":
        return Outcome.PASS
    return Outcome.FAIL if status.state in _FAILING_STATES else Outcome.PENDING


def _by_requirement(wanted: Iterable[Required], reports: Sequence[_Report]) -> Iterator[tuple[str, Outcome]]:
    """Every report that answers a required name; a check and a status of that name must both pass."""
    for one in wanted:
        answers = [
            report.outcome
            for report in reports
            if report.name.casefold() == one.name.casefold() and one.app_id in {None, report.app_id}
        ]
        for outcome in answers or [Outcome.PENDING]:
            yield one.name, outcome


def _board(results: Iterable[tuple[str, Outcome]]) -> dict[str, Outcome]:
    """One outcome a name, in the order people read names."""
    outcomes: dict[str, list[Outcome]] = {}
    shown: dict[str, str] = {}
    for name, outcome in results:
        folded = name.casefold()
        shown[folded] = min(shown.get(folded, name), name)
        outcomes.setdefault(folded, []).append(outcome)
    return {shown[folded]: _worst(outcomes[folded]) for folded in sorted(outcomes)}


def _worst(outcomes: Iterable[Outcome]) -> Outcome:
    return min(outcomes, key=_WORST_FIRST.index)


def _actions_outcome(suites: Iterable[CheckSuite], *, now: datetime) -> Outcome | None:
    """What GitHub Actions' suites add to its runs: jobs still to be created, or a workflow that never got to any.

    GitHub opens a suite for every App that may write checks and most never use it, so a foreign empty suite
    says nothing; Actions' own is there moments before its first job.
    """
    outcomes = {
        outcome
        for suite in suites
        if suite.app_slug == ACTIONS_SLUG
        if (outcome := _suite_outcome(suite, now=now)) is not None
    }
    return _worst(outcomes) if outcomes else None


def _suite_outcome(suite: CheckSuite, *, now: datetime) -> Outcome | None:
    if suite.status == "completed":
        never_ran = suite.runs == 0 and _conclusion_outcome(suite.conclusion) is Outcome.FAIL
        return Outcome.FAIL if never_ran else None
    is_young = suite.created_at is None or now - suite.created_at < ACTIONS_GRACE
    return Outcome.PENDING if suite.runs > 0 or is_young else None


def _conclude(board: Mapping[str, Outcome], *, actions: Outcome | None) -> Decision:
    """Failing names decide, else pending ones, else all; Actions is named only where no job of it says so."""
    for outcome in (Outcome.FAIL, Outcome.PENDING):
        names = tuple(name for name, has in board.items() if has is outcome)
        if names or actions is outcome:
            return _decision(outcome, names or (ACTIONS_NAME,), board)
    return _decision(Outcome.PASS if board else Outcome.PENDING, tuple(board), board)


def _decision(outcome: Outcome, deciding: tuple[str, ...], board: Mapping[str, Outcome]) -> Decision:
    passed = sum(has is Outcome.PASS for has in board.values())
    return Decision(
        outcome=outcome,
        deciding=deciding,
        total=len(board),
        passed=passed,
        sentence=_sentence(outcome, deciding, total=len(board), passed=passed),
    )


def _sentence(outcome: Outcome, deciding: Sequence[str], *, total: int, passed: int) -> str:
    if outcome is Outcome.PASS:
        return f"{_listed(deciding)} passed"
    count = f"{passed} of {total} checks passed" if total else "no checks reported yet"
    if not deciding:
        return count
    if outcome is Outcome.FAIL:
        return f"{_listed(deciding)} failed ({count})"
    return f"waiting for {_listed(deciding)} ({count})"


def _listed(names: Sequence[str]) -> str:
    """`a, b and c`, each as a code span, for names are outside text; after five `and 3 more`."""
    shown = [as_code(name) for name in names[:NAMES_SHOWN]]
    *firsts, last = shown if len(names) <= NAMES_SHOWN else [*shown, f"{len(names) - NAMES_SHOWN} more"]
    return f"{', '.join(firsts)} and {last}" if firsts else last
