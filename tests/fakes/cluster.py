"""A cluster with one Deployment that does what the test says: finishes, stalls, crashes, is overtaken."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.domain.image import Platform
from bot.domain.intent import Target
from bot.domain.workload import Condition, Container, Observation, Pod, Revision, Terminated, Workload
from bot.engine.ports import Patched
from bot.errors import RejectedError, TransientError
from tests.factories import NOW, TARGET

REPLICAS = 2


@dataclass
class FakeCluster:
    """Satisfies `Cluster` for one target."""

    target: Target = TARGET
    image: str = "registry.example/payments/checkout:old@sha256:" + "0" * 64
    uid: str = "uid-1"
    generation: int = 1
    annotations: dict[str, str] = field(default_factory=dict)
    behaviour: str = "ok"
    """`ok`, `slow` (never ready), `crash`, `paused`."""
    crashing: set[str] = field(default_factory=set)
    """Tags whose containers crash, whatever `behaviour` says."""
    warnings: tuple[str, ...] = ()
    """What the API server says beside its answer to a dry run."""
    platforms: frozenset[Platform] | None = None
    errors: list[Exception] = field(default_factory=list)
    patches: list[tuple[str, str]] = field(default_factory=list)
    """(intent annotation, image) of every patch that arrived."""
    deleted: list[str] = field(default_factory=list)
    """Names of the pods that were deleted."""
    namespaces: list[str] = field(default_factory=list)
    """Every namespace that was asked for anything."""
    on_change: dict[str, Callable[[], None]] = field(default_factory=dict)
    ready_at: datetime = NOW
    log_lines: list[str] = field(default_factory=lambda: ["fatal: cannot reach database at db:5432"])
    before_patch: Callable[[Mapping[str, str]], None] | None = None
    """Called with the annotations of a patch, before it arrives."""

    def _asked(self, target: Target) -> None:
        self.namespaces.append(target.namespace)
        if self.errors:
            raise self.errors.pop(0)

    async def read(self, target: Target) -> Workload:
        self._asked(target)
        if target.name != self.target.name:
            raise RejectedError("workload_not_found", f"{target.workload} is not there.")
        return self._workload()

    async def patch(
        self,
        target: Target,
        *,
        uid: str,
        expected_image: str,
        image: str,
        annotations: Mapping[str, str],
        expected_intent: str = "",
        dry_run: bool = False,
    ) -> Patched:
        self._asked(target)
        if dry_run:
            return Patched(workload=self._workload(), changed=self.image != image, warnings=self.warnings)
        if self.before_patch:
            self.before_patch(annotations)
        if self.image not in (expected_image, image):
            raise TransientError("the image is not what was read")
        intent = self.annotations.get("greenlane.dev/intent", "")
        if intent not in (expected_intent, annotations["greenlane.dev/intent"]):
            raise TransientError("another deploy was here")
        changed = self.image != image
        self.patches.append((annotations["greenlane.dev/intent"], image))
        self.image = image
        self.annotations = {**self.annotations, **annotations}
        self.generation += changed
        return Patched(workload=self._workload(), changed=changed)

    async def observe(self, target: Target) -> Observation:
        self._asked(target)
        image_id = self.image.partition(":")[0] + "@" + self.image.rpartition("@")[2]
        replica_set = Revision(
            name="checkout-new",
            uid="rs-new",
            owner_uid=self.uid,
            revision=str(self.generation),
            key="rs-new",
            images={self.target.container: self.image},
        )
        pods = tuple(self._pod(number, image_id) for number in range(REPLICAS))
        return Observation(workload=self._workload(), revisions=(replica_set,), pods=pods)

    async def delete_pod(self, target: Target, *, pod: str, uid: str) -> bool:
        self._asked(target)
        self.deleted.append(pod)
        return True

    async def last_log_lines(
        self, target: Target, *, pod: str, container: str, previous: bool, lines: int
    ) -> list[str]:
        return self.log_lines

    async def node_platforms(self) -> frozenset[Platform] | None:
        return self.platforms

    def subscribe(self, namespace: str, on_change: Callable[[], None]) -> Callable[[], None]:
        self.on_change[namespace] = on_change
        return lambda: None

    def _now(self) -> str:
        """What the image that is asked for does."""
        return "crash" if any(f":{tag}@" in self.image for tag in self.crashing) else self.behaviour

    def _workload(self) -> Workload:
        done = self._now() == "ok"
        ready = REPLICAS if done else 0
        condition = Condition(
            type="Progressing", status="True", reason="NewReplicaSetAvailable" if done else "ReplicaSetUpdated"
        )
        return Workload(
            name=self.target.name,
            namespace=self.target.namespace,
            uid=self.uid,
            generation=self.generation,
            observed_generation=self.generation,
            revision=str(self.generation),
            replicas=REPLICAS,
            paused=self._now() == "paused",
            progress_deadline_seconds=600,
            images={self.target.container: self.image},
            annotations=dict(self.annotations),
            status_replicas=REPLICAS,
            updated_replicas=REPLICAS,
            ready_replicas=ready,
            available_replicas=ready,
            conditions=(condition,),
        )

    def _pod(self, number: int, image_id: str) -> Pod:
        ready = self._now() == "ok"
        ended = Terminated(exit_code=3, reason="Error", finished_at=self.ready_at)
        container = Container(
            name=self.target.container, image=self.image, image_id=image_id, ready=ready, running=ready
        )
        if self._now() == "crash":
            container = replace(container, restarts=1, terminated=ended, last_terminated=ended)
        conditions = (Condition(type="Ready", status=str(ready), changed_at=self.ready_at),)
        return Pod(
            name=f"checkout-new-{number}",
            uid=f"pod-{number}",
            owner_uid="rs-new",
            revision="rs-new",
            phase="Running",
            node="n",
            ready=ready,
            created_at=self.ready_at,
            conditions=conditions,
            containers=(container,),
        )
