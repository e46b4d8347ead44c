"""Text from outside (a cluster, a registry) put where people read it: one line, bounded, inert.

Inside a code span neither Markdown nor a mention means anything, so a message cannot call somebody or draw a picture.
"""

import unicodedata

_LIMIT = 300


def as_code(text: str, *, limit: int = _LIMIT) -> str:
    """The text as one Markdown code span of at most `limit` characters; empty text stays empty."""
    line = one_line(text, limit=limit).replace("`", "'")
    return f"`{line}`" if line else ""


def one_line(text: str, *, limit: int = _LIMIT) -> str:
    """The text without line breaks, control and direction characters, cut with an ellipsis."""
    # Category C holds control, format (direction overrides) and unassigned characters.
    shown = "".join(each if not unicodedata.category(each).startswith("C") else " " for each in text)
    line = " ".join(shown.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
