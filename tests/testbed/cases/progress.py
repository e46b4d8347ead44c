"""How far a rollout is, from raw objects: the test's own eyes, apart from the code it tests."""

from collections.abc import Iterable
from typing import Any

from tests.testbed.cases.case import Object


def is_complete(workload: Object) -> bool:
    """As kubectl says it, by counts; true for pods that change only when they are deleted."""
    status, spec = workload.get("status", {}), workload["spec"]
    if status.get("observedGeneration", 0) < workload["metadata"]["generation"]:
        return False
    if workload["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        counts = [status.get(key, 0) for key in ("updatedNumberScheduled", "numberAvailable")]
        return wanted > 0 and counts == [wanted] * 2
    names = ["replicas", "updatedReplicas", "availableReplicas"]
    return [status.get(name, 0) for name in names] == [spec["replicas"]] * len(names)


def new_pods(pods: Iterable[Object], image: str) -> list[Object]:
    """Those that were made with that image and are not stopping."""
    return [
        pod
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"] and pod["spec"]["containers"][0]["image"] == image
    ]


def is_stuck(pod: Object) -> bool:
    """Whether one of its containers waits for what does not come, or has ended."""
    return any(_is_stuck(each["state"]) for each in statuses(pod))


def statuses(pod: Object) -> list[Any]:
    status = pod.get("status", {})
    return [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]


def _is_stuck(state: Any) -> bool:
    return "terminated" in state or state.get("waiting", {}).get("reason") not in {
        None,
        "ContainerCreating",
        "PodInitializing",
    }
