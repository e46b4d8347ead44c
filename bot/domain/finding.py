"""One diagnosed reason why a rollout does not go on, and what its makers share."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.graces import Graces
from bot.domain.outside import one_line
from bot.domain.workload import Container, Event, Observation, Pod, Revision, Workload

TOLD_AFTER = timedelta(seconds=30)
"""What still heals by itself is worth a word to people from then on."""
_LIMIT = 600


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One diagnosed reason; `fatal` means its pod (or, without a pod, its revision) will not come up by itself."""

    reason: str
    """Stable code: `image_not_found`, `crash_loop`."""
    pod: str
    """Empty when the pods could not even be created."""
    container: str
    since: datetime
    fatal: bool
    sentence: str
    """One clause without a full stop, outside text only in code spans: ``container `web` exits with code 3``."""
    exit_code: int | None = None
    previous_logs: bool = False
    """Whether the lines that explain it are in the log of the container's previous run."""
    next_step: str = ""
    evidence: str = ""
    """The cluster's own words, one bounded line of outside text: escape before showing."""
    event: str = ""
    """An event that explains it beside `evidence`, one bounded line of outside text: escape before showing."""
    told: bool = False
    """Whether it is worth telling a person while the rollout goes on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What a diagnosis is made from."""

    observation: Observation
    revision: Revision
    """The new one."""
    graces: Graces
    now: datetime
    patched_at: datetime | None = None
    """Events on the workload from before are about an earlier rollout, and nothing new is older; None: not known."""
    container: str = ""
    """The one that is deployed, if known: only of this one is the probe known."""

    @property
    def workload(self) -> Workload | None:
        """The workload, unless it is gone."""
        return self.observation.workload

    @property
    def probe(self) -> str:
        """The readiness probe of the container that is deployed, as people say it; empty when there is none."""
        return self.workload.readiness_probe if self.workload else ""

    def is_ours(self, container: Container) -> bool:
        """Whether it is the container that is deployed."""
        return not container.init and container.name == self.container

    def lasted(self, since: datetime) -> timedelta:
        """How long something has been so; clocks that differ make it neither negative nor older than the rollout."""
        begun = max(since, self.patched_at) if self.patched_at else since
        return max(self.now - begun, timedelta(0))

    def describe(self, pod: Pod) -> str:
        """The command that shows all there is to know about a pod."""
        namespace = f" -n {self.workload.namespace}" if self.workload else ""
        return f"`kubectl{namespace} describe pod {pod.name}`"


def in_one_line(text: str) -> str:
    """The cluster's own words as they are kept."""
    return one_line(text, limit=_LIMIT)


def said(event: Event | None) -> str:
    """An event as it is kept: `FailedMount: MountVolume.SetUp failed …`."""
    return in_one_line(f"{event.reason}: {event.message}") if event else ""
