"""Secrets whose name stands beside them: entries such as a pod's `env`, tuples, lists of arguments.

Every repetition is bounded or cannot meet its own start again, so that hostile text costs linear time.
"""

import re
from typing import Final

from bot.telemetry.secret_pairs import NOTHING, QUOTE, SURE, VALUE
from bot.telemetry.secret_shapes import REDACTED

_NAME: Final = (
    rf"(?:[\w.\-]{{0,60}}?(?:{SURE})"
    r"|(?:[\w.\-]{0,60}?[_.\-])?(?:pass|credentials?|dsn|jwt|pem|authorization|cookie)|[\w.\-]{0,60}?[_.\-]pwd)"
    r"(?:[_\-]?\d{1,3})?(?![\w.\-])"
)
_IS: Final = rf"(?:{QUOTE})?[ \t]{{0,20}}(?:=>|[:=])[ \t]{{0,20}}"
_NEXT: Final = rf"(?:{QUOTE})?(?:[\s,;]|\\{{1,3}}[nrt]){{1,80}}(?:{QUOTE})?"
_QUOTED: Final = rf"(?:\"{NOTHING}(?:[^\"\\\n]|\\.)+\"|'{NOTHING}(?:[^'\\\n]|\\.)+'|\\{{1,3}}[\"']{NOTHING}[^\"'\\\n]+)"

_ENTRIES: Final = (
    # - name: DB_PASSWORD, and on the next line its value, to the end: it may hold spaces.
    re.compile(
        rf"(^[ \t]{{0,80}}(?:- )?name:[ \t]{{1,20}}[\"']?{_NAME}[\"']?[ \t]{{0,20}}\r?\n"
        r"[ \t]{0,80}value:[ \t]{1,20})"
        rf"(?![\"'|>]){NOTHING}[^\s][^\n]*",
        re.IGNORECASE | re.MULTILINE,
    ),
    # {"name": "DB_PASSWORD", "value": "hunter2"}, in JSON, in Go's words, or in JSON within JSON.
    re.compile(
        rf"((?<![A-Za-z0-9])name{_IS}(?:{QUOTE})?{_NAME}{_NEXT}value{_IS}){VALUE}",
        re.IGNORECASE,
    ),
    # The pair of a tuple or a list: ("password", "hunter2"). More than two are a list of names.
    re.compile(
        rf"([\[(][ \t]{{0,20}}{QUOTE}{_NAME}{QUOTE}[ \t]{{0,20}},[ \t]{{0,20}})(?!{QUOTE}-){_QUOTED}"
        rf"(?=(?:\\{{1,3}}[\"'])?[ \t]{{0,20}}[)\]])",
        re.IGNORECASE,
    ),
    # Arguments: ["--password", "hunter2"], or one on each line.
    re.compile(rf"({QUOTE}--?{_NAME}{QUOTE}\s{{0,40}},\s{{0,40}})(?!{QUOTE}-){_QUOTED}", re.IGNORECASE),
    re.compile(
        rf"(^[ \t]{{0,80}}- [\"']?--?{_NAME}[\"']?[ \t]{{0,20}}\r?\n[ \t]{{0,80}}- )(?![\"']?-){VALUE}",
        re.IGNORECASE | re.MULTILINE,
    ),
)
_VALUE_FIRST: Final = re.compile(
    rf"((?<![A-Za-z0-9])value{_IS}){_QUOTED}((?:\\{{1,3}}[\"'])?[\s,;]{{1,80}}(?:{QUOTE})?name{_IS}(?:{QUOTE})?{_NAME})",
    re.IGNORECASE,
)
_SECRET_NAME: Final = re.compile(_NAME, re.IGNORECASE)


def without_entries(text: str) -> str:
    """The text without the values beside secret names; the names stay."""
    for pattern in _ENTRIES:
        text = pattern.sub(rf"\1{REDACTED}", text)
    return _VALUE_FIRST.sub(rf"\1{REDACTED}\2", text)


def is_secret_name(name: str) -> bool:
    """Whether an entry of that name holds a secret: `DB_PASSWORD`."""
    return _SECRET_NAME.fullmatch(name) is not None
