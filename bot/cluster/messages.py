"""How much of what a cluster says is read: its messages have no limit, and patterns are searched in them. Pure."""

_HALF = 2048
_CUT = " … "


def bounded(message: str) -> str:
    """Some 4000 characters at most: the beginning, and the end, where a chain of errors has its cause."""
    return message if len(message) <= 2 * _HALF else f"{message[:_HALF]}{_CUT}{message[-_HALF:]}"
