"""What a cluster says about one workload: the facts a verdict is made of, parsed once at the edge."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

ANNOTATION_PREFIX = "greenlane.dev/"
"""Everything we write on a workload besides the image begins with this."""
ANNOTATION_INTENT = ANNOTATION_PREFIX + "intent"
ANNOTATION_COMMIT = ANNOTATION_PREFIX + "commit"
ANNOTATION_PULL_REQUEST = ANNOTATION_PREFIX + "pull-request"
ANNOTATION_DEPLOYED_BY = ANNOTATION_PREFIX + "deployed-by"

_ENDED_PHASES = frozenset({"Succeeded", "Failed"})


class WorkloadKind(StrEnum):
    """What a workload is, as the catalog writes it."""

    DEPLOYMENT = "deployment"
    STATEFULSET = "statefulset"
    DAEMONSET = "daemonset"


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """A status condition of a workload, replica set or pod."""

    type: str
    status: str
    """`True`, `False` or `Unknown`, as Kubernetes writes it."""
    reason: str = ""
    message: str = ""
    changed_at: datetime | None = None
    """When its status changed."""
    updated_at: datetime | None = None
    """When its reason changed; only a Deployment's conditions say so."""
    seen_at: datetime | None = None
    """When the watch first saw it so, by our own clock; of pods and replica sets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terminated:
    """How a container ended."""

    exit_code: int
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
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
    waiting_since: datetime | None = None
    """When the watch first saw it wait for this cause, by our own clock; Kubernetes itself does not say."""
    terminated: Terminated | None = None
    last_terminated: Terminated | None = None
    exit_seen_at: datetime | None = None
    """When the watch saw its newest exit come, by our own clock; None when it was there before."""
    init: bool = False
    sidecar: bool = False
    """An init container with `restartPolicy: Always`: it should run on, beside the others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pod:
    """One pod of the workload's namespace."""

    name: str
    uid: str
    owner_uid: str
    """The replica set, stateful set or daemon set that made it."""
    revision: str
    """Key of the `Revision` it was made from."""
    ordinal: int | None = None
    """The number at the end of a stateful set's pod's name."""
    phase: str
    node: str = ""
    reason: str = ""
    terminating: bool = False
    stops_by: datetime | None = None
    """When its grace period is over; None: it does not stop, or nobody says."""
    ready: bool = False
    created_at: datetime | None = None
    seen_at: datetime | None = None
    """When the watch saw it come, by our own clock; None when it was there before."""
    started_at: datetime | None = None
    """When the node's kubelet took it over."""
    conditions: tuple[Condition, ...] = ()
    containers: tuple[Container, ...] = ()

    @property
    def is_active(self) -> bool:
        """Whether it counts as a replica: not stopping, and not ended (evicted, for example)."""
        return not self.terminating and self.phase not in _ENDED_PHASES

    @property
    def ready_at(self) -> datetime | None:
        """Since when it is ready; None when it is not, or when the cluster does not say."""
        found = find_condition(self.conditions, "Ready")
        return found.changed_at if found and self.ready else None

    def container(self, name: str) -> Container | None:
        """The (non-init) container of that name, once the node has reported it."""
        return next((each for each in self.containers if each.name == name and not each.init), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """One version of a workload's template: a replica set, or a controller revision of the other kinds."""

    name: str
    uid: str
    owner_uid: str
    revision: str
    """What `Workload.revision` says when this is the live template's."""
    key: str
    """What its pods carry in `Pod.revision`."""
    images: dict[str, str] = field(default_factory=dict)
    """Container name to image of its template."""
    conditions: tuple[Condition, ...] = ()
    """Of replica sets only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What the cluster said about one object; several alike are one with a count."""

    object_uid: str
    object_name: str
    reason: str
    """`FailedMount`, `Unhealthy`, `FailedCreate`."""
    message: str
    """Outside text, several lines maybe."""
    warning: bool = True
    count: int = 1
    first_at: datetime | None = None
    last_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """A Deployment, StatefulSet or DaemonSet: what is asked for and what its controller has seen."""

    kind: WorkloadKind = WorkloadKind.DEPLOYMENT
    name: str
    namespace: str
    uid: str
    generation: int
    observed_generation: int | None
    revision: str
    """Of the live template: a Deployment's revision number, a StatefulSet's `updateRevision`, a DaemonSet's newest."""
    replicas: int
    """How many pods are asked for: `spec.replicas`, or the nodes a DaemonSet should run on."""
    paused: bool
    on_delete: bool = False
    """Whether pods take the new template only when somebody deletes them."""
    partition: int = 0
    """A StatefulSet's: pods whose index is lower keep the template before."""
    first_ordinal: int = 0
    """The ordinal of a StatefulSet's first pod; its index is 0."""
    parallel: bool = False
    """Whether a StatefulSet replaces a pod without waiting for those before it (`podManagementPolicy: Parallel`)."""
    max_unavailable: int = 0
    """How many old pods may go before new ones are ready; a `Recreate` Deployment's are all of them."""
    progress_deadline_seconds: int | None
    images: dict[str, str]
    """Container name to image of the live template."""
    annotations: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    status_replicas: int = 0
    """Pods there are, whatever their version."""
    updated_replicas: int = 0
    """Pods of the live template."""
    ready_replicas: int = 0
    available_replicas: int = 0
    conditions: tuple[Condition, ...] = ()
    last_writer: str = ""
    """Manager of the newest `managedFields` entry that owns our container's image, for naming another writer."""
    readiness_probe: str = ""
    """Our container's, as people say it: `GET :8080/healthz`, `tcp :5432`, `command`. Empty: there is none."""

    @property
    def kept(self) -> int:
        """How many pods, from the first, a StatefulSet's partition leaves on the version they have."""
        return min(self.partition, self.replicas) if self.kind is WorkloadKind.STATEFULSET else 0

    def index_of(self, pod: Pod) -> int | None:
        """A StatefulSet's pod's number, counted from zero whatever its first ordinal is."""
        return None if pod.ordinal is None else pod.ordinal - self.first_ordinal

    def keeps(self, pod: Pod) -> bool:
        """Whether the partition leaves the pod on the version it has."""
        index = self.index_of(pod)
        return index is not None and index < self.kept


@dataclass(frozen=True, kw_only=True, slots=True)
class Patched:
    """What the API server answered to our patch."""

    workload: Workload
    changed: bool
    """False when the image was there already: the generation did not move for us."""
    warnings: tuple[str, ...] = ()
    """What the API server warned of, one line each, at most ten; outside text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """Everything known about one rollout at one moment."""

    workload: Workload | None
    """None when the object is gone."""
    revisions: tuple[Revision, ...] = ()
    pods: tuple[Pod, ...] = ()
    events: tuple[Event, ...] = ()
    """About the workload, its revisions and its pods."""

    @property
    def new_revision(self) -> Revision | None:
        """The live template's: ours by owner, and of the workload's own revision."""
        if self.workload is None or not self.workload.revision:
            return None
        return next((each for each in self._own_revisions() if each.revision == self.workload.revision), None)

    def pods_of(self, revision: Revision) -> tuple[Pod, ...]:
        """Active pods of one revision, in the order of their names."""
        return tuple(pod for pod in self._own_pods() if pod.revision == revision.key)

    def other_pods(self, revision: Revision | None) -> tuple[Pod, ...]:
        """Active pods of the workload's other revisions: the old version, which may still serve."""
        return tuple(pod for pod in self._own_pods() if revision is None or pod.revision != revision.key)

    def events_of(self, uid: str) -> tuple[Event, ...]:
        """What was said about one object, newest first."""
        return tuple(sorted((each for each in self.events if each.object_uid == uid), key=_age, reverse=True))

    def stopping_pods(self) -> tuple[Pod, ...]:
        """The workload's pods, of any version, that are still on their way out."""
        return tuple(pod for pod in self._all_pods() if pod.terminating)

    def _own_revisions(self) -> list[Revision]:
        uid = self.workload.uid if self.workload else ""
        return sorted((each for each in self.revisions if each.owner_uid == uid), key=_by_name)

    def _own_pods(self) -> list[Pod]:
        return [pod for pod in self._all_pods() if pod.is_active]

    def _all_pods(self) -> list[Pod]:
        """A Deployment's pods are made by its replica sets, those of the other kinds by the workload itself."""
        owners = {each.uid for each in self._own_revisions()} | {self.workload.uid if self.workload else ""}
        # A pod told twice is one pod.
        own = {(pod.uid, pod.name): pod for pod in self.pods if pod.owner_uid in owners}
        return sorted(own.values(), key=_by_name)


def find_condition(conditions: tuple[Condition, ...], type_: str) -> Condition | None:
    """The condition of that type, if it is there."""
    return next((each for each in conditions if each.type == type_), None)


def _by_name(item: Pod | Revision) -> tuple[str, str]:
    return (item.name, item.uid)


def _age(item: Event) -> tuple[float, str, str]:
    return (item.last_at.timestamp() if item.last_at else 0.0, item.reason, item.message)
