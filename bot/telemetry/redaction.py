"""Secrets never reach a log line: the last step before a line is written, for our records and everybody else's."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from bot.telemetry.randomness import without_random
from bot.telemetry.secret_entries import is_secret_name, without_entries
from bot.telemetry.secret_pairs import without_pairs
from bot.telemetry.secret_shapes import REDACTED, without_shapes

_DEPTH: Final = 8  # deeper structures are not logged but represented, and that text is redacted as well

_SECRET_KEYS: Final = re.compile(
    r"(?:.*[_.\-\s])?(?:secrets?|tokens?|passwords?|passwd|pwd|passphrase|credentials?|authorization|cookie"
    r"|pem|jwt|(?:private|api|access|secret|signing)[_\-]?key)|key",
    re.IGNORECASE,
)


def redact_text(text: str) -> str:
    """The text without what looks like a secret by its form or its name. Same text when there is none."""
    return without_pairs(without_entries(without_shapes(text)))


def redact_outside(text: str) -> str:
    """A container's or cluster's words without secrets: also without values that only look as random as a key.

    Not for our own log lines, where digests and ids have to stay whatever they look like.
    """
    return without_random(redact_text(text))


def redact(value: Any, *, depth: int = 0) -> Any:
    """The value with secrets replaced, as plain data; objects become their redacted text."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return redact_text(value)
    if depth < _DEPTH and isinstance(value, Mapping):
        return {str(key): _redact_pair(key, item, depth) for key, item in _without_value(value).items()}
    if depth < _DEPTH and isinstance(value, (list, tuple, set, frozenset)):
        return [redact(item, depth=depth + 1) for item in value]
    if isinstance(value, (bytes, bytearray)):
        return redact_text(bytes(value).decode("utf-8", "replace"))
    return redact_text(_describe(value))


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """The structlog processor; runs after exceptions became text and right before rendering."""
    return {redact_text(str(key)): _redact_pair(key, value, 0) for key, value in event.items()}


def _redact_pair(key: Any, value: Any, depth: int) -> Any:
    if _SECRET_KEYS.fullmatch(str(key)) and value not in (None, "", True, False):
        return REDACTED
    return redact(value, depth=depth + 1)


def _without_value(value: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """An entry such as a pod's `env` has, without its value when its name says that it is a secret."""
    is_secret = isinstance(value.get("name"), str) and is_secret_name(value["name"]) and value.get("value")
    return {**value, "value": REDACTED} if is_secret else value


def _describe(value: Any) -> str:
    try:
        return str(value) if isinstance(value, BaseException) else repr(value)
    except Exception:  # noqa: BLE001 - a broken __repr__ must not cost the log line
        return f"<{type(value).__name__}>"
