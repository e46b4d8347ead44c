"""The fields of pods, events and nodes that are read, as structs: a tenth of the memory and time of whole objects."""

from datetime import datetime
from typing import Any

from msgspec import Struct, field


class Owner(Struct):
    """Who made an object, or wants it to end with itself; only one is the controller."""

    uid: str = ""
    controller: bool | None = None


class Meta(Struct, rename="camel"):
    """The head of every object."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    """When it is to be gone: the grace period is in it."""
    deletion_grace_period_seconds: int | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[Owner] | None = None


class ConditionObject(Struct, rename="camel"):
    """A status condition."""

    type: str
    status: str = "Unknown"
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None
    last_update_time: datetime | None = None


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


class InitContainerSpec(Struct, rename="camel"):
    """What runs before a pod's containers; with the policy `Always` it stays beside them."""

    name: str
    restart_policy: str = ""


class PodSpec(Struct, rename="camel"):
    """Where a pod runs, and what prepares it."""

    node_name: str = ""
    init_containers: list[InitContainerSpec] | None = None


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


class ObjectReference(Struct):
    """Which object an event is about."""

    kind: str = ""
    name: str = ""
    uid: str = ""


class EventSeries(Struct, rename="camel"):
    """How often an event came, as its newer writers say it."""

    count: int = 0
    last_observed_time: datetime | None = None


class EventObject(Struct, rename="camel"):
    """An Event; older writers count and date it in other fields than newer ones."""

    metadata: Meta
    involved_object: ObjectReference = field(default_factory=ObjectReference)
    reason: str = ""
    message: str = ""
    type: str = ""
    count: int | None = None
    series: EventSeries | None = None
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None

    @property
    def first_at(self) -> datetime | None:
        return self.first_timestamp or self.event_time or self.metadata.creation_timestamp

    @property
    def last_at(self) -> datetime | None:
        return (self.series.last_observed_time if self.series else None) or self.last_timestamp or self.first_at


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
