"""The stateful set controller: numbered pods, one after the other (pkg/controller/statefulset)."""

from __future__ import annotations

from typing import Final

from sandbox.cluster.answers import ApiError
from sandbox.cluster.controllers.pods import MANAGER, OVER, Availability, Refusals, is_ready, phase_of, pod_of, pods_of
from sandbox.cluster.controllers.revisions import HASH, Revisions, template_of
from sandbox.cluster.controllers.rolling import wanted
from sandbox.cluster.controllers.workqueue import Key
from sandbox.cluster.documents import Obj, clone, is_terminating, name_of, namespace_of
from sandbox.cluster.events import Events
from sandbox.cluster.resources import PODS, STATEFUL_SETS
from sandbox.cluster.writes import Writes

_SOURCE: Final = "statefulset-controller"


class StatefulSetController:
    """Brings one StatefulSet a step nearer to its template each time it is asked to."""

    def __init__(self, writes: Writes, events: Events) -> None:
        self._writes = writes
        self._events = events
        self._revisions = Revisions(writes, hash_label="controller.kubernetes.io/hash")
        self._availability = Availability(writes.clock)
        self._refusals = Refusals()

    def sync(self, key: Key) -> float | None:
        """One step; gives the seconds after which a pod becomes available or a refused one is tried again."""
        owner = self._writes.store.get(STATEFUL_SETS, *key)
        if owner is None or is_terminating(owner):
            return None
        history = self._revisions.up_to_date(owner)
        update, told = history[-1], owner.get("status", {}).get("currentRevision", "")
        current = next((item for item in history if name_of(item) == told), update)
        refused = False
        try:
            self._step(owner, current, update)
        except ApiError:
            refused = True
        again = self._refusals.note(owner, refused=refused)
        pods = pods_of(self._writes.store, owner)
        self._write_status(owner, pods, current, update)
        live = {pod["metadata"]["labels"].get(HASH, "") for pod in pods} | {name_of(current), name_of(update)}
        self._revisions.forget_old(owner, live=live)
        return again or self._availability.next_change(owner, pods)

    def _step(self, owner: Obj, current: Obj, update: Obj) -> None:
        """With `OrderedReady` a pod that is not ready ends the step: that is why a broken one is never replaced."""
        by_number = {_ordinal(pod): pod for pod in pods_of(self._writes.store, owner)}
        first, size = int(owner["spec"].get("ordinals", {}).get("start", 0)), wanted(owner)
        numbers = range(first, first + size)
        ordered = owner["spec"]["podManagementPolicy"] == "OrderedReady"
        if not self._fill(owner, by_number, numbers, current, update) and ordered:
            return
        surplus = [pod for number, pod in sorted(by_number.items(), reverse=True) if number not in numbers]
        if not self._shrink(owner, surplus) and ordered:
            return
        if owner["spec"]["updateStrategy"]["type"] == "RollingUpdate":
            self._roll(owner, by_number, numbers, update)

    def _fill(self, owner: Obj, by_number: dict[int, Obj], numbers: range, current: Obj, update: Obj) -> bool:
        """Create what is missing; says whether every pod is there and available."""
        ordered = owner["spec"]["podManagementPolicy"] == "OrderedReady"
        complete = True
        for number in numbers:
            pod = by_number.get(number)
            if pod is None:
                self._create(owner, number, current if number < _partition(owner) else update)
            elif phase_of(pod) in OVER and not is_terminating(pod):
                self._delete(owner, pod)
            elif self._is_healthy(owner, pod):
                continue
            complete = False
            if ordered:
                break
        return complete

    def _shrink(self, owner: Obj, surplus: list[Obj]) -> bool:
        """Delete pods beyond the size, highest number first; says whether none is left."""
        for pod in surplus:
            if not is_terminating(pod):
                self._delete(owner, pod)
            if owner["spec"]["podManagementPolicy"] == "OrderedReady":
                break
        return not surplus

    def _roll(self, owner: Obj, by_number: dict[int, Obj], numbers: range, update: Obj) -> None:
        """Delete the highest pod of an older revision, unless a newer one is still on its way."""
        for number in reversed(numbers):
            pod = by_number.get(number)
            if number < _partition(owner) or pod is None:
                return
            if _revision(pod) != name_of(update) and not is_terminating(pod):
                self._delete(owner, pod)
                return
            if not self._is_healthy(owner, pod):
                return

    def _create(self, owner: Obj, number: int, revision: Obj) -> None:
        name = f"{name_of(owner)}-{number}"
        labels = {
            "apps.kubernetes.io/pod-index": str(number),
            "statefulset.kubernetes.io/pod-name": name,
            HASH: name_of(revision),
        }
        pod = pod_of(owner, template_of(revision), name=name, labels=labels)
        pod["spec"] |= {"hostname": name, "subdomain": owner["spec"].get("serviceName", "")}
        what = f"Create Pod {name} in StatefulSet {name_of(owner)}"
        try:
            self._writes.create(PODS, pod, manager=MANAGER)
        except ApiError as error:
            text = f"{what} failed error: {error.status['message']}"
            self._events.record(owner, "FailedCreate", text, source=_SOURCE, warning=True)
            raise
        self._events.record(owner, "SuccessfulCreate", f"{what} successful", source=_SOURCE)

    def _delete(self, owner: Obj, pod: Obj) -> None:
        self._writes.delete(PODS, namespace_of(pod), name_of(pod))
        text = f"Delete Pod {name_of(pod)} in StatefulSet {name_of(owner)} successful"
        self._events.record(owner, "SuccessfulDelete", text, source=_SOURCE)

    def _is_healthy(self, owner: Obj, pod: Obj) -> bool:
        return not is_terminating(pod) and self._availability.holds(owner, pod)

    def _write_status(self, owner: Obj, pods: list[Obj], current: Obj, update: Obj) -> None:
        revisions = [_revision(pod) for pod in pods if not is_terminating(pod)]
        counts = {
            "replicas": len(pods),
            "readyReplicas": sum(map(is_ready, pods)),
            "currentReplicas": revisions.count(name_of(current)),
            "updatedReplicas": revisions.count(name_of(update)),
        }
        if owner["spec"]["updateStrategy"]["type"] == "RollingUpdate" and _is_complete(owner, counts):
            current, counts["currentReplicas"] = update, counts["updatedReplicas"]
        status: Obj = {
            "observedGeneration": owner["metadata"]["generation"],
            **{key: value for key, value in counts.items() if value or key == "replicas"},
            "currentRevision": name_of(current),
            "updateRevision": name_of(update),
            "collisionCount": 0,
            "availableReplicas": sum(self._availability.holds(owner, pod) for pod in pods),
        }
        new = clone(owner)
        new["metadata"].pop("resourceVersion", None)
        new["status"] = status
        self._writes.update(STATEFUL_SETS, new, manager=MANAGER, subresource="status")


def _partition(owner: Obj) -> int:
    """Pods below this number keep their revision."""
    strategy = owner["spec"]["updateStrategy"]
    return int(strategy.get("rollingUpdate", {}).get("partition", 0)) if strategy["type"] == "RollingUpdate" else 0


def _is_complete(owner: Obj, counts: dict[str, int]) -> bool:
    return all(counts[key] == wanted(owner) for key in ("replicas", "readyReplicas", "updatedReplicas"))


def _revision(pod: Obj) -> str:
    return str(pod["metadata"].get("labels", {}).get(HASH, ""))


def _ordinal(pod: Obj) -> int:
    return int(name_of(pod).rpartition("-")[2])
