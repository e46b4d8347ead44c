"""Text from outside (a cluster, a registry) put where people read it: one line, bounded, inert.

Inside a code span neither Markdown nor a mention means anything, so a message cannot call somebody or draw a picture.
"""

import re
import unicodedata

_LIMIT = 300
_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours and moves
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90-\x9f\n]*(?:\x07|\x1b\\|\x9c)"  # titles and links
    r"|\x1b[ -/]*[0-~]?"
)
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def as_printed(text: str) -> str:
    """What a terminal would show in the end: lines without colours, control and direction characters.

    A line that was written over again and again, such as a progress bar, is its last state.
    """
    text = _INVISIBLE.sub("", _SEQUENCES.sub("", text))
    return "\n".join(_last_state(line) for line in text.split("\n")) if "\r" in text else text


def _last_state(line: str) -> str:
    return next((state for state in reversed(line.split("\r")) if state.strip()), "")


def as_code(text: str, *, limit: int = _LIMIT) -> str:
    """The text as one Markdown code span of at most `limit` characters; empty text stays empty."""
    line = one_line(text, limit=limit).replace("`", "'")
    return f"`{line}`" if line else ""


def one_line(text: str, *, limit: int = _LIMIT) -> str:
    """The text without line breaks, control and direction characters, cut with an ellipsis."""
    # Category C holds control, format (direction overrides) and unassigned characters.
    shown = "".join(
        each if not unicodedata.category(each).startswith("C") else " " for each in _SEQUENCES.sub("", text)
    )
    line = " ".join(shown.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
