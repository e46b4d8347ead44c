"""Pods as the controllers that make them see them: made from a template, counted as ready and as available."""

from __future__ import annotations

from typing import Final

from sandbox.cluster.clock import Clock
from sandbox.cluster.documents import (
    Obj,
    clone,
    condition,
    controller_uid,
    is_terminating,
    namespace_of,
    owner_reference,
    uid_of,
)
from sandbox.cluster.resources import PODS
from sandbox.cluster.store import Store

MANAGER: Final = "kube-controller-manager"
OVER: Final = frozenset({"Succeeded", "Failed"})
"""Phases in which a pod will not run again."""
_LONGEST_WAIT: Final = 1000.0


def pod_of(owner: Obj, template: Obj, *, name: str = "", labels: dict[str, str] | None = None) -> Obj:
    """A pod of `owner`; without a name the API server invents one."""
    held = clone(template)
    info = {key: value for key, value in held.get("metadata", {}).items() if key in {"labels", "annotations"}}
    info["labels"] = info.get("labels", {}) | (labels or {})
    identity = {
        **({"name": name} if name else {}),
        "generateName": f"{owner['metadata']['name']}-",
        "namespace": namespace_of(owner),
        "ownerReferences": [owner_reference(owner)],
    }
    return {"metadata": info | identity, "spec": held["spec"]}


def pods_of(store: Store, owner: Obj) -> list[Obj]:
    """Every pod that `owner` controls, those that stop among them."""
    return [pod for pod in store.list(PODS, namespace_of(owner)) if controller_uid(pod) == uid_of(owner)]


def phase_of(pod: Obj) -> str:
    return str(pod.get("status", {}).get("phase", ""))


def is_ready(pod: Obj) -> bool:
    return bool((condition(pod, "Ready") or {"status": "False"})["status"] == "True")


def is_running(pod: Obj) -> bool:
    """Alive and wanted: neither over nor told to stop."""
    return not is_terminating(pod) and phase_of(pod) not in OVER


class Availability:
    """Remembers since when pods are ready, finer than the whole seconds of a condition."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}

    def wait(self, owner: Obj, pod: Obj) -> float | None:
        """Seconds until the pod counts as available by `minReadySeconds`; None while it is not ready."""
        if not is_ready(pod):
            self._since.pop(uid_of(pod), None)
            return None
        since = self._since.setdefault(uid_of(pod), self._clock.monotonic())
        needed = float(owner["spec"].get("minReadySeconds", 0))
        return max(0.0, needed - (self._clock.monotonic() - since))

    def holds(self, owner: Obj, pod: Obj) -> bool:
        return self.wait(owner, pod) == 0.0

    def next_change(self, owner: Obj, pods: list[Obj]) -> float | None:
        """Seconds until the next of the pods becomes available by itself."""
        waits = [self.wait(owner, pod) for pod in pods]
        return min((wait for wait in waits if wait), default=None)


class Refusals:
    """How often in a row the API server refused an owner's pod, and so how long to wait: doubling from 10 ms."""

    def __init__(self) -> None:
        self._count: dict[str, int] = {}

    def note(self, owner: Obj, *, refused: bool) -> float | None:
        """Seconds until the next try; None when nothing was refused."""
        count = self._count[uid_of(owner)] = self._count.get(uid_of(owner), 0) + 1 if refused else 0
        return min(0.01 * 2.0**count, _LONGEST_WAIT) if refused else None
