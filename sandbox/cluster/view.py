"""What runs in each namespace, for people: workloads with their image, pods with their state and version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.cluster.documents import Obj, condition, controller_uid, is_terminating, name_of, namespace_of, uid_of
from sandbox.cluster.node.podstatus import ContainerReport
from sandbox.cluster.resources import NAMESPACES, PODS, REPLICA_SETS, WORKLOADS
from sandbox.cluster.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class PodView:
    """One pod."""

    name: str
    state: str
    """One word: `Running`, `ContainerCreating`, `CrashLoopBackOff`, `Error (exit 3)`, `Terminating`, …"""
    ready: bool
    image: str
    image_id: str
    version: str
    """What the program says it is; empty until it ran."""
    restarts: int
    created_at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkloadView:
    """One Deployment, StatefulSet or DaemonSet; counts as its controller sees them."""

    kind: str
    name: str
    images: dict[str, str]
    revision: str
    """A Deployment's number; else the name of the revision that its pods are brought to."""
    wanted: int
    updated: int
    available: int
    condition: str
    """Reason and message of the Progressing condition, which only a Deployment has."""
    pods: tuple[PodView, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class NamespaceView:
    """One namespace that holds workloads."""

    name: str
    workloads: tuple[WorkloadView, ...]


def view_of(store: Store, reports: Callable[[str], list[ContainerReport]]) -> list[NamespaceView]:
    """Namespaces with at least one workload, by name."""
    views = []
    for namespace in map(name_of, store.list(NAMESPACES)):
        found = tuple(_workload(store, obj, reports) for kind in WORKLOADS for obj in store.list(kind, namespace))
        if found:
            views.append(NamespaceView(name=namespace, workloads=found))
    return views


def _workload(store: Store, obj: Obj, reports: Callable[[str], list[ContainerReport]]) -> WorkloadView:
    sets = {uid_of(item) for item in store.list(REPLICA_SETS, namespace_of(obj)) if controller_uid(item) == uid_of(obj)}
    pods = [pod for pod in store.list(PODS, namespace_of(obj)) if controller_uid(pod) in {*sets, uid_of(obj)}]
    progressing = condition(obj, "Progressing") or {"reason": "", "message": ""}
    status = obj.get("status", {})
    annotations = obj["metadata"].get("annotations", {})
    return WorkloadView(
        kind=obj["kind"],
        name=name_of(obj),
        images={item["name"]: item["image"] for item in obj["spec"]["template"]["spec"]["containers"]},
        revision=annotations.get("deployment.kubernetes.io/revision") or status.get("updateRevision", ""),
        wanted=obj["spec"].get("replicas", status.get("desiredNumberScheduled", 0)),
        updated=status.get("updatedReplicas", status.get("updatedNumberScheduled", 0)),
        available=status.get("availableReplicas", status.get("numberAvailable", 0)),
        condition=": ".join(filter(None, (progressing["reason"], progressing["message"]))),
        pods=tuple(_pod(pod, reports(uid_of(pod))) for pod in sorted(pods, key=_age)),
    )


def _pod(pod: Obj, reports: list[ContainerReport]) -> PodView:
    statuses = pod.get("status", {}).get("containerStatuses", [])
    first: Obj = statuses[0] if statuses else {}
    return PodView(
        name=name_of(pod),
        state="Terminating" if is_terminating(pod) else _word(first, str(pod["status"].get("phase", ""))),
        ready=(condition(pod, "Ready") or {"status": ""})["status"] == "True",
        image=pod["spec"]["containers"][0]["image"],
        image_id=first.get("imageID", ""),
        version=reports[0].version if reports else "",
        restarts=first.get("restartCount", 0),
        created_at=pod["metadata"]["creationTimestamp"],
    )


def _word(status: Obj, phase: str) -> str:
    state = status.get("state", {})
    if "waiting" in state:
        return str(state["waiting"].get("reason", "Waiting"))
    if "terminated" in state:
        return f"{state['terminated']['reason']} (exit {state['terminated']['exitCode']})"
    return phase


def _age(pod: Obj) -> tuple[str, str]:
    return str(pod["metadata"]["creationTimestamp"]), name_of(pod)
