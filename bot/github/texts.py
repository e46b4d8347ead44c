"""GitHub's limits on texts, and cutting to them so that the reader sees that something is missing."""

DEPLOYMENT_DESCRIPTION = 140
CHECK_OUTPUT = 65_535
_MARK = "…"
_MARK_LINES = "\n\n… (cut: GitHub shows no more)"


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, the last one `…` where some were cut."""
    return text if len(text) <= limit else text[: limit - len(_MARK)].rstrip() + _MARK


def cut_output(text: str) -> str:
    """A check run's summary or text. Counted in characters, and in bytes to be on the safe side.

    https://docs.github.com/rest/checks/runs#create-a-check-run
    """
    if len(text.encode()) <= CHECK_OUTPUT:
        return text
    kept = text.encode()[: CHECK_OUTPUT - len(_MARK_LINES.encode())]
    return kept.decode(errors="ignore") + _MARK_LINES
