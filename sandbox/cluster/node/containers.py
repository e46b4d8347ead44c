"""The life of one container: pull, start, be probed, end, wait, start again; with the delays of a real node."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sandbox.cluster.clock import Clock
from sandbox.cluster.documents import Obj
from sandbox.cluster.node.application import Application, read
from sandbox.cluster.node.images import Image, ImagePuller, PullError
from sandbox.cluster.node.podstatus import ContainerReport

_CREATE: Final = 0.2
_PULL_NOTED: Final = 12.0
"""Seconds until `ErrImagePull` becomes `ImagePullBackOff`: the kubelet writes it at its next round."""
_BACK_OFF: Final = 10.0
_LONGEST_BACK_OFF: Final = 300.0
_ROUND: Final = 2.5
"""A container starts again about this long after its back-off is over."""
_NOTICE_EXIT: Final = 0.9


@dataclass(kw_only=True)
class Surroundings:
    """What a container's life needs from its pod and node."""

    clock: Clock
    puller: ImagePuller
    platform: str
    publish: Callable[[], None]
    tell: Callable[[str, str], None]
    """Record an event about the container: reason, message."""
    pod: str
    """`name_namespace(uid)`, as messages have it."""
    address: str = ""


class ContainerLife:
    """Runs one container until it is cancelled."""

    def __init__(self, spec: Obj, report: ContainerReport, around: Surroundings) -> None:
        self._spec = spec
        self._report = report
        self._around = around

    async def run(self) -> None:
        exits = 0
        while True:
            image = await self._pulled()
            await self._once(read(image, self._spec, node_platform=self._around.platform), image)
            exits += 1
            if exits > 1:
                await self._back_off(min(_BACK_OFF * 2 ** (exits - 2), _LONGEST_BACK_OFF))
            else:
                await self._around.clock.sleep(0.05)

    async def _pulled(self) -> Image:
        """The image, however long it takes; what goes wrong is in the container's state meanwhile."""
        name, delay = self._spec["image"], _BACK_OFF
        held = self._around.puller.present(name)
        if held and self._spec["imagePullPolicy"] != "Always":
            text = f'Container image "{name}" already present on machine and can be accessed by the pod'
            self._around.tell("Pulled", text)
            return held
        if self._spec["imagePullPolicy"] == "Never":
            return await self._never_pulled(name)
        while True:
            try:
                return await self._pull(name)
            except PullError as error:
                await self._wait_after(error, delay)
                delay = min(delay * 2, _LONGEST_BACK_OFF)

    async def _pull(self, name: str) -> Image:
        began = self._around.clock.monotonic()
        self._around.tell("Pulling", f'Pulling image "{name}"')
        image = await self._around.puller.pull(name)
        took = f"{(self._around.clock.monotonic() - began) * 1000:.0f}ms"
        text = (
            f'Successfully pulled image "{name}" in {took} ({took} including waiting). Image size: {image.size} bytes.'
        )
        self._around.tell("Pulled", text)
        return image

    async def _never_pulled(self, name: str) -> Image:
        text = f'Container image "{name}" is not present with pull policy of Never'
        self._around.tell("ErrImageNeverPull", text)
        self._wait("ErrImageNeverPull", text)
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nobody resolves this")

    async def _wait_after(self, error: PullError, delay: float) -> None:
        name = self._spec["image"]
        if error.reason == "ErrImagePull":
            self._around.tell("Failed", f'Failed to pull image "{name}": {error}')
        else:
            self._around.tell("InspectFailed", str(error))
        self._around.tell("Failed", f"Error: {error.reason}")
        await self._around.clock.sleep(0.4)
        self._wait(error.reason, str(error))
        if error.reason == "ErrImagePull":
            await self._around.clock.sleep(_PULL_NOTED)
            self._around.tell("BackOff", f'Back-off pulling image "{name}"')
            self._wait("ImagePullBackOff", f'Back-off pulling image "{name}": {error.reason}: {error}')
        await self._around.clock.sleep(max(1.0, delay + _ROUND - _PULL_NOTED))

    async def _once(self, app: Application, image: Image) -> None:
        """One run of the program, from start to exit."""
        report, clock = self._report, self._around.clock
        self._around.tell("Created", "Container created")
        await clock.sleep(_CREATE)
        if "terminated" in report.state:
            report.last_state = {"terminated": report.state["terminated"]}
        if report.container_id:
            report.restarts += 1
            report.previous_log = report.log
        report.image, report.image_id, report.version = image.name, image.id, app.version
        report.container_id = f"containerd://{secrets.token_hex(32)}"
        report.log = list(app.first_words)
        report.state = {"running": {"startedAt": clock.now()}}
        report.ready = "readinessProbe" not in self._spec
        self._around.tell("Started", "Container started")
        self._around.publish()
        prober = asyncio.ensure_future(self._probe(app)) if "readinessProbe" in self._spec else None
        try:
            await (
                clock.sleep(app.lifetime) if app.lifetime is not None else asyncio.get_running_loop().create_future()
            )
        finally:
            if prober is not None:
                prober.cancel()
        await self._exited(app)

    async def _exited(self, app: Application) -> None:
        report, clock = self._report, self._around.clock
        report.log += app.last_words
        end = to_terminated(report, app.exit_code, clock.now())
        if report.restarts:
            await clock.sleep(_NOTICE_EXIT)
        report.state, report.ready = end, False
        self._around.publish()

    async def _back_off(self, delay: float) -> None:
        report, clock = self._report, self._around.clock
        text = f"back-off {delay:.0f}s restarting failed container={report.name} pod={self._around.pod}"
        if delay >= 60:
            text = text.replace(f"{delay:.0f}s", f"{int(delay // 60)}m{int(delay % 60)}s")
        self._around.tell("BackOff", f"Back-off restarting failed container {report.name} in pod {self._around.pod}")
        # The kubelet reports the back-off in its next round, which may be as late as the restart itself.
        noticed = random.choice((1.0, delay + _ROUND - 0.1))
        await clock.sleep(noticed)
        report.last_state = {"terminated": report.state["terminated"]}
        self._wait("CrashLoopBackOff", text)
        await clock.sleep(delay + _ROUND - noticed)

    async def _probe(self, app: Application) -> None:
        probe, clock = self._spec["readinessProbe"], self._around.clock
        began, failures, successes = clock.monotonic(), 0, 0
        await clock.sleep(float(probe.get("initialDelaySeconds", 0)) + 0.05)
        while True:
            problem = app.answers(_with_port(probe, self._spec), clock.monotonic() - began)
            failures, successes = (failures + 1, 0) if problem else (0, successes + 1)
            if problem:
                self._around.tell("Unhealthy", f"Readiness probe failed: {self._explain(problem, probe)}")
            ready = successes >= probe["successThreshold"] or (
                self._report.ready and failures < probe["failureThreshold"]
            )
            if ready != self._report.ready:
                self._report.ready = ready
                self._around.publish()
            await clock.sleep(float(probe["periodSeconds"]))

    def _explain(self, problem: str, probe: Obj) -> str:
        if problem != "refused":
            return problem
        action = probe.get("httpGet") or probe["tcpSocket"]
        where = f"{self._around.address}:{action['port']}"
        dial = f"dial tcp {where}: connect: connection refused"
        return f'Get "http://{where}{action["path"]}": {dial}' if "httpGet" in probe else dial

    def _wait(self, reason: str, message: str) -> None:
        self._report.state = {"waiting": {"reason": reason, "message": message}}
        self._around.publish()


def to_terminated(report: ContainerReport, exit_code: int, now: str) -> Obj:
    """The state of a container that has just ended."""
    started = report.state.get("running", {}).get("startedAt", now)
    reason = "Error" if exit_code else "Completed"
    end: Obj = {"exitCode": exit_code, "reason": reason, "startedAt": started, "finishedAt": now}
    return {"terminated": end | ({"containerID": report.container_id} if report.container_id else {})}


def _with_port(probe: Obj, spec: Obj) -> Obj:
    """The probe with a named port looked up."""
    for kind in ("httpGet", "tcpSocket"):
        if isinstance(probe.get(kind, {}).get("port"), str):
            named = {port.get("name"): port["containerPort"] for port in spec.get("ports", [])}
            port = probe[kind]["port"]
            return {**probe, kind: {**probe[kind], "port": named.get(port, port)}}
    return probe
