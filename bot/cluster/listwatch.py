"""One kind in one namespace, followed for ever: list, then watch; after any doubt, list again.

The library's own watch neither backs off nor lists again on 410, and takes a proxy's HTML page for events.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import msgspec

from bot.cluster.answers import GoneError, Status
from bot.cluster.client import Client
from bot.cluster.objects import Meta
from bot.cluster.pace import BackOff, Pace
from bot.cluster.request import Request, Resource
from bot.errors import GreenlaneError, RejectedError, TransientError

_SHORTEST, _SPREAD = 240, 60
_OVERTIME = 15
_HEALTHY = 30.0
"""Seconds after which a watch counts as a good one; shorter ones back off."""
_SILENCE = 100.0
"""API servers send a bookmark about once a minute; longer silence is a dead connection, and a list is cheap."""
_REJECTED = 30.0


class Object(Protocol):
    """What can be followed."""

    @property
    def metadata(self) -> Meta: ...


T = TypeVar("T", bound=Object)


@dataclass(frozen=True, slots=True)
class Sync(Generic[T]):
    """Everything there is, at one moment; replaces all that was known."""

    objects: list[T]


@dataclass(frozen=True, slots=True)
class Changed(Generic[T]):
    """Added or modified."""

    object: T


@dataclass(frozen=True, slots=True)
class Deleted(Generic[T]):
    """Gone."""

    object: T


@dataclass(frozen=True, slots=True)
class Blind:
    """What is known may be old until the next `Sync`."""

    problem: GreenlaneError


Step = Sync[T] | Changed[T] | Deleted[T] | Blind


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Head(msgspec.Struct):
    metadata: Meta


class ListWatch(Generic[T]):
    """Follows `resource` in `namespace`, each object read as `type_`; `keep` bounds what a list may hold."""

    def __init__(
        self,
        client: Client,
        resource: Resource,
        namespace: str,
        type_: type[T],
        pace: Pace,
        *,
        keep: Callable[[list[T]], list[T]] | None = None,
    ) -> None:
        self._client = client
        self._list = Request(verb="list", resource=resource, namespace=namespace)
        self._watch = Request(verb="watch", resource=resource, namespace=namespace)
        self._type = type_
        self._keep = keep
        self._pace = pace
        self._back_off = BackOff(pace)
        self._version = ""

    def __str__(self) -> str:
        return f"{self._list.right} in {self._list.place}"

    async def follow(self) -> AsyncGenerator[Step[T], None]:
        """Steps without end; only cancellation stops it."""
        while True:
            try:
                self._version, objects = await self._client.list_all(self._list, self._type, keep=self._keep)
                yield Sync(objects)
                async with aclosing(self._watch_on()) as steps:
                    async for step in steps:
                        yield step
            except TransientError as problem:
                yield Blind(problem)
                await self._back_off.wait(at_least=problem.retry_after)
            except RejectedError as problem:
                # Rights are granted by people: no hurry, but no restart needed either.
                yield Blind(problem)
                await self._pace.sleep(_REJECTED * (0.5 + self._pace.chance() / 2))

    async def _watch_on(self) -> AsyncGenerator[Step[T], None]:
        """Watch after watch, each from the version the last one reached; ends only by raising."""
        while True:
            begun = self._pace.clock()
            try:
                async with aclosing(self._steps()) as steps:
                    async for step in steps:
                        yield step
            finally:
                lived = self._pace.clock() - begun
                if lived >= _HEALTHY:
                    self._back_off.reset()
            if lived < _HEALTHY:
                raise TransientError(f"the watch was closed after {lived:.0f} s: {self._watch}")

    async def _steps(self) -> AsyncGenerator[Step[T], None]:
        limit = _SHORTEST + int(_SPREAD * self._pace.chance())
        query = [
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", self._version),
            ("timeoutSeconds", str(limit)),
        ]
        lines = self._client.lines(self._watch, query=query, seconds=limit + _OVERTIME, silence=_SILENCE)
        async with aclosing(lines):
            async for line in lines:
                step = self._read(line)
                if step is not None:
                    yield step

    def _read(self, line: bytes) -> Step[T] | None:
        """The step a line tells, None for a bookmark; either moves the version from which the next watch goes on."""
        try:
            event = msgspec.json.decode(line, type=_Event)
            if event.type == "ERROR":
                raise self._error(event)
            if event.type == "BOOKMARK":
                self._version = msgspec.json.decode(event.object, type=_Head).metadata.resource_version
                return None
            item = msgspec.json.decode(event.object, type=self._type)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise TransientError(f"the watch brought something that is no event: {self._watch}") from error
        self._version = item.metadata.resource_version
        return Deleted(item) if event.type == "DELETED" else Changed(item)

    def _error(self, event: _Event) -> TransientError:
        status = msgspec.json.decode(event.object, type=Status)
        if status.code == 410:
            return GoneError(f"the watch's version is too old: {self._watch}")
        return TransientError(f"the watch ended with status {status.code}: {self._watch}")
