"""The one node: runs pods as tasks and ends them gracefully."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any

from sandbox.cluster.documents import Obj, is_terminating, uid_of
from sandbox.cluster.events import Events
from sandbox.cluster.node.images import ImagePuller
from sandbox.cluster.node.podlife import NODE_ADDRESS, PodLife
from sandbox.cluster.node.podstatus import ContainerReport
from sandbox.cluster.resources import NODES, PODS
from sandbox.cluster.store import Change
from sandbox.cluster.writes import Writes


class Kubelet:
    """Owns a task for every pod of its node."""

    def __init__(self, writes: Writes, events: Events, puller: ImagePuller, *, node: str, architecture: str) -> None:
        self._writes = writes
        self._events = events
        self._puller = puller
        self._node = node
        self._platform = f"linux/{architecture}"
        self._architecture = architecture
        self._pods: dict[str, PodLife] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._addresses = itertools.count(2)

    def register(self) -> None:
        """Make the node known to the cluster."""
        self._writes.create(NODES, _node(self._node, self._architecture, self._writes.clock.now()), manager="kubelet")

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def reports(self, uid: str) -> list[ContainerReport]:
        """What the node knows about a pod's containers, init containers last; empty for a pod it does not run."""
        life = self._pods.get(uid)
        return life.reports.all if life else []

    def notice(self, change: Change) -> None:
        """React to a change of a pod."""
        if change.resource != PODS:
            return
        life = self._pods.get(uid_of(change.obj))
        if change.type == "DELETED":
            if life:
                life.forget()
                del self._pods[uid_of(change.obj)]
        elif not change.obj["spec"].get("nodeName"):
            return
        elif life is None and not is_terminating(change.obj):
            self._start(change.obj)
        elif life is not None and is_terminating(change.obj) and not life.is_ending:
            life.is_ending = True
            self._spawn(life.end())

    def _start(self, pod: Obj) -> None:
        address = f"10.204.0.{next(self._addresses)}"
        life = PodLife(pod, self._writes, self._events, self._puller, platform=self._platform, address=address)
        self._pods[uid_of(pod)] = life
        life.task = self._spawn(life.run())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _node(name: str, architecture: str, now: str) -> Obj:
    room = {"cpu": "2", "memory": "8Gi", "pods": "110"}
    ready = {"type": "Ready", "status": "True", "lastHeartbeatTime": now, "lastTransitionTime": now}
    return {
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/arch": architecture, "kubernetes.io/os": "linux", "kubernetes.io/hostname": name},
        },
        "spec": {},
        "status": {
            "capacity": room,
            "allocatable": room,
            "conditions": [{**ready, "reason": "KubeletReady", "message": "kubelet is posting ready status"}],
            "addresses": [{"type": "InternalIP", "address": NODE_ADDRESS}, {"type": "Hostname", "address": name}],
            "nodeInfo": {
                "operatingSystem": "linux",
                "architecture": architecture,
                "kubeletVersion": "v1.36.3",
                "containerRuntimeVersion": "containerd://2.1.9",
            },
        },
    }
