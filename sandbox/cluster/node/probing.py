"""Readiness and liveness: the node asks the program again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sandbox.cluster.clock import Clock
from sandbox.cluster.documents import Obj
from sandbox.cluster.node.application import Application


@dataclass(frozen=True, kw_only=True)
class Prober:
    """One probe of one running container."""

    kind: Literal["readiness", "liveness"]
    spec: Obj
    """The container's."""
    app: Application
    address: str
    clock: Clock
    tell: Callable[[str, str], None]

    async def watch(self, change: Callable[[bool], None], *, passing: bool) -> None:
        """Call `change` with every new result, until cancelled; `passing` is what counts at the start."""
        probe = self._probe()
        began, failures, successes = self.clock.monotonic(), 0, 0
        await self.clock.sleep(float(probe.get("initialDelaySeconds", 0)) + 0.05)
        while True:
            problem = self.app.answers(probe, self.clock.monotonic() - began)
            failures, successes = (failures + 1, 0) if problem else (0, successes + 1)
            if problem:
                self.tell("Unhealthy", f"{self.kind.title()} probe failed: {self._explain(problem, probe)}")
            result = successes >= probe["successThreshold"] or (passing and failures < probe["failureThreshold"])
            if result != passing:
                passing = result
                change(passing)
            await self.clock.sleep(float(probe["periodSeconds"]))

    def _probe(self) -> Obj:
        """The probe with a named port looked up."""
        probe: Obj = self.spec[f"{self.kind}Probe"]
        for action in ("httpGet", "tcpSocket"):
            if isinstance(probe.get(action, {}).get("port"), str):
                named = {port.get("name"): port["containerPort"] for port in self.spec.get("ports", [])}
                port = probe[action]["port"]
                return {**probe, action: {**probe[action], "port": named.get(port, port)}}
        return probe

    def _explain(self, problem: str, probe: Obj) -> str:
        if problem != "refused":
            return problem
        action = probe.get("httpGet") or probe["tcpSocket"]
        where = f"{self.address}:{action['port']}"
        dial = f"dial tcp {where}: connect: connection refused"
        return f'Get "http://{where}{action["path"]}": {dial}' if "httpGet" in probe else dial
