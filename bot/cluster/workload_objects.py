"""The fields of workloads and their revisions that are read: Deployment, StatefulSet, DaemonSet and what they keep."""

from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from bot.cluster.objects import ConditionObject, Meta

CountOrPercent = int | str
"""`1` or `25%`."""


class ManagedField(Struct, rename="camel"):
    """Which fields a writer owns."""

    manager: str = ""
    time: datetime | None = None
    fields_v1: dict[str, Any] | None = field(name="fieldsV1", default=None)


class WorkloadMeta(Meta, rename="camel"):
    """Only workloads are asked who wrote them."""

    managed_fields: list[ManagedField] | None = None


class HttpGet(Struct):
    """A question over HTTP; the port may be a name."""

    port: CountOrPercent = ""
    path: str = ""
    host: str = ""
    scheme: str = ""


class PortCheck(Struct):
    """A question to a port."""

    port: CountOrPercent = ""


class Probe(Struct, rename="camel"):
    """One of them is set."""

    http_get: HttpGet | None = None
    tcp_socket: PortCheck | None = None
    grpc: PortCheck | None = None
    exec: dict[str, Any] | None = None


class ContainerSpec(Struct, rename="camel"):
    """A container of a template."""

    name: str
    image: str = ""
    readiness_probe: Probe | None = None


class TemplateSpec(Struct, rename="camel"):
    """What the pods are made of."""

    containers: list[ContainerSpec] | None = None


class Template(Struct):
    """The pod template."""

    spec: TemplateSpec = field(default_factory=TemplateSpec)


class RollingUpdate(Struct, rename="camel"):
    """How many pods are changed at a time; each kind has some of these."""

    max_unavailable: CountOrPercent | None = None
    max_surge: CountOrPercent | None = None
    partition: int | None = None


class Strategy(Struct, rename="camel"):
    """How a new template reaches the pods."""

    type: str = "RollingUpdate"
    rolling_update: RollingUpdate | None = None


class DeploymentSpec(Struct, rename="camel"):
    """What is asked for."""

    replicas: int | None = 1
    paused: bool = False
    progress_deadline_seconds: int | None = None
    strategy: Strategy = field(default_factory=Strategy)
    template: Template = field(default_factory=Template)


class ReplicatedStatus(Struct, rename="camel"):
    """What the controller of a Deployment or a StatefulSet has seen."""

    observed_generation: int | None = None
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    update_revision: str = ""
    """A StatefulSet's: name of the live template's ControllerRevision."""
    conditions: list[ConditionObject] | None = None


class DeploymentObject(Struct):
    """A Deployment."""

    metadata: WorkloadMeta
    spec: DeploymentSpec = field(default_factory=DeploymentSpec)
    status: ReplicatedStatus = field(default_factory=ReplicatedStatus)


class Ordinals(Struct):
    """How a StatefulSet numbers its pods."""

    start: int = 0


class StatefulSetSpec(Struct, rename="camel"):
    """What is asked for."""

    replicas: int | None = 1
    update_strategy: Strategy = field(default_factory=Strategy)
    pod_management_policy: str = ""
    ordinals: Ordinals | None = None
    template: Template = field(default_factory=Template)


class StatefulSetObject(Struct):
    """A StatefulSet."""

    metadata: WorkloadMeta
    spec: StatefulSetSpec = field(default_factory=StatefulSetSpec)
    status: ReplicatedStatus = field(default_factory=ReplicatedStatus)


class DaemonSetSpec(Struct, rename="camel"):
    """What is asked for."""

    update_strategy: Strategy = field(default_factory=Strategy)
    template: Template = field(default_factory=Template)


class DaemonSetStatus(Struct, rename="camel"):
    """What the controller has seen, in nodes."""

    observed_generation: int | None = None
    desired_number_scheduled: int = 0
    current_number_scheduled: int = 0
    updated_number_scheduled: int = 0
    number_ready: int = 0
    number_available: int = 0
    conditions: list[ConditionObject] | None = None


class DaemonSetObject(Struct):
    """A DaemonSet."""

    metadata: WorkloadMeta
    spec: DaemonSetSpec = field(default_factory=DaemonSetSpec)
    status: DaemonSetStatus = field(default_factory=DaemonSetStatus)


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


class _RevisionSpec(Struct):
    template: Template = field(default_factory=Template)


class _RevisionData(Struct):
    """The part of a workload that StatefulSets and DaemonSets keep."""

    spec: _RevisionSpec = field(default_factory=_RevisionSpec)


class ControllerRevisionObject(Struct):
    """A ControllerRevision. Its data is any JSON: other people's controllers keep theirs in this kind too."""

    metadata: Meta
    revision: int = 0
    data: Raw = field(default_factory=Raw)
    template: Template = field(default_factory=Template)
    """Taken from the data, of which the rest is let go."""

    def __post_init__(self) -> None:
        with suppress(msgspec.DecodeError, msgspec.ValidationError):
            self.template = msgspec.json.decode(self.data, type=_RevisionData).spec.template
        self.data = Raw()
