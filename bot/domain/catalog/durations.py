"""Durations as people write them: `90s`, `5m`, `1h30m`, `2d`."""

import re
from datetime import timedelta

LONGEST = timedelta(days=30)
PATTERN = r"^(?=[0-9])([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?$"
"""Days, hours, minutes and seconds in that order, each at most once; also for the editor's schema."""

_PARTS = re.compile(r"(?=\d)(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII)


def parse_duration(text: str, *, longest: timedelta = LONGEST, allow_zero: bool = False) -> timedelta:
    """The duration; raises `ValueError` with a sentence for people, also for what is longer, or zero unless allowed."""
    match = _PARTS.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is not a duration; write it like 90s, 5m, 1h30m or 2d")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = days * 86_400 + hours * 3_600 + minutes * 60 + seconds
    if total == 0 and not allow_zero:
        raise ValueError(f"`{text}` is no time at all; write a duration above zero")
    if total > longest.total_seconds():
        raise ValueError(f"`{text}` is longer than {format_duration(longest)}; write a shorter duration")
    return timedelta(seconds=total)


def format_duration(duration: timedelta) -> str:
    """The shortest way to write it, `1h30m`; parts of a second are dropped."""
    left = int(duration.total_seconds())
    text = ""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
