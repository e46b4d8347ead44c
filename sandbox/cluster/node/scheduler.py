"""The scheduler: gives a pod its node, or says why it cannot (pkg/scheduler)."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from typing import Final

from sandbox.cluster.documents import Obj, clone, condition, is_terminating, name_of, namespace_of, uid_of
from sandbox.cluster.events import Events
from sandbox.cluster.quantities import Amounts, of_pod, parse
from sandbox.cluster.resources import NODES, PODS
from sandbox.cluster.store import Change
from sandbox.cluster.writes import Writes

_THINK: Final = 0.02
_OVER: Final = ("Succeeded", "Failed")


class Scheduler:
    """Looks at pods without a node as they come, and again when another pod leaves."""

    def __init__(self, writes: Writes, events: Events, *, node: str) -> None:
        self._writes = writes
        self._events = events
        self._node = node
        self._waiting = asyncio.Event()

    def notice(self, change: Change) -> None:
        """Wake up for a new pod, and for room that a pod leaves behind."""
        if change.resource != PODS:
            return
        is_new = change.type == "ADDED" and not change.obj["spec"].get("nodeName")
        is_over = change.type == "DELETED" or change.obj.get("status", {}).get("phase") in _OVER
        if is_new or is_over:
            self._waiting.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            await self._writes.clock.sleep(_THINK)
            for pod in self._writes.store.list(PODS):
                if not pod["spec"].get("nodeName") and not is_terminating(pod):
                    self._place(pod)

    def _place(self, pod: Obj) -> None:
        problem = self._problem(pod)
        if problem:
            self._mark(pod, {"status": "False", "reason": "Unschedulable", "message": problem})
            self._events.record(pod, "FailedScheduling", problem, source="default-scheduler", warning=True, action=True)
            return
        bound = clone(pod)
        bound["spec"]["nodeName"] = self._node
        stored = self._mark(bound, {"status": "True"})
        text = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {self._node}"
        self._events.record(stored, "Scheduled", text, source="default-scheduler", action=True)

    def _mark(self, pod: Obj, result: Obj) -> Obj:
        held = condition(pod, "PodScheduled") or {}
        if all(held.get(key) == value for key, value in result.items()):
            return pod
        times = {"lastProbeTime": None, "lastTransitionTime": self._writes.clock.now()}
        generation = {"observedGeneration": pod["metadata"]["generation"]}
        new = clone(pod)
        new["status"]["conditions"] = [{"type": "PodScheduled", **generation, **times, **result}]
        return self._writes.store.put(PODS, new)

    def _problem(self, pod: Obj) -> str:
        """Why the pod fits nowhere, or an empty text."""
        for volume in pod["spec"].get("volumes", []):
            if "persistentVolumeClaim" in volume:
                claim = volume["persistentVolumeClaim"]["claimName"]
                return f'0/1 nodes are available: persistentvolumeclaim "{claim}" not found. not found'
        node = self._writes.store.get(NODES, "", self._node)
        if node is None:
            return "no nodes available to schedule pods"
        if not pod["spec"].get("nodeSelector", {}).items() <= node["metadata"].get("labels", {}).items():
            return _sentence(["1 node(s) didn't match Pod's node affinity/selector"], helpful=False)
        room = {key: parse(text) for key, text in node["status"]["allocatable"].items()}
        wanted = of_pod(pod["spec"])
        lacking = [key for key in sorted(wanted) if wanted[key] > room.get(key, Fraction(0)) - self._used(pod, key)]
        helpful = all(wanted[key] <= room.get(key, Fraction(0)) for key in lacking)
        return _sentence([f"1 Insufficient {key}" for key in lacking], helpful=helpful) if lacking else ""

    def _used(self, pod: Obj, key: str) -> Fraction:
        others = [
            each
            for each in self._writes.store.list(PODS)
            if each["spec"].get("nodeName") and uid_of(each) != uid_of(pod) and each["status"].get("phase") not in _OVER
        ]
        taken: list[Amounts] = [of_pod(each["spec"]) for each in others]
        return sum((each.get(key, Fraction(0)) for each in taken), Fraction(0))


def _sentence(why: list[str], *, helpful: bool) -> str:
    """`helpful`: an empty node would do, so that only victims are missing."""
    end = "No preemption victims found for incoming pod." if helpful else "Preemption is not helpful for scheduling."
    start = f"0/1 nodes are available: {', '.join(why)}. no new claims to deallocate"
    return f"{start}, preemption: 0/1 nodes are available: 1 {end}"
