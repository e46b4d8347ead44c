"""The API server's `Warning` headers (RFC 7234 5.5: `299 - "text"`) as bounded lines without secrets. Pure."""

import re
from collections.abc import Iterable

from bot.domain.outside import as_printed, one_line
from bot.telemetry.redaction import redact_outside

_VALUE = re.compile(r'\b\d{3} [^\s"]{1,255} "((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LONGEST_HEADER = 8192
_MOST = 10


def read_warnings(headers: Iterable[str]) -> tuple[str, ...]:
    """At most ten texts, each one line and only once, in their order; what is not in that form is left out."""
    found: dict[str, None] = {}
    for header in headers:
        for quoted in _VALUE.findall(header[:_LONGEST_HEADER]):
            text = one_line(redact_outside(as_printed(_ESCAPED.sub(r"\1", quoted))))
            if text:
                found[text] = None
    return tuple(found)[:_MOST]
