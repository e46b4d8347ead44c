"""Making outside text harmless in Markdown, and the few shapes every text uses."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.outside import as_printed

MAX_SIZE = 60_000
"""Of a comment or a check's output, in bytes: below GitHub's limit whether it counts those or characters."""
MOST_PROSE = 1_500
"""Characters of one sentence: more is no sentence."""

_FORMATTING = re.compile(r"(?:[\\`*\[\]<|$~]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])|&(?=#?[0-9A-Za-z]+;))")
_LINKING = re.compile(r"@(?=[0-9A-Za-z])|#(?=[0-9])|:(?=//)|(?<=\bwww)\.|(?<=\bGH)-(?=[0-9])")
_ELLIPSIS = len("…".encode())
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # in any locale
_SPAN = re.compile(r"`([^`]+)`")
_TICKS = re.compile(r"`+")
_MANY_TICKS = re.compile(r"`{33,}")


def size(text: str) -> int:
    """In bytes, as sent."""
    return len(text.encode())


def clean(text: str) -> str:
    """Without colours, control characters and direction marks; no text can pass for a marker of ours."""
    return as_printed(text).replace("<!--", "<! --")


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
    parts = _SPAN.split(cut(" ".join(clean(text).split()), MOST_PROSE))
    return "".join(code(part) if index % 2 else _inert(part) for index, part in enumerate(parts))


def code(text: str) -> str:
    """A code span that holds any text, in a table too."""
    one_line = " ".join(clean(text).split()).replace("|", "¦") or " "
    longest = max((len(run) for run in _TICKS.findall(one_line)), default=0)
    if not longest:
        return f"`{one_line}`"
    ticks = "`" * (longest + 1)
    return f"{ticks} {one_line} {ticks}"


def fence(lines: Sequence[str], *, room: int = 20_000) -> str:
    """A block that nothing inside can close, of at most `room` bytes: the end stays. Empty where nothing fits."""
    text = _MANY_TICKS.sub("`" * 32, "\n".join(clean(line) for line in lines))
    longest = max((len(run) for run in _TICKS.findall(text)), default=0)
    ticks = "`" * max(3, longest + 1)
    inside = keep_end(text, room - 2 * len(ticks) - len("text\n\n"))
    return f"{ticks}text\n{inside}\n{ticks}" if inside.strip() else ""


def keep_end(text: str, room: int) -> str:
    """The end of the text in at most `room` bytes, from the beginning of a line where that costs little."""
    raw = text.encode()
    if len(raw) <= room:
        return text
    if room <= _ELLIPSIS:
        return ""
    end = raw[_ELLIPSIS - room :].decode(errors="ignore")
    _, newline, whole_lines = end.partition("\n")
    return "…" + (newline + whole_lines if len(whole_lines) > len(end) // 2 else end)


def fitting(lines: Sequence[str], *, room: int, left_out: str = "- … {} lines left out …") -> list[str]:
    """The first line and the last ones, in at most `room` bytes; one between them says how many are left out."""
    if not lines or size("\n".join(lines)) <= room:
        return list(lines)
    left = room - size(lines[0]) - size(left_out.format(len(lines))) - len("\n\n")
    last: list[str] = []
    for line in reversed(lines[1:]):
        left -= size(line) + len("\n")
        if left < 0:
            break
        last.append(line)
    return [lines[0], left_out.format(len(lines) - 1 - len(last)), *reversed(last)]


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


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, the last one `…` where some were cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
