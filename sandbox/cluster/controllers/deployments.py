"""The deployment controller: replica sets, revisions and the rolling update (pkg/controller/deployment)."""

from __future__ import annotations

from typing import Final

from sandbox.cluster.controllers.pods import MANAGER
from sandbox.cluster.controllers.progress import Progress, has_deadline
from sandbox.cluster.controllers.revisions import template_hash
from sandbox.cluster.controllers.rolling import max_surge, new_size, old_sizes, status_count, wanted
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
from sandbox.cluster.resources import DEPLOYMENTS, REPLICA_SETS
from sandbox.cluster.writes import Writes

REVISION: Final = "deployment.kubernetes.io/revision"
HASH_LABEL: Final = "pod-template-hash"
_DESIRED: Final = "deployment.kubernetes.io/desired-replicas"
_MAX: Final = "deployment.kubernetes.io/max-replicas"
_HISTORY: Final = "deployment.kubernetes.io/revision-history"
_NOT_COPIED: Final = ("kubectl.kubernetes.io/last-applied-configuration", REVISION, _HISTORY, _DESIRED, _MAX)


class DeploymentController:
    """Brings one Deployment a step nearer to its template each time it is asked to."""

    def __init__(self, writes: Writes, events: Events) -> None:
        self._writes = writes
        self._events = events
        self._progress = Progress(writes.clock)

    def sync(self, key: Key) -> float | None:
        """One step; gives the seconds after which the progress deadline wants a look."""
        deployment = self._writes.store.get(DEPLOYMENTS, *key)
        if deployment is None or is_terminating(deployment):
            return None
        deployment = self._note_pause(deployment)
        sets = self._sets(deployment)
        if deployment["spec"].get("paused") or _is_scaling(deployment, sets):
            self._scale_only(deployment, sets)
        elif deployment["spec"]["strategy"]["type"] == "Recreate":
            self._recreate(deployment, sets)
        else:
            self._roll(deployment, sets)
        return self._progress.until_stuck(self._fresh(deployment))

    def _roll(self, deployment: Obj, sets: list[Obj]) -> None:
        new, old = self._ensure_new(deployment, sets)
        size = new_size(deployment, [*old, new], wanted(new))
        if size != wanted(new):
            self._scale(deployment, new, size)
        else:
            for name, smaller in old_sizes(deployment, old, new).items():
                self._scale(deployment, next(item for item in old if name_of(item) == name), smaller)
        self._finish(deployment)

    def _recreate(self, deployment: Obj, sets: list[Obj]) -> None:
        new = self._find_new(deployment, sets)
        old = [item for item in sets if new is None or uid_of(item) != uid_of(new)]
        for item in old:
            self._scale(deployment, item, 0)
        if not any(status_count(item, "replicas") + status_count(item, "terminatingReplicas") for item in old):
            new, _ = self._ensure_new(deployment, sets)
            self._scale(deployment, new, wanted(deployment))
        self._finish(deployment)

    def _scale_only(self, deployment: Obj, sets: list[Obj]) -> None:
        """Paused, or only the size changed: no new replica set, the newest one takes the difference."""
        new = self._find_new(deployment, sets)
        active = [item for item in sets if wanted(item)] or ([new] if new else sets[-1:])
        room = wanted(deployment) - sum(wanted(item) for item in active)
        if len(active) > 1:
            room += max_surge(deployment)
        for item in active:
            more = room if item is active[-1] else 0
            self._scale(deployment, item, max(0, wanted(item) + more))
        deployment, sets = self._fresh(deployment), self._sets(deployment)
        self._write(deployment, self._progress.counted(deployment, sets, self._find_new(deployment, sets)))

    def _finish(self, deployment: Obj) -> None:
        deployment = self._fresh(deployment)
        sets = self._sets(deployment)
        new = self._find_new(deployment, sets)
        status = self._progress.judged(deployment, sets, new)
        reason = next((item["reason"] for item in status["conditions"] if item["type"] == "Progressing"), "")
        if reason == "NewReplicaSetAvailable":
            self._forget_old(deployment, [item for item in sets if new is None or uid_of(item) != uid_of(new)])
        self._write(deployment, status)

    def _note_pause(self, deployment: Obj) -> Obj:
        current = condition(deployment, "Progressing") or {"reason": ""}
        if not has_deadline(deployment) or current["reason"] == "ProgressDeadlineExceeded":
            return deployment
        paused = bool(deployment["spec"].get("paused"))
        if paused == (current["reason"] == "DeploymentPaused"):
            return deployment
        word = "paused" if paused else "resumed"
        return self._set_progressing(deployment, "Unknown", f"Deployment{word.title()}", f"Deployment is {word}")

    def _set_progressing(self, deployment: Obj, value: str, reason: str, message: str) -> Obj:
        status = clone(deployment.get("status", {}))
        self._progress.set(status, "Progressing", value, reason, message)
        self._progress.note(deployment)
        return self._write(deployment, status)

    def _ensure_new(self, deployment: Obj, sets: list[Obj]) -> tuple[Obj, list[Obj]]:
        new = self._find_new(deployment, sets)
        old = [item for item in sets if new is None or uid_of(item) != uid_of(new)]
        highest = max((_revision(item) for item in old), default=0)
        if new is None:
            new = self._create_set(deployment, old, highest + 1)
            text = f'Created new replica set "{name_of(new)}"'
            deployment = self._set_revision(deployment, new)
            if has_deadline(deployment):
                self._set_progressing(deployment, "True", "NewReplicaSetCreated", text)
        else:
            new = self._refresh_set(deployment, new, max(highest + 1, _revision(new)))
            deployment = self._set_revision(deployment, new)
            if has_deadline(deployment) and condition(deployment, "Progressing") is None:
                text = f'Found new replica set "{name_of(new)}"'
                self._set_progressing(deployment, "True", "FoundNewReplicaSet", text)
        return new, old

    def _create_set(self, deployment: Obj, old: list[Obj], revision: int) -> Obj:
        template = clone(deployment["spec"]["template"])
        label = {HASH_LABEL: template_hash(template)}
        template.setdefault("metadata", {}).setdefault("labels", {}).update(label)
        selector = clone(deployment["spec"]["selector"])
        selector.setdefault("matchLabels", {}).update(label)
        size = new_size(deployment, old, 0)
        body: Obj = {
            "metadata": {
                "name": f"{name_of(deployment)}-{label[HASH_LABEL]}",
                "namespace": namespace_of(deployment),
                "labels": template["metadata"]["labels"],
                "annotations": _annotations(deployment, revision),
                "ownerReferences": [owner_reference(deployment)],
            },
            "spec": {"replicas": size, "selector": selector, "template": template},
        }
        if "minReadySeconds" in deployment["spec"]:
            body["spec"]["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
        created = self._writes.create(REPLICA_SETS, body, manager=MANAGER)
        self._say_scaled(deployment, created, 0, size)
        return created

    def _refresh_set(self, deployment: Obj, item: Obj, revision: int) -> Obj:
        new = clone(item)
        annotations = item["metadata"].get("annotations", {}) | _annotations(deployment, revision)
        if revision != _revision(item):
            annotations[_HISTORY] = ",".join(filter(None, [annotations.get(_HISTORY, ""), str(_revision(item))]))
        new["metadata"]["annotations"] = annotations
        return self._writes.update(REPLICA_SETS, new, manager=MANAGER)

    def _set_revision(self, deployment: Obj, new_set: Obj) -> Obj:
        """Through the status endpoint, as the real one does: the generation must not move."""
        changed = clone(self._fresh(deployment))
        changed["metadata"].setdefault("annotations", {})[REVISION] = new_set["metadata"]["annotations"][REVISION]
        return self._writes.update(DEPLOYMENTS, changed, manager=MANAGER, subresource="status")

    def _scale(self, deployment: Obj, item: Obj, size: int) -> None:
        limits = {_DESIRED: str(wanted(deployment)), _MAX: str(wanted(deployment) + max_surge(deployment))}
        new = clone(item)
        new["spec"]["replicas"] = size
        new["metadata"].setdefault("annotations", {}).update(limits)
        self._writes.update(REPLICA_SETS, new, manager=MANAGER)
        if size != wanted(item):
            self._say_scaled(deployment, item, wanted(item), size)

    def _say_scaled(self, deployment: Obj, item: Obj, before: int, after: int) -> None:
        word = "up" if after > before else "down"
        text = f"Scaled {word} replica set {name_of(item)} from {before} to {after}"
        self._events.record(deployment, "ScalingReplicaSet", text, source="deployment-controller")

    def _forget_old(self, deployment: Obj, old: list[Obj]) -> None:
        empty = [item for item in old if not wanted(item) and not status_count(item, "replicas")]
        excess = len(old) - int(deployment["spec"]["revisionHistoryLimit"])
        for item in sorted(empty, key=_revision)[: max(0, excess)]:
            self._writes.delete(REPLICA_SETS, namespace_of(item), name_of(item))

    def _write(self, deployment: Obj, status: Obj) -> Obj:
        new = clone(deployment)
        new["status"] = status
        new["metadata"].pop("resourceVersion", None)
        return self._writes.update(DEPLOYMENTS, new, manager=MANAGER, subresource="status")

    def _fresh(self, deployment: Obj) -> Obj:
        return self._writes.store.get(DEPLOYMENTS, namespace_of(deployment), name_of(deployment)) or deployment

    def _sets(self, deployment: Obj) -> list[Obj]:
        mine = [item for item in self._writes.store.list(REPLICA_SETS, namespace_of(deployment))
                if controller_uid(item) == uid_of(deployment)]  # fmt: skip
        return sorted(mine, key=_revision)

    @staticmethod
    def _find_new(deployment: Obj, sets: list[Obj]) -> Obj | None:
        template = _without_hash(deployment["spec"]["template"])
        return next((item for item in sets if _without_hash(item["spec"]["template"]) == template), None)


def _revision(item: Obj) -> int:
    return int(item["metadata"].get("annotations", {}).get(REVISION, 0))


def _is_scaling(deployment: Obj, sets: list[Obj]) -> bool:
    told = [item["metadata"].get("annotations", {}).get(_DESIRED) for item in sets if wanted(item)]
    return any(size is not None and int(size) != wanted(deployment) for size in told)


def _annotations(deployment: Obj, revision: int) -> Obj:
    own = deployment["metadata"].get("annotations", {})
    return {key: value for key, value in own.items() if key not in _NOT_COPIED} | {
        REVISION: str(revision),
        _DESIRED: str(wanted(deployment)),
        _MAX: str(wanted(deployment) + max_surge(deployment)),
    }


def _without_hash(template: Obj) -> Obj:
    bare = clone(template)
    bare.get("metadata", {}).get("labels", {}).pop(HASH_LABEL, None)
    return bare
