"""The replica set controller: as many pods as asked for, and their count (pkg/controller/replicaset)."""

from __future__ import annotations

from sandbox.cluster.answers import ApiError
from sandbox.cluster.controllers.deployments import MANAGER
from sandbox.cluster.controllers.rolling import wanted
from sandbox.cluster.controllers.workqueue import Key
from sandbox.cluster.documents import (
    Obj,
    clone,
    condition,
    controller_uid,
    is_terminating,
    name_of,
    namespace_of,
    owner_reference,
    uid_of,
)
from sandbox.cluster.events import Events
from sandbox.cluster.resources import PODS, REPLICA_SETS
from sandbox.cluster.writes import Writes, generated_suffix

_SOURCE = "replicaset-controller"


class ReplicaSetController:
    """Creates and deletes pods of one replica set at a time."""

    def __init__(self, writes: Writes, events: Events) -> None:
        self._writes = writes
        self._events = events
        self._ready_since: dict[str, float] = {}
        self._refused: dict[Key, int] = {}

    def sync(self, key: Key) -> float | None:
        """One step; gives the seconds after which a pod becomes available or a refused one is tried again."""
        owner = self._writes.store.get(REPLICA_SETS, *key)
        if owner is None or is_terminating(owner):
            return None
        active, _ = self._pods(owner)
        problem = self._balance(owner, active)
        self._refused[key] = self._refused.get(key, 0) + 1 if problem else 0
        active, ending = self._pods(owner)
        wait = self._write_status(owner, active, ending, problem)
        if problem:
            return min(0.01 * 2.0 ** self._refused[key], 1000.0)
        return wait

    def _pods(self, owner: Obj) -> tuple[list[Obj], list[Obj]]:
        mine = [
            pod for pod in self._writes.store.list(PODS, namespace_of(owner)) if controller_uid(pod) == uid_of(owner)
        ]
        alive = [pod for pod in mine if pod["status"].get("phase") not in {"Succeeded", "Failed"}]
        active = [pod for pod in alive if not is_terminating(pod)]
        return active, [pod for pod in mine if is_terminating(pod)]

    def _balance(self, owner: Obj, active: list[Obj]) -> str:
        """Create or delete pods; gives the API server's words when it refused one."""
        try:
            for _ in range(wanted(owner) - len(active)):
                self._create(owner)
        except ApiError as error:
            text = str(error.status["message"])
            self._events.record(owner, "FailedCreate", f"Error creating: {text}", source=_SOURCE, warning=True)
            return text
        for pod in sorted(active, key=_usefulness)[: max(0, len(active) - wanted(owner))]:
            self._writes.delete(PODS, namespace_of(pod), name_of(pod))
            self._events.record(owner, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}", source=_SOURCE)
        return ""

    def _create(self, owner: Obj) -> None:
        template = clone(owner["spec"]["template"])
        prefix = f"{name_of(owner)}-"
        info = {key: value for key, value in template.get("metadata", {}).items() if key in {"labels", "annotations"}}
        pod = {
            "metadata": {
                **info,
                "name": prefix + generated_suffix(),
                "generateName": prefix,
                "namespace": namespace_of(owner),
                "ownerReferences": [owner_reference(owner)],
            },
            "spec": template["spec"],
            "status": {"phase": "Pending", "qosClass": "BestEffort"},
        }
        created = self._writes.create(PODS, pod, manager=MANAGER)
        self._events.record(owner, "SuccessfulCreate", f"Created pod: {name_of(created)}", source=_SOURCE)

    def _write_status(self, owner: Obj, active: list[Obj], ending: list[Obj], problem: str) -> float | None:
        ready = [pod for pod in active if self._note_ready(pod)]
        waits = [self._until_available(owner, pod) for pod in ready]
        counts = {
            "replicas": len(active),
            "fullyLabeledReplicas": len(active),
            "readyReplicas": len(ready),
            "availableReplicas": sum(wait <= 0 for wait in waits),
            "terminatingReplicas": len(ending),
            "observedGeneration": owner["metadata"]["generation"],
        }
        always = {"replicas", "terminatingReplicas", "observedGeneration"}
        status: Obj = {key: value for key, value in counts.items() if value or key in always}
        failure = condition(owner, "ReplicaFailure")
        if problem and failure is None:
            failure = {
                "type": "ReplicaFailure",
                "status": "True",
                "lastTransitionTime": self._writes.clock.now(),
                "reason": "FailedCreate",
                "message": problem,
            }
        if problem:
            status["conditions"] = [failure]
        new = clone(owner)
        new["metadata"].pop("resourceVersion", None)
        new["status"] = status
        self._writes.update(REPLICA_SETS, new, manager=MANAGER, subresource="status")
        return min((wait for wait in waits if wait > 0), default=None)

    def _note_ready(self, pod: Obj) -> bool:
        ready = _is_ready(pod)
        if ready:
            self._ready_since.setdefault(uid_of(pod), self._writes.clock.monotonic())
        else:
            self._ready_since.pop(uid_of(pod), None)
        return ready

    def _until_available(self, owner: Obj, pod: Obj) -> float:
        needed = float(owner["spec"].get("minReadySeconds", 0))
        return needed - (self._writes.clock.monotonic() - self._ready_since[uid_of(pod)]) if needed else 0.0


def _usefulness(pod: Obj) -> tuple[bool, int, bool, str]:
    """Smallest first to go: unassigned, pending, not ready, young (controller.ActivePods)."""
    phases = {"Pending": 0, "Unknown": 1, "Running": 2}
    born = "".join(chr(255 - ord(letter)) for letter in pod["metadata"]["creationTimestamp"])
    return bool(pod["spec"].get("nodeName")), phases.get(str(pod["status"].get("phase")), 0), _is_ready(pod), born


def _is_ready(pod: Obj) -> bool:
    return bool((condition(pod, "Ready") or {"status": "False"})["status"] == "True")
