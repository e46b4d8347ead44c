"""Method and path to operation. Templates are GitHub's own; some names may contain `/`, sent raw or as %2F."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from sandbox.github.rest.asking import Handler

# OpenAPI can't say it, GitHub does it: these reach over slashes.
_LONG = {"branch", "basehead", "ref"}
_NUMBERS = re.compile(r"_(id|number)$")

Access = Literal["app", "token", "open"]


@dataclass(frozen=True, kw_only=True)
class Route:
    """`needs` is written as in `x-accepted-github-permissions`: `;` between alternatives, `,` for both."""

    method: str
    template: str
    operation: str
    handler: Handler
    access: Access
    needs: str = ""

    @property
    def pattern(self) -> re.Pattern[str]:
        """The root folder's contents may be asked for with or without the last slash."""
        template = self.template.replace("/{path}", "{path}")
        return re.compile("^" + re.sub(r"\{(\w+)\}", _group, template) + "$")

    @property
    def weight(self) -> int:
        """Routes with more fixed words are tried first, so that `{ref}` does not swallow `/status`."""
        return sum(not part.startswith("{") for part in self.template.split("/"))


class Router:
    """All operations there are; anything else is unknown."""

    def __init__(self, routes: list[Route]) -> None:
        ordered = sorted(routes, key=lambda route: -route.weight)
        self._routes = [(route, route.pattern) for route in ordered]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """`path` is still percent-encoded; the parameters are not any more."""
        for route, pattern in self._routes:
            if route.method == method and (found := pattern.match(path)):
                return route, {name: unquote(value or "") for name, value in found.groupdict().items()}
        return None


def app_route(method: str, template: str, operation: str, handler: Handler) -> Route:
    """Answers an App's JWT only."""
    return Route(method=method, template=template, operation=operation, handler=handler, access="app")


def token_route(method: str, template: str, operation: str, handler: Handler, needs: str) -> Route:
    """Answers an installation token that has one of the needed permissions."""
    return Route(method=method, template=template, operation=operation, handler=handler, access="token", needs=needs)


def open_route(method: str, template: str, operation: str, handler: Handler) -> Route:
    """Answers anybody."""
    return Route(method=method, template=template, operation=operation, handler=handler, access="open")


def _group(found: re.Match[str]) -> str:
    name = found.group(1)
    if name == "path":
        return "(?:/(?P<path>.*))?"
    if name in _LONG:
        return f"(?P<{name}>.+)"
    if _NUMBERS.search(name):
        return f"(?P<{name}>[0-9]+)"
    return f"(?P<{name}>[^/]+)"
