"""The scheduler and the one node: binds pods, runs them as tasks and ends them gracefully."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from typing import Any, Final

from sandbox.cluster.answers import ApiError
from sandbox.cluster.documents import Obj, clone, is_terminating, name_of, namespace_of, uid_of
from sandbox.cluster.events import Events
from sandbox.cluster.node.containers import ContainerLife, Surroundings, to_terminated
from sandbox.cluster.node.images import ImagePuller
from sandbox.cluster.node.podstatus import ContainerReport, to_status
from sandbox.cluster.resources import NODES, PODS
from sandbox.cluster.store import Change
from sandbox.cluster.writes import Writes

NODE_ADDRESS: Final = "192.0.2.2"
_SANDBOX: Final = 0.5
"""Seconds to set up a pod's network."""
_STOP: Final = 0.15
_CLEAN_UP: Final = 0.5
_WARNINGS: Final = ("Failed", "InspectFailed", "ErrImageNeverPull", "Unhealthy")


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
        """What the node knows about a pod's containers; empty for a pod it does not run."""
        life = self._pods.get(uid)
        return life.reports if life else []

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
            if change.type == "ADDED":
                self._spawn(self._bind(change.obj))
        elif life is None and not is_terminating(change.obj):
            self._start(change.obj)
        elif life is not None and is_terminating(change.obj) and not life.is_ending:
            life.is_ending = True
            self._spawn(life.end())

    async def _bind(self, pod: Obj) -> None:
        await self._writes.clock.sleep(0.02)
        held = self._writes.store.get(PODS, namespace_of(pod), name_of(pod))
        if held is None or is_terminating(held):
            return
        now = self._writes.clock.now()
        bound = clone(held)
        bound["spec"]["nodeName"] = self._node
        scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
        bound["status"]["conditions"] = [scheduled | {"observedGeneration": held["metadata"]["generation"]}]
        stored = self._writes.store.put(PODS, bound)
        text = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {self._node}"
        self._events.record(stored, "Scheduled", text, source="default-scheduler")

    def _start(self, pod: Obj) -> None:
        life = PodLife(
            pod, self._writes, self._events, self._puller, self._platform, f"10.204.0.{next(self._addresses)}"
        )
        self._pods[uid_of(pod)] = life
        life.task = self._spawn(life.run())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class PodLife:
    """One pod on the node, from its containers' creation to its removal."""

    def __init__(
        self, pod: Obj, writes: Writes, events: Events, puller: ImagePuller, platform: str, address: str
    ) -> None:
        self._key = (namespace_of(pod), name_of(pod))
        self._uid = uid_of(pod)
        self._specs: list[Obj] = pod["spec"]["containers"]
        self._writes = writes
        self._events = events
        self._puller = puller
        self._platform = platform
        self._address = ""
        self._next_address = address
        self.reports = [ContainerReport(name=spec["name"], image=spec["image"]) for spec in self._specs]
        self.task: asyncio.Task[None] | None = None
        self.is_ending = False

    async def run(self) -> None:
        clock = self._writes.clock
        await clock.sleep(0.05)
        self._publish()
        await clock.sleep(_SANDBOX)
        self._address = self._next_address
        self._publish()
        async with asyncio.TaskGroup() as group:
            for spec, report in zip(self._specs, self.reports, strict=True):
                group.create_task(ContainerLife(spec, report, self._around(spec)).run())

    async def end(self) -> None:
        """SIGTERM, the exit, the last status, then the object goes."""
        clock = self._writes.clock
        self._publish()
        for report in self.reports:
            if "running" in report.state:
                self._tell(report.name)("Killing", f"Stopping container {report.name}")
        await clock.sleep(_STOP)
        self.forget()
        for report in self.reports:
            if "terminated" not in report.state:
                code = 0 if "running" in report.state else 137
                report.state = to_terminated(report, code, clock.now())
            report.ready = False
        self._publish()
        await clock.sleep(_CLEAN_UP)
        self._remove()

    def forget(self) -> None:
        """Stop running it."""
        if self.task is not None:
            self.task.cancel()

    def _remove(self) -> None:
        pod = self._pod()
        if pod is None:
            return
        last = clone(pod)
        last["metadata"] |= {"deletionGracePeriodSeconds": 0, "deletionTimestamp": self._writes.clock.now()}
        self._writes.store.put(PODS, last)
        self._writes.store.remove(PODS, *self._key)

    def _around(self, spec: Obj) -> Surroundings:
        return Surroundings(
            clock=self._writes.clock,
            puller=self._puller,
            platform=self._platform,
            publish=self._publish,
            tell=self._tell(spec["name"]),
            pod=f"{self._key[1]}_{self._key[0]}({self._uid})",
            address=self._address,
        )

    def _tell(self, container: str) -> Callable[[str, str], None]:
        def tell(reason: str, message: str) -> None:
            warning = reason in _WARNINGS or message.startswith("Back-off restarting")
            if pod := self._pod():
                path = f"spec.containers{{{container}}}"
                self._events.record(pod, reason, message, source="kubelet", warning=warning, path=path)

        return tell

    def _publish(self) -> None:
        pod = self._pod()
        if pod is None:
            return
        new = clone(pod)
        new["status"] = to_status(
            pod, self.reports, address=self._address, node_address=NODE_ADDRESS, now=self._writes.clock.now()
        )
        try:
            self._writes.update(PODS, clone(new), manager="kubelet", subresource="status")
        except ApiError:
            self.forget()

    def _pod(self) -> Obj | None:
        pod = self._writes.store.get(PODS, *self._key)
        return pod if pod is not None and uid_of(pod) == self._uid else None


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
