"""Secrets known by the name they stand behind: pairs, flags, headers and addresses in running text.

Every repetition is bounded or cannot meet its own start again, so that hostile text costs linear time.
"""

import re
from typing import Final

from bot.telemetry.secret_shapes import REDACTED

SURE: Final = (
    r"pass(?:word|wd|phrase|code)s?|secrets?|(?<!unexpected )token|connection[_\-]?string"
    r"|(?:private|api|access|account|secret|signing|encryption|master|auth|license|shared|webhook)[_\-]?(?:access[_\-]?)?key"
    r"(?![_\-]?id)|client[_\-]?key[_\-]?data|x-amz-(?:signature|credential)"
)
"""Names whose value is secret wherever they end a word: `DB_PASSWORD`, `clientSecret`, `"api-key"`."""
_LIKELY: Final = r"credentials?|pass|pwd|dsn|auth|sig|signature|pem|jwt"
"""Names that running text uses otherwise as well: only as a key, or with an equals sign."""

QUOTE: Final = r"\\{0,3}[\"']"
_MASKED: Final = r"null|none|nil|undefined|true|false|yes|no|\*{2,}|x{3,}|<[a-z _\-]{1,30}>"
NOTHING: Final = rf"(?!\[redacted\]|\[[ \t]{{0,20}}\]|\{{[ \t]{{0,20}}\}}|(?:{_MASKED})(?![^\s\"',;)}}\]\\]))"
"""What stands for a value that is not there or was masked before."""
VALUE: Final = (
    rf"(?:\"{NOTHING}(?:[^\"\\\n]|\\.)+\"?|'{NOTHING}(?:[^'\\\n]|\\.)+'?|\\{{1,3}}[\"']{NOTHING}[^\"'\\\n]+"
    rf"|[|>][+\-]?[ \t]*\n[ \t]+[^\n]+"
    # Not objects: what is secret in them has a name of its own.
    rf"|{NOTHING}(?!\[?\s{{0,80}}\{{\s{{0,80}}{QUOTE})"
    # A list, also over several lines; one that is not closed ends with its line.
    rf"(?:\[(?:[^\[\]]{{1,4000}}\]|[^\[\]\n]+)|(?![\"'|>\\=])"
    # An `&` or `;` that no other name follows is part of it.
    r"[^\s\"';&]*(?:[&;](?![\w.\-%\[\] ]{1,60}=)[^\s\"';&]*)*[^\s\"';&,)}\]]))"
)
_SEPARATOR: Final = rf"(?:{QUOTE})?[ \t]{{0,20}}(?:=>|[:=]=?)[ \t]{{0,20}}"

_PAIRS: Final = (
    re.compile(rf"((?:{SURE}){_SEPARATOR}){VALUE}", re.IGNORECASE),
    re.compile(
        rf"((?<![A-Za-z0-9])(?:{_LIKELY})(?:=|{QUOTE}[ \t]{{0,20}}(?:=>|[:=])[ \t]{{0,20}})"
        rf"|(?:^[ \t]{{0,40}}(?:- )?|(?<=[A-Za-z0-9][_\-]))(?:{_LIKELY})[ \t]{{0,20}}[:=][ \t]{{1,20}})"
        # PWD is also the name of the folder a process is in.
        rf"(?!(?:[A-Za-z]:\\|[/~.]|\\)){VALUE}",
        re.IGNORECASE | re.MULTILINE,
    ),
    # A quoted name and its value on the next line.
    re.compile(
        rf"((?:{SURE}){QUOTE}[ \t]{{0,20}}(?:=>|:)[ \t]{{0,20}}\r?\n[ \t]{{0,80}})"
        rf"(?:\"{NOTHING}(?:[^\"\\\n]|\\.)+\"?|'{NOTHING}(?:[^'\\\n]|\\.)+'?)",
        re.IGNORECASE,
    ),
    # params[password]=hunter2, [password] => hunter2
    re.compile(rf"((?:{SURE})(?:{QUOTE})?\][ \t]{{0,20}}(?:=>|=)[ \t]{{0,20}}){VALUE}", re.IGNORECASE),
    re.compile(rf"((?<![A-Za-z0-9])pwd:)(?![A-Za-z]:\\|[/~.\\]){VALUE}", re.IGNORECASE),
    # In an address, once more encoded: password%3Dhunter2%26x.
    re.compile(
        rf"((?:{SURE}|pwd)(?:%22)?%3[AD](?:%22|%20|\+){{0,4}})(?!\[redacted\]|%22|%2C|%7D)(?:(?!%2[26C]|%7D)[^\s\"'&;])+",
        re.IGNORECASE,
    ),
    # Said in a sentence: password -> hunter2, password is hunter2 (and not: password is invalid).
    re.compile(rf"(\bpass(?:word|wd|phrase|code)s?(?:{QUOTE})?[ \t]{{0,20}}->[ \t]{{0,20}}){VALUE}", re.IGNORECASE),
    re.compile(
        rf"(\bpass(?:word|wd|phrase|code) (?:is|was):? {{1,4}})"
        rf"(?:\"{NOTHING}[^\"\n]{{1,200}}\"|'{NOTHING}[^'\n]{{1,200}}'"
        rf"|{NOTHING}(?=[^\s\"']{{6}})(?=[^\s\"']{{0,60}}?\d)[^\s\"']*[^\s\"',;.:)}}\]])",
        re.IGNORECASE,
    ),
    re.compile(
        r"((?<!unexpected )\b(?:token|secret|password|passphrase|api[ _\-]?key) {1,4}(?:(?:is|was) )?[\"'`(]?)"
        r"[0-9a-f]{20,}(?![A-Za-z0-9])",
        re.IGNORECASE,
    ),
    # Said in a sentence, in quotes: password "hunter2".
    re.compile(
        rf"(\b(?:password|passphrase) )(?:\"{NOTHING}[^\"\n]{{1,200}}\"|'{NOTHING}[^'\n]{{1,200}}')", re.IGNORECASE
    ),
    # <password>hunter2</password>
    re.compile(rf"(<[\w:.\-]{{0,40}}?(?:{SURE})>){NOTHING}[^<\s][^<]*", re.IGNORECASE),
    # --db-password hunter2
    re.compile(rf"((?<![\w\-])--?[\w\-]{{0,40}}?(?:{SURE})[ \t]{{1,20}})(?!-){VALUE}", re.IGNORECASE),
    # Clients whose short flag is the password, or name and password.
    re.compile(
        r"(\b(?:mysql|mariadb|mongo|sshpass|docker login|curl|redis-cli)[^\n]{0,200}? "
        r"(?:(?<!curl )-p ?|-u [^\s:]{1,100}:|-a ))(?![\s\-]|\[redacted\]|(?<=i -p)\d)[^\s\"']+"
    ),
)
_HEADERS: Final = (
    re.compile(
        r"(\b(?:proxy-)?authorization\b(?:\\{0,3}[\"'])?[ \t]{0,20}[:=][ \t]{0,20}(?:\\{0,3}[\"']|\[(?!redacted\]))?)"
        r"(?:(?:bearer|basic|token|digest|apikey|aws4-hmac-sha256)[ \t]+)?(?!\[redacted\])[^\s\"',;}\\]+",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(bearer|basic)[ \t]+(?!realm=|[A-Za-z]?[a-z]+(?![A-Za-z0-9._~+/\-=]))[A-Za-z0-9._~+/\-]{8,}=*",
        re.IGNORECASE,
    ),
    re.compile(
        r"(\b(?:set-)?cookie(?:\\{0,3}[\"'])?[ \t]{0,20}[:=][ \t]{0,20}(?:\\{0,3}[\"'])?)[^\s\"'=;]+=[^\n\"']*",
        re.IGNORECASE,
    ),
)
_ADDRESSES: Final = (
    # https://user:password@host. Greedy: a password may itself have an @, and a host never does.
    (re.compile(r"\b([a-z][a-z0-9+.\-]{0,30}://)[^\s/?#\"']*@", re.IGNORECASE), rf"\1{REDACTED}@"),
    # A password with signs that an address does not allow there; a port is not one.
    (
        re.compile(
            r"\b([a-z][a-z0-9+.\-]{0,30}://)[^\s:/?#@\"']{0,128}:(?!\d{1,5}(?!\d)[/?#])[^\s\"'@]{1,256}@", re.IGNORECASE
        ),
        rf"\1{REDACTED}@",
    ),
    # Oracle: user/password@host.
    (
        re.compile(
            r"(\b(?:jdbc:oracle:[a-z0-9]{1,10}:|sqlplus(?:64)? )[^\s:/@\"']{1,100}/)(?!\[redacted\])[^\s]{1,256}@",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}@",
    ),
    # How Go's drivers write it, without a scheme.
    (re.compile(r":[^\s:@\"']{1,256}@(?=(?:tcp|unix)\()"), f":{REDACTED}@"),
)


def without_pairs(text: str) -> str:
    """The text without the values of secret names; the names stay."""
    for pattern in _HEADERS:
        text = pattern.sub(rf"\1{' ' if pattern is _HEADERS[1] else ''}{REDACTED}", text)
    for pattern, replacement in _ADDRESSES:
        text = pattern.sub(replacement, text)
    for pattern in _PAIRS:
        text = pattern.sub(rf"\1{REDACTED}", text)
    return text
