"""The controllers together: who is woken by which change."""

from __future__ import annotations

import asyncio
from typing import Final

from sandbox.cluster.controllers.daemonsets import DaemonSetController
from sandbox.cluster.controllers.deployments import DeploymentController
from sandbox.cluster.controllers.garbage import GarbageCollector
from sandbox.cluster.controllers.quotas import QuotaController
from sandbox.cluster.controllers.replicasets import ReplicaSetController
from sandbox.cluster.controllers.statefulsets import StatefulSetController
from sandbox.cluster.controllers.workqueue import WorkQueue
from sandbox.cluster.documents import Obj, name_of, namespace_of
from sandbox.cluster.events import Events
from sandbox.cluster.resources import DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS
from sandbox.cluster.store import Change
from sandbox.cluster.writes import Writes

_LAG: Final = 0.02
"""Seconds until a controller reacts: long enough to see `observedGeneration` trail behind."""


class ControllerManager:
    """Runs a queue for each kind; an object's change wakes its own controller and its owner's."""

    def __init__(self, writes: Writes, events: Events) -> None:
        self._garbage = GarbageCollector(writes)
        syncs = {
            DEPLOYMENTS.kind: DeploymentController(writes, events).sync,
            REPLICA_SETS.kind: ReplicaSetController(writes, events).sync,
            STATEFUL_SETS.kind: StatefulSetController(writes, events).sync,
            DAEMON_SETS.kind: DaemonSetController(writes, events).sync,
        }
        self._queues = {kind: WorkQueue(sync, writes.clock, lag=_LAG) for kind, sync in syncs.items()}
        self._collect = WorkQueue(self._garbage.sync, writes.clock, lag=_LAG)
        self._quotas = QuotaController(writes)
        self._count = WorkQueue(self._quotas.sync, writes.clock, lag=_LAG)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        queues = (*self._queues.values(), self._collect, self._count)
        self._tasks = [asyncio.create_task(queue.run()) for queue in queues]

    async def stop(self) -> None:
        """Fine to call twice."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def notice(self, change: Change) -> None:
        obj = change.obj
        self._wake(change.resource.kind, obj, name_of(obj))
        for owner in obj["metadata"].get("ownerReferences", []):
            if owner.get("controller"):
                self._wake(owner["kind"], obj, owner["name"])
        concern = self._garbage.concern_of(change)
        if concern is not None:
            self._collect.add(concern)
        counted = self._quotas.concern_of(change)
        if counted is not None:
            self._count.add(counted)

    def _wake(self, kind: str, obj: Obj, name: str) -> None:
        if kind in self._queues:
            self._queues[kind].add((namespace_of(obj), name))
