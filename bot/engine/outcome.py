"""What a step answers: go on to another state, or stay and look again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.catalog import App, Environment, format_duration
from bot.domain.intent import Facts, Intent, State
from bot.errors import NotYetError, RejectedError, TransientError
from bot.storage.intents import UNREACHABLE


@dataclass(frozen=True, kw_only=True, slots=True)
class CatalogRow:
    """The catalog's row an intent belongs to."""

    app: App
    environment: Environment


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """Another intent that ends because this one goes on."""

    intent: Intent
    state: State
    reason: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """Go to `state`. `endings` happen in the same transaction, in which `unless` may still say to stay."""

    state: State
    detail: str
    reason: str = ""
    facts: Facts = field(default_factory=Facts)
    endings: tuple[Ending, ...] = ()
    unless: "Callable[[AsyncConnection], Awaitable[Stay | None]] | None" = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stay:
    """Wait, and say for what."""

    detail: str
    again_in: timedelta
    reason: str = ""
    facts: Facts = field(default_factory=Facts)
    told: bool = False
    """Whether somebody should hear of it while it goes on."""


Outcome = Move | Stay

_LOOK_AGAIN = {
    State.WAITING_CHECKS: timedelta(seconds=60),
    State.RESOLVING_IMAGE: timedelta(seconds=5),
    State.QUEUED: timedelta(seconds=30),
    State.ROLLING_OUT: timedelta(seconds=15),
}
_PASSING = frozenset({"cluster_forbidden", "github_suspended", "github_forbidden"})
_PASSING_TRIES = 5
"""With the back-off below: about a minute."""

_LONGEST_BACK_OFF = timedelta(seconds=60)


def look_again(state: State) -> timedelta:
    """How soon to look without a hint: the guarantee behind every wake-up that gets lost."""
    return _LOOK_AGAIN[state]


def from_error(intent: Intent, error: RejectedError | TransientError, *, now: datetime) -> Outcome:
    """A step that could not answer: a no ends the intent, a can't-tell waits until the state's deadline.

    Once a patch has left, nothing but the cluster itself can say "refused": every no is a can't-tell then.
    """
    late = intent.deadline_at is not None and now >= intent.deadline_at
    touched = intent.patch_sent_at is not None
    sentence = error.sentence.rstrip(".")
    match error:
        case NotYetError() if not late:
            until = f"; looking again until {intent.deadline_at:%H:%M} UTC" if intent.deadline_at else ""
            return Stay(detail=sentence + until, reason=error.reason, again_in=look_again(intent.state))
        case NotYetError() if not touched:
            waited = format_duration(now - intent.state_since)
            return Move(state=State.REFUSED, reason=error.reason, detail=f"{sentence}, waited {waited}. {error.hint}")
        case RejectedError() if not touched and not _may_pass(intent, error):
            return refused(error)
        case _ if late:
            state = State.UNKNOWN if touched else State.REFUSED
            return Move(state=state, reason=UNREACHABLE, detail=f"gave up: {sentence}")
        case _:
            asked = error.retry_after if isinstance(error, TransientError) else None
            pause = asked or min(timedelta(seconds=2 ** min(intent.attempts, 6)), _LONGEST_BACK_OFF)
            return Stay(detail=f"{sentence}; asking again", reason=UNREACHABLE, again_in=pause)


def refused(error: RejectedError) -> Move:
    """The end of an intent that changed nothing."""
    detail = f"{error.sentence.rstrip('.')}. {_first_big(error.hint)}".strip()
    return Move(state=State.REFUSED, reason=error.reason, detail=detail, facts=Facts(patch_sent_at=None))


def _may_pass(intent: Intent, error: RejectedError) -> bool:
    """Credentials are rotated and installations suspended for a minute: asked a few times before it counts."""
    return error.reason in _PASSING and intent.attempts <= _PASSING_TRIES


def at_deadline(intent: Intent, outcome: Outcome, *, now: datetime) -> Outcome:
    """Every wait ends: one that would go on past its state's deadline becomes an end."""
    if isinstance(outcome, Move) or intent.deadline_at is None or now < intent.deadline_at:
        return outcome
    if outcome.facts.get("deadline_at", now) > now:  # it got on just now, and has a new deadline
        return outcome
    state = State.UNKNOWN if intent.patch_sent_at is not None else State.REFUSED
    return Move(state=state, reason=outcome.reason, detail=f"gave up: {outcome.detail}", facts=outcome.facts)


def _first_big(text: str) -> str:
    return text[:1].upper() + text[1:]
