"""What a handler is given and may return."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.github.errors import RefusedError, not_found
from sandbox.github.model import JSON, App, Repository, Token, User
from sandbox.github.urls import Urls
from sandbox.github.world import World


@dataclass(kw_only=True)
class Ask:
    """A request after routing and authentication. `app` calls with its JWT or, when `token` is set, as installation."""

    world: World
    operation: str
    method: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: JSON
    app: App | None
    token: Token | None
    repo: Repository | None = None

    @property
    def urls(self) -> Urls:
        return self.world.urls

    @property
    def repository(self) -> Repository:
        if self.repo is None:
            raise not_found()
        return self.repo

    @property
    def caller(self) -> App:
        if self.app is None:
            raise RefusedError(401, "Requires authentication")
        return self.app

    @property
    def bot(self) -> User:
        return self.caller.bot

    def number(self, name: str) -> int:
        return int(self.params[name])


@dataclass(kw_only=True)
class Answer:
    """`body` None means an empty answer."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Page:
    """A list to be cut by `per_page` and `page`; under `key` it is wrapped with `total_count` and `extra`."""

    items: Sequence[Any]
    show: Callable[[Any], Any]
    key: str | None = None
    total: int | None = None
    extra: JSON = field(default_factory=dict)


Handler = Callable[[Ask], Answer | Page]


def shown(body: Any, status: int = 200) -> Answer:
    return Answer(status=status, body=body)


def empty(status: int = 204) -> Answer:
    return Answer(status=status)
