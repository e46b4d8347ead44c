"""Small changes to recorded objects, for what the test bed can't be brought to do."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.recorded.pair import to_text
from tests.testbed.cases.progress import statuses

Change = Callable[[dict[str, Any]], None]
SCALE_UP = "pod triggered scale-up: [{node-group 1->2 (max: 5)}]"
UNBOUND = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
OTHER_DIGEST = f"registry.example/good/web@sha256:{'0' * 64}"
SHIM = "failed to create containerd task: failed to create shim task: OCI runtime create failed: cgroups: cannot enter"


def says(message: str, reason: str = "") -> Change:
    """What the new pods' containers wait for."""

    def change(objects: dict[str, Any]) -> None:
        for status in _waiting(objects):
            status["state"]["waiting"]["message"] = message
            status["state"]["waiting"]["reason"] = reason or status["state"]["waiting"]["reason"]

    return change


def start_fails(message: str) -> Change:
    """How the new pods' containers could not be started."""

    def change(objects: dict[str, Any]) -> None:
        for pod in objects["pods"]:
            for status in statuses(pod):
                for state in (status["state"], status["lastState"]):
                    if "terminated" in state:
                        state["terminated"]["message"] = message
                if "waiting" in status["state"]:
                    status["state"]["waiting"] = {"reason": "RunContainerError", "message": message}

    return change


def runs(image_id: str) -> Change:
    """Which image every container says it runs."""

    def change(objects: dict[str, Any]) -> None:
        for pod in objects["pods"]:
            for status in statuses(pod):
                status["imageID"] = image_id

    return change


def without_new_revision(objects: dict[str, Any]) -> None:
    """The controller has seen the change and not acted yet."""
    workload = objects["workload"]
    newest = max(objects["revisions"], key=lambda each: str(each["metadata"]["creationTimestamp"]))
    objects["revisions"].remove(newest)
    owner = newest["metadata"]["uid"]
    objects["pods"] = [
        each for each in objects["pods"] if owner not in {one["uid"] for one in each["metadata"]["ownerReferences"]}
    ]
    workload["metadata"].setdefault("annotations", {})


def evicted(objects: dict[str, Any]) -> None:
    """The node took back the broken pods."""
    for pod in _unready(objects):
        pod["status"] = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}


def node_lost(objects: dict[str, Any]) -> None:
    """The node of the broken pods no longer reports."""
    for pod in _unready(objects):
        pod["status"]["reason"] = "NodeLost"


def taken_away(objects: dict[str, Any]) -> None:
    """The broken pods make room for others."""
    for pod in _unready(objects):
        target = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
        pod["status"]["conditions"].append(target)


def scale_up(*, seconds_before: float) -> Callable[[dict[str, Any], datetime], None]:
    """A node is on its way for the pods without one since some seconds."""

    def change(objects: dict[str, Any], now: datetime) -> None:
        for pod in _unready(objects):
            at = to_text(now - timedelta(seconds=seconds_before))
            objects["events"].append(_event(pod, "Normal", "TriggeredScaleUp", SCALE_UP, at))

    return change


def sandbox_fails(objects: dict[str, Any], now: datetime) -> None:
    """The node can't make the pods' sandboxes."""
    text = "Failed to create pod sandbox: plugin type=ptp failed: no addresses available"
    objects["events"] = []
    for pod in _unready(objects):
        objects["events"].append(_event(pod, "Warning", "FailedCreatePodSandBox", text, to_text(now)))


def scheduler_says(message: str) -> Change:
    def change(objects: dict[str, Any]) -> None:
        for pod in objects["pods"]:
            for condition in pod["status"]["conditions"]:
                if condition["type"] == "PodScheduled" and condition["status"] == "False":
                    condition["message"] = message

    return change


def refusal_says(message: str) -> Change:
    """Why the replica set may not create pods."""

    def change(objects: dict[str, Any]) -> None:
        conditions = [each for one in objects["revisions"] for each in one["status"].get("conditions", [])]
        for condition in (*conditions, *objects["workload"]["status"]["conditions"]):
            if condition["type"] == "ReplicaFailure":
                condition["message"] = message

    return change


def stale_deadline(objects: dict[str, Any]) -> None:
    """The controller has taken up the change and left the earlier rollout's failure where it was."""
    for condition in objects["workload"]["status"]["conditions"]:
        if condition["type"] == "Progressing":
            condition["status"], condition["reason"] = "False", "ProgressDeadlineExceeded"
            condition["message"] = 'ReplicaSet "web-earlier" has timed out progressing.'


def still_finishing(objects: dict[str, Any]) -> None:
    """The counts are complete before the condition is."""
    for condition in objects["workload"]["status"]["conditions"]:
        if condition["type"] == "Progressing":
            condition["reason"] = "ReplicaSetUpdated"


def without_deadline(objects: dict[str, Any]) -> None:
    """The cluster keeps no deadline, and so no condition about progress."""
    workload = objects["workload"]
    del workload["spec"]["progressDeadlineSeconds"]
    conditions = workload["status"]["conditions"]
    workload["status"]["conditions"] = [each for each in conditions if each["type"] != "Progressing"]


def not_observed(objects: dict[str, Any]) -> None:
    """The controller has never seen it."""
    del objects["workload"]["status"]["observedGeneration"]


def status_of(**counts: int) -> Change:
    """Counts of the workload's status."""
    return lambda objects: objects["workload"]["status"].update(counts)


def without_container(objects: dict[str, Any]) -> None:
    """Somebody took the container out of the template."""
    objects["workload"]["spec"]["template"]["spec"]["containers"][0]["name"] = "other"


def _waiting(objects: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for pod in objects["pods"]:
        yield from (each for each in statuses(pod) if "waiting" in each["state"])


def _unready(objects: dict[str, Any]) -> list[dict[str, Any]]:
    def is_unready(pod: dict[str, Any]) -> bool:
        conditions = pod["status"].get("conditions", [])
        return not any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    return [pod for pod in objects["pods"] if is_unready(pod)]


def _event(pod: dict[str, Any], kind: str, reason: str, message: str, at: str) -> dict[str, Any]:
    about = pod["metadata"]
    return {
        "metadata": {"name": f"{about['name']}.1", "namespace": about["namespace"], "uid": f"event-of-{about['uid']}"},
        "involvedObject": {"kind": "Pod", "name": about["name"], "uid": about["uid"]},
        "type": kind,
        "reason": reason,
        "message": message,
        "count": 1,
        "firstTimestamp": at,
        "lastTimestamp": at,
    }
