"""The daemon set controller: one pod on every node that fits (pkg/controller/daemon)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sandbox.cluster.answers import ApiError
from sandbox.cluster.controllers.pods import MANAGER, OVER, Availability, Refusals, is_ready, phase_of, pod_of, pods_of
from sandbox.cluster.controllers.revisions import HASH, Revisions, template_of
from sandbox.cluster.controllers.rolling import scaled
from sandbox.cluster.controllers.workqueue import Key
from sandbox.cluster.defaults import TEMPLATE_GENERATION
from sandbox.cluster.documents import Obj, clone, is_terminating, name_of, namespace_of
from sandbox.cluster.events import Events
from sandbox.cluster.resources import DAEMON_SETS, NODES, PODS
from sandbox.cluster.writes import Writes

_SOURCE: Final = "daemonset-controller"
_ALWAYS: Final = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")


@dataclass(frozen=True, kw_only=True)
class _OnNode:
    """The pods of one DaemonSet on one node, oldest first."""

    node: str
    fits: bool
    pods: list[Obj]

    def of(self, code: str, *, updated: bool) -> Obj | None:
        return next((pod for pod in self.pods if (_hash(pod) == code) is updated), None)


class DaemonSetController:
    """Brings one DaemonSet a step nearer to its template each time it is asked to."""

    def __init__(self, writes: Writes, events: Events) -> None:
        self._writes = writes
        self._events = events
        self._revisions = Revisions(writes, hash_label=HASH)
        self._availability = Availability(writes.clock)
        self._refusals = Refusals()

    def sync(self, key: Key) -> float | None:
        """One step; gives the seconds after which a pod becomes available or a refused one is tried again."""
        owner = self._writes.store.get(DAEMON_SETS, *key)
        if owner is None or is_terminating(owner):
            return None
        update = self._revisions.up_to_date(owner)[-1]
        code = str(update["metadata"]["labels"][HASH])
        refused = False
        try:
            self._manage(owner, update)
            if owner["spec"]["updateStrategy"]["type"] == "RollingUpdate":
                self._roll(owner, update)
        except ApiError:
            refused = True
        again = self._refusals.note(owner, refused=refused)
        places = self._places(owner, code)
        self._write_status(owner, places, code)
        pods = [pod for place in places for pod in place.pods]
        live = {name_of(update), *(f"{name_of(owner)}-{_hash(pod)}" for pod in pods)}
        self._revisions.forget_old(owner, live=live)
        return again or self._availability.next_change(owner, pods)

    def _places(self, owner: Obj, code: str) -> list[_OnNode]:
        """Pods that are over and told to stop count no more."""
        held = pods_of(self._writes.store, owner)
        mine = [pod for pod in held if not (phase_of(pod) in OVER and is_terminating(pod))]
        mine.sort(key=lambda pod: (str(pod["metadata"]["creationTimestamp"]), _hash(pod) == code))
        wanted = owner["spec"]["template"]["spec"].get("nodeSelector", {})
        return [
            _OnNode(
                node=name_of(node),
                fits=wanted.items() <= node["metadata"].get("labels", {}).items(),
                pods=[pod for pod in mine if _node_of(pod) == name_of(node)],
            )
            for node in self._writes.store.list(NODES)
        ]

    def _manage(self, owner: Obj, update: Obj) -> None:
        """A pod where one belongs, none elsewhere."""
        for place in self._places(owner, str(update["metadata"]["labels"][HASH])):
            alive = [pod for pod in place.pods if not is_terminating(pod)]
            over = [pod for pod in alive if phase_of(pod) in OVER]
            for pod in over if place.fits else alive:
                self._delete(owner, pod)
            if place.fits and not place.pods:
                self._create(owner, update, place.node)

    def _roll(self, owner: Obj, update: Obj) -> None:
        code = str(update["metadata"]["labels"][HASH])
        places = [place for place in self._places(owner, code) if place.fits]
        limits = owner["spec"]["updateStrategy"]["rollingUpdate"]
        surge = scaled(limits["maxSurge"], len(places), up=True)
        if surge:
            self._roll_with_surge(owner, places, update, surge)
        else:
            self._replace(owner, places, code, scaled(limits["maxUnavailable"], len(places), up=True))

    def _replace(self, owner: Obj, places: list[_OnNode], code: str, limit: int) -> None:
        """Delete old pods: those that do not serve at once, the others as far as `limit` allows."""
        unavailable, serving = 0, []
        for place in places:
            old, new = place.of(code, updated=False), place.of(code, updated=True)
            if old is not None and new is None and self._serves(owner, old):
                serving.append(old)
                continue
            if new is None or not self._serves(owner, new):
                unavailable += 1
            if old is not None and new is None and not is_terminating(old):
                self._delete(owner, old)
        for pod in serving[: max(0, limit - unavailable)]:
            self._delete(owner, pod)

    def _roll_with_surge(self, owner: Obj, places: list[_OnNode], update: Obj, limit: int) -> None:
        """Start new pods beside the old ones; an old one goes when its successor serves."""
        code = str(update["metadata"]["labels"][HASH])
        pairs = [(place, place.of(code, updated=False), place.of(code, updated=True)) for place in places]
        surging = sum(new is not None and not self._serves(owner, new) for _, _, new in pairs)
        for place, old, new in pairs:
            if old is None or is_terminating(old):
                continue
            if new is None and (surging < limit or not self._serves(owner, old)):
                surging += 1
                self._create(owner, update, place.node)
            elif new is not None and (self._serves(owner, new) or not self._serves(owner, old)):
                self._delete(owner, old)

    def _create(self, owner: Obj, update: Obj, node: str) -> None:
        generation = owner["metadata"]["annotations"][TEMPLATE_GENERATION]
        labels = {HASH: update["metadata"]["labels"][HASH], "pod-template-generation": generation}
        pod = pod_of(owner, template_of(update), labels=labels)
        terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}]
        place = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
        pod["spec"]["affinity"] = {"nodeAffinity": place}
        try:
            created = self._writes.create(PODS, pod, manager=MANAGER)
        except ApiError as error:
            text = f"Error creating: {error.status['message']}"
            self._events.record(owner, "FailedCreate", text, source=_SOURCE, warning=True)
            raise
        self._events.record(owner, "SuccessfulCreate", f"Created pod: {name_of(created)}", source=_SOURCE)

    def _delete(self, owner: Obj, pod: Obj) -> None:
        self._writes.delete(PODS, namespace_of(pod), name_of(pod))
        self._events.record(owner, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}", source=_SOURCE)

    def _serves(self, owner: Obj, pod: Obj) -> bool:
        return not is_terminating(pod) and self._availability.holds(owner, pod)

    def _write_status(self, owner: Obj, places: list[_OnNode], code: str) -> None:
        """A node counts by its oldest pod, as upstream: a successor beside it is not seen yet."""
        fitting = [place for place in places if place.fits]
        first = [place.pods[0] for place in fitting if place.pods]
        available = sum(self._availability.holds(owner, pod) for pod in first)
        counts = {
            "currentNumberScheduled": len(first),
            "numberMisscheduled": sum(bool(place.pods) for place in places if not place.fits),
            "desiredNumberScheduled": len(fitting),
            "numberReady": sum(map(is_ready, first)),
            "observedGeneration": owner["metadata"]["generation"],
            "updatedNumberScheduled": sum(_hash(pod) == code for pod in first),
            "numberAvailable": available,
            "numberUnavailable": len(fitting) - available,
        }
        new = clone(owner)
        new["metadata"].pop("resourceVersion", None)
        new["status"] = {key: value for key, value in counts.items() if value or key in _ALWAYS}
        self._writes.update(DAEMON_SETS, new, manager=MANAGER, subresource="status")


def _hash(pod: Obj) -> str:
    return str(pod["metadata"].get("labels", {}).get(HASH, ""))


def _node_of(pod: Obj) -> str:
    """Where the pod runs, or is meant to run."""
    if pod["spec"].get("nodeName"):
        return str(pod["spec"]["nodeName"])
    place = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return str(place["nodeSelectorTerms"][0]["matchFields"][0]["values"][0])
