"""What a rollout is held to, and what can be said about it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.finding import Finding
from bot.domain.graces import DEFAULT_GRACES, Graces
from bot.domain.workload import Pod, Revision, Workload, WorkloadKind

NO_DEADLINE = 2**31 - 1
"""How Kubernetes writes "no progress deadline"."""
_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What to hold the cluster to, remembered at patch time."""

    uid: str
    generation: int
    """`metadata.generation` that the patch returned."""
    container: str
    image: str
    """The pinned reference as the patch RETURNED it: admission may have rewritten ours."""
    digests: frozenset[str]
    """Digests a pod's `imageID` may show: the index's or a platform's, `sha256:…`."""
    patched_at: datetime
    deadline: datetime
    """Our own end of patience; the cluster's may be unset."""
    changed: bool = True
    """False when the image was there already: then the healthy end is `no_change`."""
    soak: timedelta = timedelta(0)
    """How long the new pods have to stay ready, without a restart, before success is said."""
    graces: Graces = DEFAULT_GRACES
    """How long trouble that may heal is borne."""
    complete_at: datetime | None = None
    """When an earlier look first found it `soaking`, by our own clock: until it is given, no look says success."""


class Verdict(StrEnum):
    """How a rollout stands or ended. A rollout in progress has none."""

    SUCCEEDED = "succeeded"
    NO_CHANGE = "no_change"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    SUPERSEDED = "superseded"
    PAUSED = "paused"
    NEUTRAL = "neutral"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """One look at a rollout."""

    verdict: Verdict | None
    """None while it is in progress."""
    reason: str
    """Stable code: `pods_starting`, `crash_loop`, `digest_mismatch`."""
    sentence: str
    """One clause for people, without a full stop; outside text in it is inside code spans."""
    findings: tuple[Finding, ...] = ()
    progress: str = ""
    """`1 of 2 new pods ready`."""

    @property
    def in_progress(self) -> bool:
        """Whether to look again."""
        return self.verdict is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rollout:
    """One look at the pods of a rollout whose new revision is known."""

    workload: Workload
    revision: Revision
    """The new one."""
    new: tuple[Pod, ...]
    """Its active pods."""
    old: tuple[Pod, ...]
    """The active pods of every other revision."""
    wanted: Wanted
    now: datetime

    @property
    def goal(self) -> int:
        """How many new pods there are to be."""
        return self.workload.replicas - self.workload.kept

    @property
    def outdated(self) -> tuple[Pod, ...]:
        """The old pods that the rollout is to replace: a partition keeps some as they are."""
        return tuple(pod for pod in self.old if not self.workload.keeps(pod))

    @property
    def progress(self) -> str:
        """`1 of 2 new pods ready`."""
        return f"{self.ready} of {counted(self.goal)} ready"

    @property
    def ready(self) -> int:
        """How many new pods are ready."""
        return sum(pod.ready for pod in self.new)

    def digest_of(self, pod: Pod) -> str:
        """Manifest digest the pod's container runs; empty while unknown, or when the node shows only its own id."""
        container = pod.container(self.wanted.container)
        found = _DIGEST.search(container.image_id) if container else None
        return found.group(1) if found else ""


def deadline_seconds(workload: Workload) -> int | None:
    """A Deployment's own deadline; None when it has none."""
    seconds = workload.progress_deadline_seconds
    ours = workload.kind is WorkloadKind.DEPLOYMENT
    return None if not ours or seconds is None or seconds >= NO_DEADLINE else seconds


def counted(count: int) -> str:
    """`1 new pod`."""
    return f"{count} new pod" if count == 1 else f"{count} new pods"


def wait(reason: str, sentence: str) -> Judgement:
    """It is in progress."""
    return Judgement(verdict=None, reason=reason, sentence=sentence)


def end(verdict: Verdict, reason: str, sentence: str) -> Judgement:
    """It has this verdict."""
    return Judgement(verdict=verdict, reason=reason, sentence=sentence)
