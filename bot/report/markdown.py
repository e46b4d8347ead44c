"""Making outside text harmless in Markdown, and the few shapes every text uses."""

import re
from datetime import datetime, timedelta

MAX_LENGTH = 60_000
"""Characters; GitHub's own limit for comments and check output lies a little above."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_FORMATTING = re.compile(r"(?:[\\`*\[\]<|$~]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])|&(?=#?[0-9A-Za-z]+;))")
_LINKING = re.compile(r"@(?=[0-9A-Za-z])|#(?=[0-9])|:(?=//)|(?<=\bwww)\.|(?<=\bGH)-(?=[0-9])")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # in any locale
_SPAN = re.compile(r"`([^`]+)`")
_TICKS = re.compile(r"`+")


def clean(text: str) -> str:
    """Without control characters and direction marks."""
    return _CONTROL.sub("", text)


def plain(text: str) -> str:
    """Outside text as one line that can't format, mention, link or break a table.

    GitHub looks for mentions and references in the rendered text, so that an escape or an entity does not
    help there: a zero-width space behind the sign does.
    """
    return _inert(" ".join(clean(text).split()))


def _inert(text: str) -> str:
    return _LINKING.sub("\\g<0>\u200b", _FORMATTING.sub(r"\\\g<0>", text))


def prose(text: str) -> str:
    """A sentence of ours: its code spans stay, everything around them is made plain."""
    parts = _SPAN.split(" ".join(clean(text).split()))
    return "".join(code(part) if index % 2 else _inert(part) for index, part in enumerate(parts))


def code(text: str) -> str:
    """A code span that holds any text, in a table too."""
    one_line = " ".join(clean(text).split()).replace("|", "¦") or " "
    longest = max((len(run) for run in _TICKS.findall(one_line)), default=0)
    if not longest:
        return f"`{one_line}`"
    ticks = "`" * (longest + 1)
    return f"{ticks} {one_line} {ticks}"


def fence(lines: tuple[str, ...], *, limit: int = 20_000) -> str:
    """A block that nothing inside can close; too much is cut so that the end stays."""
    text = "\n".join(clean(line) for line in lines)
    if len(text) > limit:
        text = "…" + text[-limit:]
    longest = max((len(run) for run in _TICKS.findall(text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}text\n{text}\n{ticks}"


def clock(moment: datetime) -> str:
    """`21 Nov 11:42 UTC`: a comment is read on other days too."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment:%H:%M} UTC"


def lasting(duration: timedelta) -> str:
    """`41 s`, `3 min 5 s`, `2 h 10 min`."""
    seconds = max(0, round(duration.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def cut(text: str, limit: int = MAX_LENGTH) -> str:
    """Never longer than GitHub takes."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
