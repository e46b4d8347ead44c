"""A Deployment's status: counts, conditions and when it counts as stuck (pkg/controller/deployment/progress.go)."""

from __future__ import annotations

from sandbox.cluster.clock import Clock
from sandbox.cluster.controllers.rolling import max_unavailable, status_count, wanted
from sandbox.cluster.documents import Obj, clone, condition, uid_of

_NO_DEADLINE = 2**31 - 1


class Progress:
    """Computes the next status; keeps when progress was last seen, finer than the whole seconds of a condition."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[str, float] = {}

    def counted(self, deployment: Obj, sets: list[Obj], new_set: Obj | None) -> Obj:
        """The status with its counts and the Available condition, other conditions as they were."""
        available = sum(status_count(item, "availableReplicas") for item in sets)
        status: Obj = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": sum(status_count(item, "replicas") for item in sets),
            "updatedReplicas": status_count(new_set, "replicas") if new_set else 0,
            "readyReplicas": sum(status_count(item, "readyReplicas") for item in sets),
            "availableReplicas": available,
            "unavailableReplicas": max(0, sum(wanted(item) for item in sets) - available),
        }
        status = {key: value for key, value in status.items() if value}
        status["terminatingReplicas"] = sum(status_count(item, "terminatingReplicas") for item in sets)
        status["conditions"] = clone({"list": deployment.get("status", {}).get("conditions", [])})["list"]
        if available >= wanted(deployment) - max_unavailable(deployment):
            self.set(status, "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        else:
            text = "Deployment does not have minimum availability."
            self.set(status, "Available", "False", "MinimumReplicasUnavailable", text)
        return status

    def judged(self, deployment: Obj, sets: list[Obj], new_set: Obj | None) -> Obj:
        """`counted`, with the Progressing and ReplicaFailure conditions of a rollout under way."""
        status = self.counted(deployment, sets, new_set)
        current = condition(deployment, "Progressing")
        if not has_deadline(deployment):
            drop(status, "Progressing")
        elif not _was_complete(status, current):
            self._judge(deployment, status, current, _subject(deployment, new_set))
        failure = next((found for item in [*([new_set] if new_set else []), *sets]
                        if (found := condition(item, "ReplicaFailure"))), None)  # fmt: skip
        drop(status, "ReplicaFailure") if failure is None else None
        if failure is not None:
            self.set(status, "ReplicaFailure", failure["status"], failure["reason"], failure["message"])
        return status

    def until_stuck(self, deployment: Obj) -> float | None:
        """Seconds until the deadline should be looked at; None when nothing is under way."""
        current = condition(deployment, "Progressing")
        if not has_deadline(deployment) or current is None or current["reason"] == "ProgressDeadlineExceeded":
            return None
        if _is_complete(deployment, deployment["status"]):
            return None
        since = self._clock.monotonic() - self._seen.get(uid_of(deployment), self._clock.monotonic())
        return max(0.0, float(deployment["spec"]["progressDeadlineSeconds"]) - since) + 1

    def note(self, deployment: Obj) -> None:
        """Progress was seen just now."""
        self._seen[uid_of(deployment)] = self._clock.monotonic()

    def set(self, status: Obj, kind: str, value: str, reason: str, message: str, *, touch: bool = False) -> bool:
        """Set a condition; the same status and reason again change nothing unless `touch`. Says whether it did."""
        now = self._clock.now()
        held: list[Obj] = status.setdefault("conditions", [])
        old = next((item for item in held if item["type"] == kind), None)
        if old and not touch and (old["status"], old["reason"]) == (value, reason):
            return False
        since = old["lastTransitionTime"] if old and old["status"] == value else now
        times = {"lastUpdateTime": now, "lastTransitionTime": since}
        new = {"type": kind, "status": value, **times, "reason": reason, "message": message}
        status["conditions"] = [*(item for item in held if item["type"] != kind), new]
        return True

    def _judge(self, deployment: Obj, status: Obj, current: Obj | None, subject: str) -> None:
        if _is_complete(deployment, status):
            text = f"{subject} has successfully progressed."
            self.set(status, "Progressing", "True", "NewReplicaSetAvailable", text)
        elif _moved(deployment.get("status", {}), status):
            self.set(status, "Progressing", "True", "ReplicaSetUpdated", f"{subject} is progressing.", touch=True)
            self.note(deployment)
        elif self._is_late(deployment, current):
            text = f"{subject} has timed out progressing."
            self.set(status, "Progressing", "False", "ProgressDeadlineExceeded", text)

    def _is_late(self, deployment: Obj, current: Obj | None) -> bool:
        if current is None or current["reason"] == "NewReplicaSetAvailable":
            return False
        if current["reason"] == "ProgressDeadlineExceeded":
            return True
        since = self._clock.monotonic() - self._seen.setdefault(uid_of(deployment), self._clock.monotonic())
        return since > float(deployment["spec"]["progressDeadlineSeconds"])


def has_deadline(deployment: Obj) -> bool:
    return int(deployment["spec"].get("progressDeadlineSeconds", _NO_DEADLINE)) != _NO_DEADLINE


def drop(status: Obj, kind: str) -> None:
    status["conditions"] = [item for item in status.get("conditions", []) if item["type"] != kind]


def _subject(deployment: Obj, new_set: Obj | None) -> str:
    if new_set is None:
        return f'Deployment "{deployment["metadata"]["name"]}"'
    return f'ReplicaSet "{new_set["metadata"]["name"]}"'


def _was_complete(status: Obj, current: Obj | None) -> bool:
    same = status.get("replicas", 0) == status.get("updatedReplicas", 0)
    return bool(same and current and current["reason"] == "NewReplicaSetAvailable")


def _is_complete(deployment: Obj, status: Obj) -> bool:
    size = wanted(deployment)
    counts = [status.get(field, 0) for field in ("updatedReplicas", "replicas", "availableReplicas")]
    return counts == [size, size, size] and status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]


def _moved(before: Obj, after: Obj) -> bool:
    def old_pods(status: Obj) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    grew = any(
        after.get(key, 0) > before.get(key, 0) for key in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )
    return grew or old_pods(after) < old_pods(before)
