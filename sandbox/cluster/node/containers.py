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
from sandbox.cluster.node.application import Application, StartError, read
from sandbox.cluster.node.images import Image, ImagePuller
from sandbox.cluster.node.logins import Login
from sandbox.cluster.node.podstatus import ContainerReport
from sandbox.cluster.node.probing import Prober
from sandbox.cluster.node.pulling import Pulling
from sandbox.cluster.node.references import MissingReferenceError

_CREATE: Final = 0.2
_BACK_OFF: Final = 10.0
_LONGEST_BACK_OFF: Final = 300.0
_ROUND: Final = 2.5
"""A container starts again about this long after its back-off is over."""
_NOTICE_EXIT: Final = 0.9
_AGAIN: Final = 1.1
"""Seconds until the first new try of a container that could not start."""
_EPOCH: Final = "1970-01-01T00:00:00Z"


@dataclass(kw_only=True)
class Surroundings:
    """What a container's life needs from its pod and node."""

    clock: Clock
    puller: ImagePuller
    platform: str
    publish: Callable[[], None]
    tell: Callable[[str, str], None]
    """Record an event about the container: reason, message."""
    environment: Callable[[], dict[str, str]]
    """Its variables; raises `MissingReferenceError`."""
    login: Callable[[], Login]
    """Who it is for the registry of its image."""
    pod: str
    """`name_namespace(uid)`, as messages have it."""
    address: str = ""


class ContainerLife:
    """Runs one container until it is cancelled."""

    def __init__(self, spec: Obj, report: ContainerReport, around: Surroundings) -> None:
        self._spec = spec
        self._report = report
        self._around = around
        self._runs = 0
        self.started = asyncio.Event()
        """Set when it runs for the first time."""
        self._pulling = Pulling(
            spec, around.puller, around.clock, login=around.login, wait=self._wait, tell=around.tell
        )

    async def run(self) -> None:
        """Start it again whenever it ends."""
        while True:
            await self._attempt()

    async def run_to_success(self) -> None:
        """Start it again until it ends with 0, as an init container is."""
        while await self._attempt() != 0:
            pass
        self._report.ready = True
        self._around.publish()

    async def _attempt(self) -> int:
        """One start and, unless it went well, the wait after it; gives the exit code."""
        image = await self._pulling.image()
        environment = await self._environment()
        self._runs += 1
        try:
            app = read(image, self._spec, environment, node_platform=self._around.platform, runs=self._runs - 1)
        except StartError as error:
            await self._not_started(image, str(error))
            code = 128
        else:
            code = await self._once(app, image)
        if code or not self._ends_well:
            await self._wait_for_next()
        return code

    @property
    def _ends_well(self) -> bool:
        """Whether an end with 0 is the end: what is never probed and not restarted."""
        return self._report.is_init

    async def _wait_for_next(self) -> None:
        if self._runs > 1:
            await self._back_off(min(_BACK_OFF * 2 ** (self._runs - 2), _LONGEST_BACK_OFF))
        else:
            await self._around.clock.sleep(0.05)

    async def _environment(self) -> dict[str, str]:
        while True:
            try:
                return self._around.environment()
            except MissingReferenceError as error:
                self._around.tell("Failed", f"Error: {error}")
                await self._around.clock.sleep(0.1)
                self._wait("CreateContainerConfigError", str(error))
                await self._around.clock.sleep(_BACK_OFF + _ROUND)

    async def _not_started(self, image: Image, why: str) -> None:
        """The runtime refused: it counts as an end with 128, and nothing ever ran."""
        self._created(image)
        self._around.tell("Created", "Container created")
        self._around.tell("Failed", f"Error: {why}")
        times = {"startedAt": _EPOCH, "finishedAt": self._around.clock.now()}
        end = {"exitCode": 128, "reason": "StartError", "message": why, **times}
        self._report.last_state = {"terminated": end | {"containerID": self._report.container_id}}
        self._report.log = []
        self._wait("RunContainerError", why)
        await self._around.clock.sleep(_AGAIN)

    def _created(self, image: Image) -> None:
        report = self._report
        if "terminated" in report.state:
            report.last_state = {"terminated": report.state["terminated"]}
        if report.container_id:
            report.restarts += 1
            report.previous_log = report.log
        report.image, report.image_id = image.name, image.id
        report.container_id = f"containerd://{secrets.token_hex(32)}"

    async def _once(self, app: Application, image: Image) -> int:
        """One run of the program, from start to exit."""
        report, clock = self._report, self._around.clock
        self._around.tell("Created", "Container created")
        await clock.sleep(_CREATE)
        self._created(image)
        report.version, report.log = app.version, list(app.first_words)
        report.state = {"running": {"startedAt": clock.now()}}
        report.ready = "readinessProbe" not in self._spec and not report.is_init
        self._around.tell("Started", "Container started")
        self.started.set()
        self._around.publish()
        killed = await self._lived(app)
        end = (0, "Completed", ("told to stop, bye",)) if killed else (app.exit_code, _reason(app), app.last_words)
        await self._exited(*end)
        return end[0]

    async def _lived(self, app: Application) -> bool:
        """Wait for its end; says whether the node ended it because of its liveness probe."""
        alive: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def note_ready(passing: bool) -> None:
            self._report.ready = passing
            self._around.publish()

        def note_alive(passing: bool) -> None:
            if not passing and not alive.done():
                alive.set_result(True)

        watches = []
        if "readinessProbe" in self._spec:
            watches.append(self._prober("readiness", app).watch(note_ready, passing=False))
        if "livenessProbe" in self._spec:
            watches.append(self._prober("liveness", app).watch(note_alive, passing=True))
        tasks = [asyncio.ensure_future(each) for each in watches]
        seconds = None if app.lifetime is None else app.lifetime / self._around.clock.speed
        try:
            async with asyncio.timeout(seconds):
                await alive
        except TimeoutError:
            return False
        finally:
            for task in tasks:
                task.cancel()
        name = self._report.name
        self._around.tell("Killing", f"Container {name} failed liveness probe, will be restarted")
        return True

    def _prober(self, kind: str, app: Application) -> Prober:
        around = self._around
        return Prober(
            kind="liveness" if kind == "liveness" else "readiness",
            spec=self._spec,
            app=app,
            address=around.address,
            clock=around.clock,
            tell=around.tell,
        )

    async def _exited(self, code: int, reason: str, last_words: tuple[str, ...]) -> None:
        report, clock = self._report, self._around.clock
        report.log += last_words
        message = ""
        if code and self._spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            message = "".join(f"{line}\n" for line in report.log)
        end = to_terminated(report, code, clock.now(), reason=reason, message=message)
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
        if "terminated" in report.state:
            report.last_state = {"terminated": report.state["terminated"]}
        self._wait("CrashLoopBackOff", text)
        await clock.sleep(delay + _ROUND - noticed)

    def _wait(self, reason: str, message: str) -> None:
        self._report.state = {"waiting": {"reason": reason, "message": message}}
        self._around.publish()


def to_terminated(report: ContainerReport, exit_code: int, now: str, *, reason: str = "", message: str = "") -> Obj:
    """The state of a container that has just ended."""
    started = report.state.get("running", {}).get("startedAt", now)
    reason = reason or ("Error" if exit_code else "Completed")
    end: Obj = {"exitCode": exit_code, "reason": reason, "startedAt": started, "finishedAt": now}
    end |= {"message": message} if message else {}
    return {"terminated": end | ({"containerID": report.container_id} if report.container_id else {})}


def _reason(app: Application) -> str:
    if app.killed:
        return "OOMKilled"
    return "Error" if app.exit_code else "Completed"
