"""What a registry asks for in `WWW-Authenticate` (RFC 9110, 11.6.1), taken apart."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - the grammar's word, no secret
_PARAMETER: Final = re.compile(rf'({_TOKEN})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))')
_SCHEME: Final = re.compile(rf"({_TOKEN})(?=[ \t,]|$)")
_TOKEN68: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))")
_GAP: Final = re.compile(r"[ \t,]*")
_ESCAPE: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to log in: the scheme in lower case, and its parameters under lower-case names."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Every challenge of every header line, in order; what is not by the grammar ends its line."""
    return [challenge for header in headers for challenge in _parse_line(header)]


def _parse_line(header: str) -> list[Challenge]:
    found: list[Challenge] = []
    position = _skip_gap(header, 0)
    while position < len(header):
        if found and (parameter := _PARAMETER.match(header, position)):
            found[-1].parameters.setdefault(parameter[1].lower(), _value(parameter))
            position = parameter.end()
        elif scheme := _SCHEME.match(header, position):
            found.append(Challenge(scheme[1].lower()))
            position = _skip_token68(header, _skip_gap(header, scheme.end()))
        else:
            break
        position = _skip_gap(header, position)
    return found


def _value(parameter: re.Match[str]) -> str:
    return parameter[3] if parameter[2] is None else _ESCAPE.sub(r"\1", parameter[2])


def _skip_gap(header: str, position: int) -> int:
    gap = _GAP.match(header, position)
    return gap.end() if gap else position


def _skip_token68(header: str, position: int) -> int:
    """`Negotiate abc==` carries a value without a name; nothing we can use."""
    if _PARAMETER.match(header, position):
        return position
    blob = _TOKEN68.match(header, position)
    return blob.end() if blob and "=" in blob[0] else position
