"""A hold: automation is off for an environment of an app until a person resumes."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.intent import IntentId


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """One hold. Automatic deploys wait for its end; what a person asks for does not."""

    team: str
    app: str
    environment: str
    reason: str
    """A clause for people: `rolled back from a1b2c3d`."""
    set_by: str
    set_at: datetime
    intent_id: IntentId | None = None
    """The rollback that set it."""
