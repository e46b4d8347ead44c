"""Who may do what where, and whether an intent may start now: one rule each, the first that speaks is shown.

Waiting is no refusal: whoever asked hears for what, and until when.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.domain.catalog import Environment
from bot.domain.catalog.windows import Closed, Opening
from bot.domain.command import Verb
from bot.domain.hold import Hold
from bot.domain.intent import Intent, Kind
from bot.domain.lock import Lock, Stop
from bot.domain.outside import as_code
from bot.domain.people import Person, Role

READING = frozenset({Verb.STATUS, Verb.WHY, Verb.DIFF, Verb.HELP})
"""Commands that change nothing."""
DEPLOYING = frozenset({Verb.DEPLOY, Verb.ROLLBACK, Verb.ABORT})
"""Commands for which an environment may ask more than the team."""


FOR_PEOPLE = frozenset({"stopped", "on_hold", "locked", "window_closed", "after", "approvals_missing"})
"""Reasons of waits that end when somebody does something, or a time comes: not by themselves soon."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What GitHub says of a person, freshly read."""

    login_id: int
    """Whose login it is now."""
    role: Role
    in_team: bool
    """Of the team that owns the app; teams below it count."""
    is_deployer: bool = True
    """Of those that the environment names; true where it names nobody."""
    is_hotfixer: bool = False
    """Of those who may pass a stop or a closed window."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Denied:
    """No, and why."""

    reason: str
    sentence: str
    """A clause for people, without a full stop."""


def may_command(verb: Verb, person: Person, standing: Standing, *, team: str, hotfix: bool = False) -> Denied | None:
    """Whether a person may do this; `team` is GitHub's name of the owning team. None: yes."""
    return next(_objections(verb, person, standing, team=team, hotfix=hotfix), None)


def _objections(verb: Verb, person: Person, standing: Standing, *, team: str, hotfix: bool) -> Iterator[Denied]:
    if standing.login_id != person.id:
        yield Denied(reason="login_reused", sentence="the login belongs to another account now")
    if not standing.role.may_write:
        yield Denied(reason="no_write_permission", sentence="it needs write permission on this repository")
    if verb not in READING and not standing.in_team:
        yield Denied(reason="not_in_team", sentence=f"it needs membership of the team {as_code(team)}")
    if verb in DEPLOYING and not standing.is_deployer:
        yield Denied(reason="not_a_deployer", sentence="the catalog names who may deploy to this environment")
    if hotfix and not standing.is_hotfixer:
        yield Denied(reason="not_a_hotfixer", sentence="the catalog names who may deploy through a stop")


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """What holds on a target now; None where nothing does."""

    stop: Stop | None = None
    hold: Hold | None = None
    lock: Lock | None = None
    opening: Opening | None = None
    held_before: bool = True
    """Whether the same digest held in the environment that comes before; true where none does."""
    approvals: int = 0
    """Of the very commit."""
    several_apps: bool = False
    """Whether an environment's name alone does not say of which app."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """Not now."""

    reason: str
    sentence: str
    """A clause for people, with the command that ends the wait where there is one."""
    until: datetime | None = None
    """When it ends by itself."""


def waits(intent: Intent, environment: Environment, situation: Situation) -> tuple[Wait, ...]:
    """Everything that keeps an intent from starting now, what a person can end first. A rollback waits for nothing."""
    if intent.kind is Kind.ROLLBACK:
        return ()
    return tuple(_waits(intent, environment, situation))


def _waits(intent: Intent, environment: Environment, situation: Situation) -> Iterator[Wait]:
    app = f" {intent.app}" if situation.several_apps else ""
    if situation.stop and not intent.hotfix:
        yield _stopped(situation.stop)
    if situation.hold and intent.kind is Kind.AUTOMATIC:
        yield _held(situation.hold, app)
    if situation.lock and _is_foreign(situation.lock, intent):
        yield _locked(situation.lock, app)
    if isinstance(situation.opening, Closed) and not intent.hotfix:
        yield _closed(situation.opening, sure=not environment.approvals)
    if environment.after and not situation.held_before:
        sentence = f"the same image has to hold in {as_code(environment.after)} first"
        yield Wait(reason="after", sentence=f"{sentence}: `/deploy {environment.after}{app}`")
    if situation.approvals < environment.approvals:
        count = f"{situation.approvals} of {environment.approvals} approvals"
        yield Wait(reason="approvals_missing", sentence=f"{as_code(intent.short_sha)} has {count}")


def _stopped(stop: Stop) -> Wait:
    sentence = f"deploys are stopped for {as_code(stop.scope)} until {_clock(stop.until)}: {as_code(stop.reason)}"
    return Wait(reason="stopped", sentence=sentence, until=stop.until)


def _held(hold: Hold, app: str) -> Wait:
    why = f"automatic deploys are on hold since {_clock(hold.set_at)} ({hold.reason})"
    return Wait(reason="on_hold", sentence=f"{why}; `/resume {hold.environment}{app}` lets them go on")


def _is_foreign(lock: Lock, intent: Intent) -> bool:
    return (lock.repository_id, lock.pull_request) != (intent.repository.id, intent.pull_request)


def _locked(lock: Lock, app: str) -> Wait:
    why = f": {as_code(lock.reason)}" if lock.reason else ""
    sentence = f"locked for #{lock.pull_request} by {as_code(lock.owner.login)} until {_clock(lock.expires_at)}{why}"
    return Wait(
        reason="locked", sentence=f"{sentence}; `/unlock {lock.environment}{app}` ends it", until=lock.expires_at
    )


def _closed(closed: Closed, *, sure: bool) -> Wait:
    return Wait(reason="window_closed", sentence=when_open(closed, sure=sure), until=closed.opens_at)


def when_open(closed: Closed, *, sure: bool = True) -> str:
    """When a window opens, and why it is closed. `sure`: nothing else has to happen first."""
    why = f" ({as_code(closed.reason)})" if closed.reason else ""
    does = "will deploy" if sure else "its window opens"
    when = f"{does} at {_clock(closed.opens_at)}" if closed.opens_at else "no window opens within a year"
    return when + why


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
