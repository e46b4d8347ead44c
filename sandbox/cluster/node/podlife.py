"""One pod on the node: its volumes, its network, its init containers, its containers, its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from sandbox.cluster.answers import ApiError
from sandbox.cluster.documents import Obj, clone, name_of, namespace_of, uid_of
from sandbox.cluster.events import Events
from sandbox.cluster.node.containers import ContainerLife, Surroundings, to_terminated
from sandbox.cluster.node.images import ImagePuller
from sandbox.cluster.node.logins import login_for
from sandbox.cluster.node.podstatus import PodReport, to_status
from sandbox.cluster.node.references import environment, missing_volumes
from sandbox.cluster.resources import PODS
from sandbox.cluster.writes import Writes

NODE_ADDRESS: Final = "192.0.2.2"
_SANDBOX: Final = 0.5
"""Seconds to set up a pod's network."""
_MOUNT_AGAIN: Final = 0.5
_LONGEST_MOUNT_WAIT: Final = 122.0
_STOP: Final = 0.15
_CLEAN_UP: Final = 0.5
_WARNINGS: Final = ("Failed", "InspectFailed", "ErrImageNeverPull", "Unhealthy", "FailedMount")


class PodLife:
    """One pod on the node, from its containers' creation to its removal."""

    def __init__(
        self, pod: Obj, writes: Writes, events: Events, puller: ImagePuller, *, platform: str, address: str
    ) -> None:
        self._key = (namespace_of(pod), name_of(pod))
        self._uid = uid_of(pod)
        self._spec: Obj = pod["spec"]
        self._node = str(pod["spec"]["nodeName"])
        self._writes = writes
        self._events = events
        self._puller = puller
        self._platform = platform
        self._address = ""
        self._next_address = address
        self.reports = PodReport.of(self._spec)
        self.task: asyncio.Task[None] | None = None
        self.is_ending = False

    async def run(self) -> None:
        """Until it is cancelled."""
        clock = self._writes.clock
        await clock.sleep(0.05)
        self._publish()
        await self._mount()
        await clock.sleep(_SANDBOX)
        self._address = self._next_address
        self._publish()
        async with asyncio.TaskGroup() as group:
            await self._initialize(group)
            for spec, report in zip(self._spec["containers"], self.reports.main, strict=True):
                group.create_task(ContainerLife(spec, report, self._around(spec, "containers")).run())

    async def _mount(self) -> None:
        """Wait until every volume has its source; meanwhile only events tell what is missing."""
        delay = _MOUNT_AGAIN
        while missing := missing_volumes(self._writes.store, self._key[0], self._spec):
            for text in missing:
                self._tell("FailedMount", text)
            await self._writes.clock.sleep(delay)
            delay = min(delay * 2, _LONGEST_MOUNT_WAIT)

    async def _initialize(self, group: asyncio.TaskGroup) -> None:
        """One after the other; a sidecar stays while the next ones start."""
        for spec, report in zip(self._spec.get("initContainers", []), self.reports.init, strict=True):
            life = ContainerLife(spec, report, self._around(spec, "initContainers"))
            if report.is_sidecar:
                group.create_task(life.run())
                await life.started.wait()
                report.has_started = True
                self._publish()
            else:
                await life.run_to_success()

    async def end(self) -> None:
        """SIGTERM, the exit, the last status, then the object goes."""
        clock = self._writes.clock
        self._publish()
        for report in self.reports.all:
            if "running" in report.state:
                self._tell("Killing", f"Stopping container {report.name}", path=f"spec.containers{{{report.name}}}")
        await clock.sleep(_STOP)
        self.forget()
        for report in self.reports.all:
            if not report.container_id:
                report.state = {"waiting": {"reason": "ContainerCreating"}}
            elif "terminated" not in report.state:
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

    def _around(self, spec: Obj, kind: str) -> Surroundings:
        return Surroundings(
            clock=self._writes.clock,
            puller=self._puller,
            platform=self._platform,
            publish=self._publish,
            tell=self._teller(f"spec.{kind}{{{spec['name']}}}"),
            environment=lambda: environment(self._writes.store, self._key[0], spec),
            login=lambda: login_for(self._writes.store, self._key[0], self._spec, spec["image"]),
            pod=f"{self._key[1]}_{self._key[0]}({self._uid})",
            address=self._address,
        )

    def _teller(self, path: str) -> Callable[[str, str], None]:
        return lambda reason, message: self._tell(reason, message, path=path)

    def _tell(self, reason: str, message: str, *, path: str = "") -> None:
        warning = reason in _WARNINGS or message.startswith("Back-off restarting")
        if pod := self._pod():
            self._events.record(pod, reason, message, source="kubelet", warning=warning, path=path, host=self._node)

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
