"""One set of watches a namespace (deployments, replica sets, pods), shared by all who look, closed after the last."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from bot.cluster.cache import Cache, Sightings
from bot.cluster.client import Client
from bot.cluster.listwatch import Blind, Changed, Deleted, ListWatch, Object, Step, Sync
from bot.cluster.objects import DeploymentObject, PodObject, ReplicaSetObject
from bot.cluster.pace import Pace
from bot.cluster.request import DEPLOYMENTS, PODS, REPLICA_SETS, Resource
from bot.errors import BrokenError, TransientError

_PATIENCE = 10.0
_AFTER_A_FAULT = 30.0

T = TypeVar("T", bound=Object)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class View:
    """A namespace as the watches show it at one moment."""

    deployments: list[DeploymentObject]
    replica_sets: list[ReplicaSetObject]
    pods: list[PodObject]
    sightings: Sightings


class NamespaceWatch:
    """The three caches of one namespace and the tasks that feed them."""

    def __init__(self, client: Client, namespace: str, pace: Pace) -> None:
        self._namespace = namespace
        self._client = client
        self._pace = pace
        self._deployments: Cache[DeploymentObject] = Cache()
        self._replica_sets: Cache[ReplicaSetObject] = Cache()
        self._pods: Cache[PodObject] = Cache()
        self._sightings = Sightings()
        self.listeners: list[Callable[[], None]] = []
        self.tasks = [
            self._start(DEPLOYMENTS, DeploymentObject, self._deployments),
            self._start(REPLICA_SETS, ReplicaSetObject, self._replica_sets),
            self._start(PODS, PodObject, self._pods),
        ]

    async def view(self, patience: float) -> View:
        """Waits up to `patience` seconds for the lists; raises what keeps us from seeing."""
        try:
            async with asyncio.timeout(patience):
                for cache in (self._deployments, self._replica_sets, self._pods):
                    await cache.answered.wait()
        except TimeoutError as error:
            self._raise_problem()
            raise TransientError(f"the cluster has not listed namespace `{self._namespace}` yet") from error
        return View(self._deployments.current(), self._replica_sets.current(), self._pods.current(), self._sightings)

    def _raise_problem(self) -> None:
        for cache in (self._deployments, self._replica_sets, self._pods):
            cache.current()

    def _start(self, resource: Resource, type_: type[T], cache: Cache[T]) -> asyncio.Task[None]:
        name = f"watch {self._namespace} {resource.plural}"
        listwatch = ListWatch(self._client, resource, self._namespace, type_, self._pace)
        return asyncio.create_task(self._keep_following(listwatch, cache), name=name)

    async def _keep_following(self, listwatch: ListWatch[T], cache: Cache[T]) -> None:
        while True:
            try:
                async for step in listwatch.follow():
                    self._take(cache, step)
            except Exception as fault:  # the loop's top: a fault of ours must not end the watch unseen
                log.exception("cluster_watch_broke", namespace=self._namespace, error=type(fault).__name__)
                cache.apply(Blind(BrokenError("a watch broke")))
                await self._pace.sleep(_AFTER_A_FAULT)

    def _take(self, cache: Cache[T], step: Step[T]) -> None:
        if isinstance(step, Blind):
            log.warning("cluster_watch_blind", namespace=self._namespace, problem=str(step.problem))
        cache.apply(step)
        if cache is self._pods:
            self._sight(step)
        for listener in tuple(self.listeners):
            listener()

    def _sight(self, step: Step[T]) -> None:
        match step:
            case Changed(PodObject() as pod):
                self._sightings.note([pod], self._pace.now())
            case Sync():
                self._sightings.note(self._pods.objects.values(), self._pace.now())
                self._sightings.keep_only(self._pods.objects)
            case Deleted(pod):
                self._sightings.forget(pod.metadata.uid)


class Watches:
    """Namespace watches by name, counted: the first subscriber opens them, the last one closes them."""

    def __init__(self, client: Client, pace: Pace, *, patience: float = _PATIENCE) -> None:
        self._client = client
        self._pace = pace
        self._patience = patience
        self._open: dict[str, NamespaceWatch] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def subscribe(self, namespace: str, on_change: Callable[[], None]) -> Callable[[], None]:
        """Call back on every change; needs a running loop. Calling the returned way to stop twice is harmless."""
        watch = self._open.get(namespace)
        if watch is None:
            watch = self._open[namespace] = NamespaceWatch(self._client, namespace, self._pace)
        entry = _Entry(on_change)
        watch.listeners.append(entry)
        return lambda: self._unsubscribe(namespace, entry)

    async def view(self, namespace: str) -> View:
        """The shared view; opens the watches for this one look when nobody else keeps them."""
        stop = self.subscribe(namespace, _nothing)
        try:
            return await self._open[namespace].view(self._patience)
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
