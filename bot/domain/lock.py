"""What people set so that others wait: locks, stops, and "not this one" on a pull request."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.people import Person

DEFAULT_LOCK = timedelta(hours=4)
LONGEST_LOCK = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """An environment of an app, kept for one pull request. Always ends."""

    id: int = 0
    team: str
    app: str
    environment: str
    repository_id: int
    pull_request: int
    owner: Person
    reason: str
    """Outside text on one line."""
    set_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """Nothing new is deployed until then: everywhere, or for one team or app."""

    id: int = 0
    team: str = ""
    app: str = ""
    """Both empty: everywhere."""
    reason: str
    set_by: str
    set_at: datetime
    until: datetime

    @property
    def scope(self) -> str:
        """`everything`, `payments`, `payments/checkout`."""
        return "/".join(part for part in (self.team, self.app) if part) or "everything"

    def covers(self, team: str, app: str) -> bool:
        """Whether it stops this app."""
        return self.team in ("", team) and self.app in ("", app)


@dataclass(frozen=True, kw_only=True, slots=True)
class PullHold:
    """Keeps a pull request from being deployed when it is merged; empty app and environment mean all of its."""

    app: str = ""
    environment: str = ""
    set_by: str
    set_at: datetime

    def covers(self, app: str, environment: str) -> bool:
        return self.app in ("", app) and self.environment in ("", environment)
