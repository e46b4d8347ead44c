"""The kubelet's report of a pod: container states in, `status` out."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.cluster.documents import Obj


@dataclass(kw_only=True)
class ContainerReport:
    """What the node knows about one container."""

    name: str
    image: str
    is_init: bool = False
    """Whether it has to end before the next one starts."""
    is_sidecar: bool = False
    """Whether it starts among the init containers and stays."""
    image_id: str = ""
    container_id: str = ""
    state: Obj = field(default_factory=dict)
    last_state: Obj = field(default_factory=dict)
    ready: bool = False
    restarts: int = 0
    log: list[str] = field(default_factory=list)
    previous_log: list[str] | None = None
    version: str = ""
    has_started: bool = False
    """Of a sidecar: the ones after it need not wait any more."""

    @property
    def is_done(self) -> bool:
        """Whether the pod's start may go on after this init container or sidecar."""
        if self.is_sidecar:
            return self.has_started
        return bool(self.state.get("terminated", {"exitCode": 1})["exitCode"] == 0)

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


@dataclass(frozen=True, kw_only=True)
class PodReport:
    """What the node knows about a pod's containers, in the order of its specification."""

    init: list[ContainerReport]
    main: list[ContainerReport]

    @classmethod
    def of(cls, spec: Obj) -> PodReport:
        """Before anything has happened."""
        early = spec.get("initContainers", [])
        reason = "PodInitializing" if early else "ContainerCreating"

        def begin(item: Obj, *, init: bool) -> ContainerReport:
            sidecar = init and item.get("restartPolicy") == "Always"
            state = {"waiting": {"reason": reason}}
            report = ContainerReport(name=item["name"], image=item["image"], state=state)
            report.is_init, report.is_sidecar = init and not sidecar, sidecar
            return report

        return cls(
            init=[begin(item, init=True) for item in early],
            main=[begin(item, init=False) for item in spec["containers"]],
        )

    @property
    def all(self) -> list[ContainerReport]:
        return [*self.main, *self.init]

    @property
    def serving(self) -> list[ContainerReport]:
        """Those whose readiness is the pod's."""
        return [*(report for report in self.init if report.is_sidecar), *self.main]


def to_status(pod: Obj, reports: PodReport, *, address: str, node_address: str, now: str) -> Obj:
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
        "containerStatuses": [report.to_status() for report in reports.main],
        "qosClass": before.get("qosClass", "BestEffort"),
    }
    status |= {"initContainerStatuses": [report.to_status() for report in reports.init]} if reports.init else {}
    return status | ({"podIP": address, "podIPs": [{"ip": address}]} if address else {})


def _phase(reports: PodReport, *, ended: bool) -> str:
    ends = [report.state["terminated"] for report in reports.main if "terminated" in report.state]
    if ended and len(ends) == len(reports.main):
        return "Succeeded" if all(end["exitCode"] == 0 for end in ends) else "Failed"
    if any("waiting" in report.state and not report.last_state for report in reports.main):
        return "Pending"
    return "Running"


def _conditions(reports: PodReport, phase: str, address: str) -> list[Obj]:
    over = phase in {"Succeeded", "Failed"}
    unready = [report.name for report in reports.serving if not report.ready]
    early = [report.name for report in reports.init if not report.is_done]
    why: Obj = {}
    if over:
        why = {"reason": "PodCompleted" if phase == "Succeeded" else "PodFailed"}
    elif unready:
        text = f"containers with unready status: [{' '.join(unready)}]"
        why = {"reason": "ContainersNotReady", "message": text}
    initialized: Obj = {"type": "Initialized", "status": "True"}
    if early and not over:
        text = f"containers with incomplete status: [{' '.join(early)}]"
        initialized |= {"status": "False", "reason": "ContainersNotInitialized", "message": text}
    ready = "False" if unready or over else "True"
    return [
        {"type": "PodReadyToStartContainers", "status": "True" if address and not over else "False"},
        initialized,
        {"type": "Ready", "status": ready, **why},
        {"type": "ContainersReady", "status": ready, **why},
        {"type": "PodScheduled", "status": "True"},
    ]


def _dated(item: Obj, before: Obj, generation: int, now: str) -> Obj:
    old = next((held for held in before.get("conditions", []) if held["type"] == item["type"]), None)
    since = old["lastTransitionTime"] if old and old["status"] == item["status"] else now
    return {**item, "observedGeneration": generation, "lastProbeTime": None, "lastTransitionTime": since}
