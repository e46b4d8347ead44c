"""Values that look drawn at random: keys without a name or a prefix, told from the identifiers of ordinary logs."""

import re
from collections import Counter
from itertools import pairwise
from math import log2
from typing import Final

from bot.telemetry.secret_shapes import REDACTED

_CANDIDATE: Final = re.compile(r"(?<![A-Za-z0-9+/_\-])[A-Za-z0-9+/_\-]{20,}={0,2}")
_HEX: Final = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_HARMLESS_HEX: Final = frozenset({20, 24, 32, 40})
"""Build, object and trace ids, UUIDs without dashes, commits."""
_DIGESTS: Final = frozenset({64, 96, 128})
_NAMED: Final = re.compile(
    r"(?:sha-?\d{1,3}|md5|h1|digest|checksum|etag|integrity|containerd|docker|cri-o|container|sandbox|layer|blob"
    r"|(?:request|trace|span|correlation|container)[_\-]?id|id-2)[\"']?[\s:=/@\-\"'(]{0,4}$",
    re.IGNORECASE,
)
"""What says before a random value that it is a digest or an id."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TIME_ORDERED: Final = re.compile(r"0[1-7][0-9A-HJKMNP-TV-Z]{24}")
"""A ULID: it begins with the time."""
_PATH: Final = re.compile(r"/[a-z][a-z0-9_\-]+/")
_SYMBOL: Final = re.compile(r"_+(?:ZN|Z[A-Z0-9]|R[A-Z])")
"""A mangled name of C++ or Rust in a stack."""
_PIECES: Final = re.compile(r"[A-Za-z0-9]+")
_WORDS: Final = re.compile(r"[a-z]{5,}")
_BEFORE: Final = 24
_CLASSES: Final = (str.islower, str.isupper, str.isdigit)


def without_random(text: str) -> str:
    """The text without values of 20 and more characters as random as a key."""
    return _CANDIDATE.sub(_masked, text)


def _masked(match: re.Match[str]) -> str:
    found = match.group()
    before = match.string[max(0, match.start() - _BEFORE) : match.start()]
    if _PATH.match(found) or _SYMBOL.match(found) or _NAMED.search(before) or _NAMED.search(found[:8]):
        return found
    return REDACTED if looks_random(_UUID.sub("", found)) else found


def looks_random(value: str) -> bool:
    """Whether letters and digits are mixed as a generator mixes them, and people and compilers do not."""
    pieces: list[str] = _PIECES.findall(value)
    longest = max(pieces, key=len, default="")
    if len(value) < 20 or _TIME_ORDERED.fullmatch(longest):
        return False
    if any(map(str.isupper, value)) and any(map(str.islower, value)):
        return _is_mixed_key(value, pieces)
    return _is_one_case_key(longest)


def _is_mixed_key(value: str, pieces: list[str]) -> bool:
    """Base64 and its kin: upper case, lower case and digits change places all the time, unlike in `camelCase2`."""
    long = [piece for piece in pieces if len(piece) >= 3]
    size = sum(map(len, long))
    enough = 14 if any(map(str.isdigit, value)) else 24
    if size < enough or size < 0.6 * len(value) or sum(map(len, _WORDS.findall(value))) >= 0.3 * size:
        return False
    return sum(map(_changes, long)) >= 0.4 * (size - len(long)) and entropy(value) >= 3.5


def _is_one_case_key(piece: str) -> bool:
    """Hexadecimal and base32: one long run in which digits and letters mix."""
    digits = sum(map(str.isdigit, piece))
    if len(piece) < 20 or digits in (0, len(piece)) or entropy(piece) < 2.8:
        return False
    if _HEX.fullmatch(piece):
        return len(piece) not in _HARMLESS_HEX
    return digits >= 2 and _changes(piece) >= 0.1 * len(piece)


def entropy(value: str) -> float:
    """Shannon's, in bits a character."""
    return -sum(count / len(value) * log2(count / len(value)) for count in Counter(value).values())


def _changes(piece: str) -> int:
    """How often a character is of another class than the one before it."""
    kinds = [next((index for index, is_of in enumerate(_CLASSES) if is_of(each)), -1) for each in piece]
    return sum(one != other for one, other in pairwise(kinds))
