"""Who may deploy where, and what stops everybody, as the platform team says."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.people import Person


class MergedBy(StrEnum):
    """Whose merge deploys."""

    ANYONE = "anyone"
    """Whoever may merge."""
    DEPLOYERS = "deployers"
    """Only those who may deploy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployers:
    """Only these may deploy; one of both is enough."""

    people: tuple[Person, ...] = ()
    """Their numbers decide; the logins are for the catalog's readers."""
    teams: tuple[str, ...] = ()
    """`organisation/team`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """No deploy begins until that moment, in UTC."""

    reason: str
    until: datetime
