"""The fields of Kubernetes objects that are read, as structs: a tenth of the memory and time of whole objects."""

from datetime import datetime
from typing import Any

from msgspec import Struct, field


class Owner(Struct):
    """Who made an object."""

    uid: str = ""


class ManagedField(Struct, rename="camel"):
    """Which fields a writer owns."""

    manager: str = ""
    time: datetime | None = None
    fields_v1: dict[str, Any] | None = field(name="fieldsV1", default=None)


class Meta(Struct, rename="camel"):
    """The head of every object."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[Owner] | None = None


class WorkloadMeta(Meta, rename="camel"):
    """Only workloads are asked who wrote them."""

    managed_fields: list[ManagedField] | None = None


class ConditionObject(Struct, rename="camel"):
    """A status condition."""

    type: str
    status: str = "Unknown"
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None


class ContainerSpec(Struct, rename="camel"):
    """A container of a template."""

    name: str
    image: str = ""
    readiness_probe: dict[str, Any] | None = None


class TemplateSpec(Struct, rename="camel"):
    """What the pods are made of."""

    containers: list[ContainerSpec] | None = None


class Template(Struct):
    """The pod template."""

    spec: TemplateSpec = field(default_factory=TemplateSpec)


class DeploymentSpec(Struct, rename="camel"):
    """What is asked for."""

    replicas: int | None = 1
    paused: bool = False
    progress_deadline_seconds: int | None = None
    template: Template = field(default_factory=Template)


class DeploymentStatus(Struct, rename="camel"):
    """What the controller has seen."""

    observed_generation: int | None = None
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    conditions: list[ConditionObject] | None = None


class DeploymentObject(Struct):
    """A Deployment."""

    metadata: WorkloadMeta
    spec: DeploymentSpec = field(default_factory=DeploymentSpec)
    status: DeploymentStatus = field(default_factory=DeploymentStatus)


class ReplicaSetSpec(Struct):
    """What a replica set makes."""

    replicas: int | None = 1
    template: Template = field(default_factory=Template)


class ReplicaSetStatus(Struct):
    """What a replica set could not do."""

    conditions: list[ConditionObject] | None = None


class ReplicaSetObject(Struct):
    """A ReplicaSet."""

    metadata: Meta
    spec: ReplicaSetSpec = field(default_factory=ReplicaSetSpec)
    status: ReplicaSetStatus = field(default_factory=ReplicaSetStatus)


class WaitingState(Struct):
    """Why a container does not run yet."""

    reason: str = ""
    message: str = ""


class TerminatedState(Struct, rename="camel"):
    """How a container ended."""

    exit_code: int = 0
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ContainerState(Struct):
    """At most one of them is set."""

    waiting: WaitingState | None = None
    running: dict[str, Any] | None = None
    terminated: TerminatedState | None = None


class ContainerStatus(Struct, rename="camel"):
    """One container of one pod."""

    name: str
    image: str = ""
    image_id: str = field(name="imageID", default="")
    ready: bool = False
    restart_count: int = 0
    state: ContainerState = field(default_factory=ContainerState)
    last_state: ContainerState = field(default_factory=ContainerState)


class PodSpec(Struct, rename="camel"):
    """Where a pod runs."""

    node_name: str = ""


class PodStatus(Struct, rename="camel"):
    """How a pod is."""

    phase: str = "Unknown"
    reason: str = ""
    start_time: datetime | None = None
    conditions: list[ConditionObject] | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None


class PodObject(Struct):
    """A Pod."""

    metadata: Meta
    spec: PodSpec = field(default_factory=PodSpec)
    status: PodStatus = field(default_factory=PodStatus)


class NamespaceObject(Struct):
    """A Namespace: only that it is there."""

    metadata: Meta


class NodeInfo(Struct, rename="camel"):
    """What a node is made of."""

    operating_system: str = ""
    architecture: str = ""


class NodeSpec(Struct):
    """Whether a node takes pods."""

    unschedulable: bool = False


class NodeStatus(Struct, rename="camel"):
    """A node's report."""

    node_info: NodeInfo = field(default_factory=NodeInfo)


class NodeObject(Struct):
    """A Node."""

    metadata: Meta
    spec: NodeSpec = field(default_factory=NodeSpec)
    status: NodeStatus = field(default_factory=NodeStatus)
