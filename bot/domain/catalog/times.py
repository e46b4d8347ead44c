"""Cron expressions, time zones and moments as people write them."""

import re
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import available_timezones

from cronsim import CronSim, CronSimError

MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})$"
"""A date and a time with its zone; also for the editor's schema."""

_LONGEST_CRON = 100
_SOME_DAY = datetime(2026, 1, 1)  # noqa: DTZ001 - whether an expression ever comes is asked of no zone
_FIELDS = "five fields, minute hour day month weekday, like `0 9 * * 1-5`"


def check_cron(text: str) -> str:
    """When a window begins, as in Debian's cron; raises `ValueError` with a sentence for people."""
    if len(text) > _LONGEST_CRON or len(text.split()) != 5:
        raise ValueError(f"`{text}` is not a cron expression of {_FIELDS}")
    try:
        found = CronSim(text, _SOME_DAY)
    except CronSimError as error:
        wrong = str(error).removeprefix("Bad ")
        raise ValueError(f"`{text}` has a wrong {wrong}; write {_FIELDS}") from error
    if len(found.minutes) != 1:
        raise ValueError(
            f"`{text}` begins at many minutes of an hour; write one, like `0 9 * * 1-5`: `for` is how long"
        )
    if next(found, None) is None:
        raise ValueError(f"`{text}` is a day that never comes")
    return text


def check_zone(text: str) -> str:
    """A zone's name in the IANA database; raises `ValueError` with a sentence for people."""
    zones = _zones()
    if text in zones.values():
        return text
    close = get_close_matches(text.casefold(), zones, n=1)
    meant = f"did you mean {zones[close[0]]}?" if close else "write it like Europe/Berlin or UTC"
    raise ValueError(f"`{text}` is not a time zone; {meant}")


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    """By the name without capitals. Read from the disk once."""
    return {each.casefold(): each for each in sorted(available_timezones())}


def parse_moment(text: str) -> datetime:
    """The moment in UTC; raises `ValueError` with a sentence for people, also for one without a zone."""
    shown = f"`{text}` is not a moment"
    if not re.fullmatch(MOMENT_PATTERN, text):
        raise ValueError(f"{shown}; write date, time and zone, like 2026-12-24T18:00:00Z or 2026-12-24T18:00+01:00")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{shown} that the calendar has") from error
