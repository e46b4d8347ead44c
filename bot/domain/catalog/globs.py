"""Path patterns of an app, as in a .gitignore: `services/checkout/**`, `*.proto`, `!docs/**`."""

import re
from collections.abc import Iterable
from functools import lru_cache

_TOKENS = re.compile(r"/\*\*/|\*\*/|/\*\*$|\*+|\?|[^*?/]+|/")


def check_glob(pattern: str) -> str:
    """The pattern itself; raises `ValueError` with a sentence for people when it could never match as meant."""
    body = pattern.removeprefix("!")
    if not body.strip("/ ") or body != body.strip():
        raise ValueError(f"`{pattern}` names no path; write it like services/checkout/**")
    if "[" in body or "\\" in body:
        raise ValueError(f"`{pattern}`: only **, * and ? are wildcards; write ? for a bracket or backslash in a name")
    if body.startswith("./") or ".." in body.split("/"):
        raise ValueError(f"`{pattern}` must start at the repository's root, without ./ or ../")
    return pattern


def matches(patterns: Iterable[str], path: str) -> bool:
    """Whether the last pattern that fits the path is one without `!`."""
    fits = False
    for pattern in patterns:
        if _compile(pattern.removeprefix("!")).match(path):
            fits = not pattern.startswith("!")
    return fits


@lru_cache(maxsize=4096)
def _compile(pattern: str) -> re.Pattern[str]:
    """Rules of gitignore(5): a slash before the end anchors; a match on a folder covers what is below it."""
    anchored = "/" in pattern.rstrip("/")
    folder_only = pattern.endswith("/")
    body = "".join(_translate(token) for token in _TOKENS.findall(pattern.strip("/")))
    start = "" if anchored else "(?:.*/)?"
    return re.compile(f"{start}{body}{'/.*' if folder_only else '(?:/.*)?'}\\Z", re.DOTALL)


def _translate(token: str) -> str:
    match token:
        case "/**/":
            return "/(?:.*/)?"
        case "**/":
            return "(?:.*/)?"
        case "/**":
            return "/.*"
        case "?":
            return "[^/]"
        case _ if token.startswith("*"):
            return "[^/]*"
        case _:
            return re.escape(token)
