"""The replica set controller: as many pods as asked for, and their count (pkg/controller/replicaset)."""

from __future__ import annotations

from sandbox.cluster.answers import ApiError
from sandbox.cluster.controllers.pods import (
    MANAGER,
    Availability,
    Refusals,
    is_ready,
    is_running,
    phase_of,
    pod_of,
    pods_of,
)
from sandbox.cluster.controllers.rolling import wanted
from sandbox.cluster.controllers.workqueue import Key
from sandbox.cluster.documents import Obj, clone, condition, is_terminating, name_of, namespace_of
from sandbox.cluster.events import Events
from sandbox.cluster.resources import PODS, REPLICA_SETS
from sandbox.cluster.writes import Writes

_SOURCE = "replicaset-controller"


class ReplicaSetController:
    """Creates and deletes pods of one replica set at a time."""

    def __init__(self, writes: Writes, events: Events) -> None:
        self._writes = writes
        self._events = events
        self._availability = Availability(writes.clock)
        self._refusals = Refusals()

    def sync(self, key: Key) -> float | None:
        """One step; gives the seconds after which a pod becomes available or a refused one is tried again."""
        owner = self._writes.store.get(REPLICA_SETS, *key)
        if owner is None or is_terminating(owner):
            return None
        active, _ = self._pods(owner)
        problem = self._balance(owner, active)
        again = self._refusals.note(owner, refused=bool(problem))
        active, ending = self._pods(owner)
        self._write_status(owner, active, ending, problem)
        return again or self._availability.next_change(owner, active)

    def _pods(self, owner: Obj) -> tuple[list[Obj], list[Obj]]:
        mine = pods_of(self._writes.store, owner)
        return [pod for pod in mine if is_running(pod)], [pod for pod in mine if is_terminating(pod)]

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
        created = self._writes.create(PODS, pod_of(owner, owner["spec"]["template"]), manager=MANAGER)
        self._events.record(owner, "SuccessfulCreate", f"Created pod: {name_of(created)}", source=_SOURCE)

    def _write_status(self, owner: Obj, active: list[Obj], ending: list[Obj], problem: str) -> None:
        counts = {
            "replicas": len(active),
            "fullyLabeledReplicas": len(active),
            "readyReplicas": sum(map(is_ready, active)),
            "availableReplicas": sum(self._availability.holds(owner, pod) for pod in active),
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


def _usefulness(pod: Obj) -> tuple[bool, int, bool, str]:
    """Smallest first to go: unassigned, pending, not ready, young (controller.ActivePods)."""
    phases = {"Pending": 0, "Unknown": 1, "Running": 2}
    born = "".join(chr(255 - ord(letter)) for letter in pod["metadata"]["creationTimestamp"])
    return bool(pod["spec"].get("nodeName")), phases.get(phase_of(pod), 0), is_ready(pod), born
