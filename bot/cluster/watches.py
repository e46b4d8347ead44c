"""One set of watches a namespace, shared by all who look, closed after the last.

Pods and events are followed always, workloads and their revisions only of a kind that somebody looked at: a missing
right on StatefulSets keeps nobody from seeing Deployments.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from bot.cluster.cache import Cache, EventCache, newest_events
from bot.cluster.client import Client
from bot.cluster.feed import Feed
from bot.cluster.kinds import Kind, RevisionObject, WorkloadObject
from bot.cluster.listwatch import Blind, ListWatch, Object, Step
from bot.cluster.objects import EventObject, PodObject
from bot.cluster.pace import Pace
from bot.cluster.request import EVENTS, PODS, Resource
from bot.cluster.sightings import Sightings
from bot.errors import RejectedError, TransientError

_PATIENCE = 10.0
_EVENTS_PATIENCE = 1.0
"""Events help to explain; a look does not wait long for their first list."""
_EVENTS_SETTLE = 1.0
"""A crash loop writes events without end: they are worth one look in this time."""

T = TypeVar("T", bound=Object)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class View:
    """A namespace as the watches show it at one moment, with the workloads of one kind."""

    workloads: list[WorkloadObject]
    revisions: list[RevisionObject]
    pods: list[PodObject]
    events: list[EventObject]
    sightings: Sightings


class NamespaceWatch:
    """The caches of one namespace and the tasks that feed them."""

    def __init__(self, client: Client, namespace: str, pace: Pace, *, events_patience: float, unseen: set[str]) -> None:
        self._namespace = namespace
        self._client = client
        self._pace = pace
        self._events_patience = events_patience
        self._unseen = unseen
        self._sightings = Sightings()
        self._happened = asyncio.Event()
        self.listeners: list[Callable[[], None]] = []
        self._pods = self._feed(self._listwatch(PODS, PodObject), self._on_pods)
        self._events = EventCache()
        following = ListWatch(client, EVENTS, namespace, EventObject, pace, keep=newest_events)
        self._always = [
            self._pods.task,
            Feed(following, self._events, pace, on_step=self._on_event).task,
            asyncio.create_task(self._pass_events_on(), name=f"events of {namespace}"),
        ]
        self._by_kind: dict[Resource, Feed[Any]] = {}
        """Any: the kinds have nothing in common but their head."""

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        return [*self._always, *(each.task for each in self._by_kind.values())]

    async def view(self, kind: Kind, patience: float) -> View:
        """Waits up to `patience` seconds for the lists; raises what keeps us from seeing."""
        workloads = self._of_kind(kind.resource, kind.type_, self._on_step)
        revisions = self._of_kind(kind.revisions, kind.revision_type, self._on_revisions)
        needed = (workloads, revisions, self._pods)
        try:
            async with asyncio.timeout(patience):
                for feed in needed:
                    await feed.cache.answered.wait()
        except TimeoutError as error:
            for feed in needed:
                feed.cache.current()
            raise TransientError(f"the cluster has not listed namespace `{self._namespace}` yet") from error
        with suppress(TimeoutError):
            async with asyncio.timeout(self._events_patience):
                await self._events.asked.wait()
        return View(
            workloads.cache.current(),
            revisions.cache.current(),
            self._pods.cache.current(),
            self._events.known(),
            self._sightings,
        )

    def _of_kind(self, resource: Resource, type_: type[T], on_step: Callable[[Step[Any]], None]) -> Feed[T]:
        if resource not in self._by_kind:
            self._by_kind[resource] = self._feed(self._listwatch(resource, type_), on_step)
        return self._by_kind[resource]

    def _listwatch(self, resource: Resource, type_: type[T]) -> ListWatch[T]:
        return ListWatch(self._client, resource, self._namespace, type_, self._pace)

    def _feed(self, listwatch: ListWatch[T], on_step: Callable[[Step[T]], None]) -> Feed[T]:
        return Feed(listwatch, Cache(), self._pace, on_step=on_step)

    def _on_step(self, step: Step[Any]) -> None:
        if isinstance(step, Blind):
            self._log_blindness(step)
        self._call_back()

    def _on_pods(self, step: Step[PodObject]) -> None:
        self._sightings.pods.follow(step, self._pace.now())
        self._on_step(step)

    def _on_revisions(self, step: Step[RevisionObject]) -> None:
        self._sightings.revisions.follow(step, self._pace.now())
        self._on_step(step)

    def _on_event(self, step: Step[EventObject]) -> None:
        match step:
            case Blind(RejectedError() as refused):
                if self._namespace not in self._unseen:
                    log.warning("cluster_events_unseen", namespace=self._namespace, problem=str(refused))
                self._unseen.add(self._namespace)
            case Blind():
                self._log_blindness(step)
            case _:
                self._happened.set()

    def _log_blindness(self, step: Blind) -> None:
        log.warning("cluster_watch_blind", namespace=self._namespace, problem=str(step.problem))

    async def _pass_events_on(self) -> None:
        while True:
            await self._happened.wait()
            await self._pace.sleep(_EVENTS_SETTLE)
            self._happened.clear()
            try:
                self._call_back()
            except Exception as fault:  # the loop's top: whoever fails to listen must not silence the others for good
                log.exception("cluster_listener_broke", namespace=self._namespace, error=type(fault).__name__)

    def _call_back(self) -> None:
        for listener in tuple(self.listeners):
            listener()


class Watches:
    """Namespace watches by name, counted: the first subscriber opens them, the last one closes them."""

    def __init__(
        self,
        client: Client,
        pace: Pace,
        *,
        patience: float = _PATIENCE,
        events_patience: float = _EVENTS_PATIENCE,
    ) -> None:
        self._client = client
        self._pace = pace
        self._patience = patience
        self._events_patience = events_patience
        self._open: dict[str, NamespaceWatch] = {}
        self._unseen: set[str] = set()
        """Namespaces of which the log says already that their events can't be read."""
        self._closing: set[asyncio.Task[None]] = set()

    def subscribe(self, namespace: str, on_change: Callable[[], None]) -> Callable[[], None]:
        """Call back on every change; needs a running loop. Calling the returned way to stop twice is harmless."""
        watch = self._open.get(namespace)
        if watch is None:
            watch = self._open[namespace] = NamespaceWatch(
                self._client, namespace, self._pace, events_patience=self._events_patience, unseen=self._unseen
            )
        entry = _Entry(on_change)
        watch.listeners.append(entry)
        return lambda: self._unsubscribe(namespace, entry)

    async def view(self, namespace: str, kind: Kind) -> View:
        """The shared view, with workloads of that kind; opens watches for this one look when nobody keeps them."""
        stop = self.subscribe(namespace, _nothing)
        try:
            return await self._open[namespace].view(kind, self._patience)
        finally:
            stop()

    async def aclose(self) -> None:
        """End every watch and wait until it has hung up."""
        for namespace in tuple(self._open):
            self._close(namespace)
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _unsubscribe(self, namespace: str, entry: "_Entry") -> None:
        watch = self._open.get(namespace)
        if watch is None or entry not in watch.listeners:
            return
        watch.listeners.remove(entry)
        if not watch.listeners:
            self._close(namespace)

    def _close(self, namespace: str) -> None:
        for task in self._open.pop(namespace).tasks:
            task.cancel()
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


class _Entry:
    """One subscription; compared by identity, so that one function may subscribe twice."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change

    def __call__(self) -> None:
        self._on_change()


def _nothing() -> None:
    """Wants no call back."""
