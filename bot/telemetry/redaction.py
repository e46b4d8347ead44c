"""Secrets never reach a log line: the last step before a line is written, for our records and everybody else's."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

REDACTED: Final = "[redacted]"
_DEPTH: Final = 8  # deeper structures are not logged but represented, and that text is redacted as well

_SECRET_KEYS: Final = re.compile(
    r"(?:.*[_.\-\s])?(?:secrets?|tokens?|passwords?|passwd|pwd|passphrase|credentials?|authorization|cookie"
    r"|pem|jwt|(?:private|api|access|secret|signing)[_\-]?key)|key",
    re.IGNORECASE,
)
_SECRET_TEXTS: Final = (
    # A private key, also where the line ends were escaped or the end was cut off.
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), REDACTED),
    # The end of one whose beginning was cut off.
    (re.compile(r"(?:^[A-Za-z0-9+/=]{16,}\s*\n)+-----END [A-Z ]*PRIVATE KEY-----", re.MULTILINE), REDACTED),
    # GitHub's tokens, whose prefixes tell them apart, and JSON web tokens.
    (re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9_.\-]{10,}|github_pat_[A-Za-z0-9_]{10,}|v1\.[0-9a-f]{40})"), REDACTED),
    (re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?"), REDACTED),
    # Headers and pairs in running text or in a dict's text: the name stays, its value goes.
    (
        re.compile(
            r"((?:\bproxy-)?\bauthorization\b[\"']?\s*[:=]\s*[\"']?)(?:(?:bearer|basic|token|digest)\s+)?[^\s\"',;}]+",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"\b(bearer|basic)\s+(?!realm=)[A-Za-z0-9._~+/\-]{8,}=*", re.IGNORECASE), rf"\1 {REDACTED}"),
    (
        re.compile(
            r"((?:\b|_)(?:secret|token|password|passwd|private_key|api_key|access_key)[\"']?\s*[:=]\s*)"
            r"(?:\"[^\"]*\"|'[^']*'|[^\s,;&)}\"']+)",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
    # https://user:password@host. Greedy: a password may itself have an @, and a host never does.
    (re.compile(r"\b([a-z][a-z0-9+.\-]{0,30}://)[^\s/?#\"']*@", re.IGNORECASE), rf"\1{REDACTED}@"),
)


def redact_text(text: str) -> str:
    """The text without what looks like a secret. Same text when there is none."""
    for pattern, replacement in _SECRET_TEXTS:
        text = pattern.sub(replacement, text)
    return text


def redact(value: Any, *, depth: int = 0) -> Any:
    """The value with secrets replaced, as plain data; objects become their redacted text."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return redact_text(value)
    if depth < _DEPTH and isinstance(value, Mapping):
        return {str(key): _redact_pair(key, item, depth) for key, item in value.items()}
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


def _describe(value: Any) -> str:
    try:
        return str(value) if isinstance(value, BaseException) else repr(value)
    except Exception:  # noqa: BLE001 - a broken __repr__ must not cost the log line
        return f"<{type(value).__name__}>"
