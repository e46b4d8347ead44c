"""The kubelet's report of a pod: container states in, `status` out."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.cluster.documents import Obj


@dataclass(kw_only=True)
class ContainerReport:
    """What the node knows about one container."""

    name: str
    image: str
    image_id: str = ""
    container_id: str = ""
    state: Obj = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last_state: Obj = field(default_factory=dict)
    ready: bool = False
    restarts: int = 0
    log: list[str] = field(default_factory=list)
    previous_log: list[str] | None = None
    version: str = ""

    def to_status(self) -> Obj:
        status: Obj = {
            "name": self.name,
            "state": self.state,
            "lastState": self.last_state,
            "ready": self.ready,
            "restartCount": self.restarts,
            "image": self.image,
            "imageID": self.image_id,
            "started": "running" in self.state,
        }
        return status | ({"containerID": self.container_id} if self.container_id else {})


def to_status(pod: Obj, reports: list[ContainerReport], *, address: str, node_address: str, now: str) -> Obj:
    """The whole `status`; times of conditions that did not change are kept."""
    before: Obj = pod.get("status", {})
    phase = _phase(reports, ended="deletionTimestamp" in pod["metadata"])
    status: Obj = {
        "observedGeneration": pod["metadata"]["generation"],
        "phase": phase,
        "conditions": [
            _dated(item, before, pod["metadata"]["generation"], now) for item in _conditions(reports, phase, address)
        ],
        "hostIP": node_address,
        "hostIPs": [{"ip": node_address}],
        "startTime": before.get("startTime", now),
        "containerStatuses": [report.to_status() for report in reports],
        "qosClass": before.get("qosClass", "BestEffort"),
    }
    return status | ({"podIP": address, "podIPs": [{"ip": address}]} if address else {})


def _phase(reports: list[ContainerReport], *, ended: bool) -> str:
    ends = [report.state["terminated"] for report in reports if "terminated" in report.state]
    if ended and len(ends) == len(reports):
        return "Succeeded" if all(end["exitCode"] == 0 for end in ends) else "Failed"
    if any("waiting" in report.state and not report.last_state for report in reports):
        return "Pending"
    return "Running"


def _conditions(reports: list[ContainerReport], phase: str, address: str) -> list[Obj]:
    over = phase in {"Succeeded", "Failed"}
    unready = [report.name for report in reports if not report.ready]
    why: Obj = {}
    if over:
        why = {"reason": "PodCompleted" if phase == "Succeeded" else "PodFailed"}
    elif unready:
        text = f"containers with unready status: [{' '.join(unready)}]"
        why = {"reason": "ContainersNotReady", "message": text}
    ready = "False" if unready or over else "True"
    return [
        {"type": "PodReadyToStartContainers", "status": "True" if address and not over else "False"},
        {"type": "Initialized", "status": "True"},
        {"type": "Ready", "status": ready, **why},
        {"type": "ContainersReady", "status": ready, **why},
        {"type": "PodScheduled", "status": "True"},
    ]


def _dated(item: Obj, before: Obj, generation: int, now: str) -> Obj:
    old = next((held for held in before.get("conditions", []) if held["type"] == item["type"]), None)
    since = old["lastTransitionTime"] if old and old["status"] == item["status"] else now
    return {**item, "observedGeneration": generation, "lastProbeTime": None, "lastTransitionTime": since}
