"""What a cluster says about one workload: the facts a verdict is made of, parsed once at the edge."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

ANNOTATION_PREFIX = "greenlane.dev/"
"""Everything we write on a workload besides the image begins with this."""
ANNOTATION_INTENT = ANNOTATION_PREFIX + "intent"
ANNOTATION_COMMIT = ANNOTATION_PREFIX + "commit"
ANNOTATION_PULL_REQUEST = ANNOTATION_PREFIX + "pull-request"
ANNOTATION_DEPLOYED_BY = ANNOTATION_PREFIX + "deployed-by"

_ENDED_PHASES = frozenset({"Succeeded", "Failed"})


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
    """When the watch first saw it wait for this cause; Kubernetes itself does not say."""
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
class Patched:
    """What the API server answered to our patch."""

    workload: Workload
    changed: bool
    """False when the image was there already: the generation did not move for us."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """Everything known about one rollout at one moment."""

    workload: Workload | None
    """None when the object is gone."""
    replica_sets: tuple[ReplicaSet, ...] = ()
    pods: tuple[Pod, ...] = ()

    @property
    def new_replica_set(self) -> ReplicaSet | None:
        """The replica set of the live template: ours by owner, and of the workload's own revision."""
        if self.workload is None:
            return None
        owner, revision = self.workload.uid, self.workload.revision
        return self._first(lambda each: each.owner_uid == owner and bool(revision) and each.revision == revision)

    def pods_of(self, replica_set: ReplicaSet) -> tuple[Pod, ...]:
        """Active pods of one replica set, in the order of their names."""
        return tuple(sorted((pod for pod in self._active() if pod.owner_uid == replica_set.uid), key=_by_name))

    def other_pods(self, replica_set: ReplicaSet | None) -> tuple[Pod, ...]:
        """Active pods of the workload's other replica sets: the old version, which may still serve."""
        kept = replica_set.uid if replica_set else ""
        ours = {each.uid for each in self.replica_sets if self.workload and each.owner_uid == self.workload.uid}
        return tuple(sorted((pod for pod in self._active() if pod.owner_uid in ours - {kept}), key=_by_name))

    def _active(self) -> tuple[Pod, ...]:
        return tuple(pod for pod in self.pods if pod.is_active)

    def _first(self, matches: Callable[[ReplicaSet], bool]) -> ReplicaSet | None:
        return next((each for each in sorted(self.replica_sets, key=_by_name) if matches(each)), None)


def find_condition(conditions: tuple[Condition, ...], type_: str) -> Condition | None:
    """The condition of that type, if it is there."""
    return next((each for each in conditions if each.type == type_), None)


def _by_name(item: Pod | ReplicaSet) -> str:
    return item.name
