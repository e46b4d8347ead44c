"""When an environment may be deployed to: recurring times to allow and to deny, by a clock on the wall.

A span is told in local time: `0 22 * * 6` for 8h ends at 06:00, also in the night when clocks change. So one span
that follows another without a gap still does in that night, whatever the length of its hours.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

SEARCH = timedelta(days=366)
"""How far ahead a change is looked for."""

_MOST_STEPS = 200
_MOST_SET_BACK = timedelta(hours=3)  # more than any clock is set back


@dataclass(frozen=True, slots=True)
class Open:
    """Deploys may begin."""

    until: datetime | None
    """In UTC; None: nothing closes it as far as was looked."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Deploys must wait."""

    opens_at: datetime | None
    """In UTC; None: nothing opens it as far as was looked."""
    reason: str
    """The denying span's own words; empty outside of what is allowed."""


Opening = Open | Closed


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A recurring time."""

    cron: str
    """When it begins: five fields, local time."""
    lasts: timedelta
    reason: str = ""

    def end(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """When the span that runs at that moment ends; None when none runs. The last to begin is the last to end."""
        local = moment.astimezone(zone)
        wall = local.replace(tzinfo=None, fold=0, microsecond=0) + timedelta(seconds=1)
        begins = CronSim(self.cron, wall + _MOST_SET_BACK * local.fold, reverse=True)
        last = next((each for each in begins if _to_moment(each, zone) <= moment), None)
        end = _to_moment(last + self.lasts, zone) if last else moment
        return end if end > moment else None

    def next_begin(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The first begin after that moment; None when there is none within decades."""
        wall = moment.astimezone(zone).replace(tzinfo=None, fold=0)
        for each in CronSim(self.cron, wall):
            begin = _to_moment(each, zone)
            # Of a span within an hour that is skipped, nothing is left.
            if begin > moment and _to_moment(each + self.lasts, zone) > begin:
                return begin
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Windows:
    """What is denied is closed, whatever is allowed. Without `allow` everything else is open."""

    timezone: str
    """Its name in the IANA database."""
    allow: tuple[Span, ...] = ()
    deny: tuple[Span, ...] = ()

    def at(self, moment: datetime) -> Opening:
        """Open or closed at that moment (with a zone), and when that changes. Looks `SEARCH` ahead, no further."""
        if denying := self._denying(moment):
            return Closed(self._opens_at(moment), denying.reason)
        if not self._is_allowed(moment):
            return Closed(self._opens_at(moment), "")
        return Open(self._closes_at(moment))

    def _denying(self, moment: datetime) -> Span | None:
        return next((each for each in self.deny if each.end(moment, self._zone)), None)

    def _is_allowed(self, moment: datetime) -> bool:
        return not self.allow or any(each.end(moment, self._zone) for each in self.allow)

    def _opens_at(self, moment: datetime) -> datetime | None:
        latest = moment + SEARCH
        for _ in range(_MOST_STEPS):
            if denying := self._denying(moment):
                following = denying.end(moment, self._zone)
            elif not self._is_allowed(moment):
                following = self._next_begin(self.allow, moment)
            else:
                return moment
            if following is None or following > latest:
                return None
            moment = following
        return None

    def _closes_at(self, moment: datetime) -> datetime | None:
        latest = moment + SEARCH
        denied = min(self._next_begin(self.deny, moment) or latest, latest)
        closes = self._allowed_until(moment, denied) if self.allow else denied
        return closes if closes and closes < latest else None

    def _allowed_until(self, moment: datetime, latest: datetime) -> datetime | None:
        """Where the last of the allowing spans that touch ends, or `latest`; None when they are too many."""
        for _ in range(_MOST_STEPS):
            ends = [end for each in self.allow if (end := each.end(moment, self._zone))]
            if not ends or moment >= latest:
                return min(moment, latest)
            moment = max(ends)
        return None

    def _next_begin(self, spans: Iterable[Span], moment: datetime) -> datetime | None:
        return min((begin for each in spans if (begin := each.next_begin(moment, self._zone))), default=None)

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def _to_moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first moment at which a clock there shows that or, where it is set forward over it, something later.

    So what is later on the wall is never earlier in truth.
    """
    while True:
        moment = wall.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == wall:
            return moment
        wall = wall.replace(second=0) + timedelta(minutes=1)
