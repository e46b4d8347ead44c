"""What a cluster says about one workload: the facts a verdict is made of, parsed once at the edge."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """A status condition of a workload, replica set or pod."""

    type: str
    status: str
    """`True`, `False` or `Unknown`, as Kubernetes writes it."""
    reason: str = ""
    message: str = ""
    changed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Terminated:
    """How a container ended."""

    exit_code: int
    reason: str = ""
    message: str = ""
    finished_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """One container's status in one pod."""

    name: str
    image: str = ""
    image_id: str = ""
    """`registry/repo@sha256:…` of what really runs."""
    ready: bool = False
    running: bool = False
    restarts: int = 0
    waiting_reason: str = ""
    waiting_message: str = ""
    terminated: Terminated | None = None
    last_terminated: Terminated | None = None
    init: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Pod:
    """One pod of the workload's namespace."""

    name: str
    uid: str
    owner_uid: str
    """The replica set that made it."""
    phase: str
    node: str = ""
    reason: str = ""
    terminating: bool = False
    ready: bool = False
    created_at: datetime | None = None
    conditions: tuple[Condition, ...] = ()
    containers: tuple[Container, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplicaSet:
    """One replica set owned by the workload."""

    name: str
    uid: str
    owner_uid: str
    revision: str
    images: dict[str, str] = field(default_factory=dict)
    """Container name to image of its template."""
    replicas: int = 0
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """A Deployment: what is asked for and what its controller has seen."""

    name: str
    namespace: str
    uid: str
    generation: int
    observed_generation: int | None
    revision: str
    replicas: int
    """`spec.replicas`."""
    paused: bool
    progress_deadline_seconds: int | None
    images: dict[str, str]
    """Container name to image of the live template."""
    annotations: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    status_replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    conditions: tuple[Condition, ...] = ()
    last_writer: str = ""
    """Manager of the newest `managedFields` entry that owns our container's image, for naming another writer."""
    has_readiness_probe: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """Everything known about one rollout at one moment."""

    workload: Workload | None
    """None when the object is gone."""
    replica_sets: tuple[ReplicaSet, ...] = ()
    pods: tuple[Pod, ...] = ()
