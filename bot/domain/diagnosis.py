"""Pod and replica set signals → findings: what is wrong, since when, whether it dooms the pod, what to do next.

A missing image is known after one second and a crash loop after two failed exits, long before Kubernetes gives up.
Whatever may heal by itself only explains, until its grace is over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.graces import DEFAULT_GRACES, Graces
from bot.domain.outside import one_line
from bot.domain.waiting import FIX_COMMAND, NODE_FAULT, row_of
from bot.domain.workload import Container, Observation, Pod, Revision, Terminated, find_condition

UNREADY = timedelta(seconds=30)
"""How long a pod may take to become ready before that is worth a word."""
SETTLED_RESTARTS = 3
_EVIDENCE = 600
_FAILED_STARTS = frozenset({"StartError", "ContainerCannotRun"})
_START_CODES = frozenset({"cannot_start", "node_fault"})
_EXIT_CODES = {"OOMKilled": "out_of_memory", "StartError": "cannot_start", "ContainerCannotRun": "cannot_start"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One diagnosed reason; `fatal` means its pod (or, without a pod, its replica set) will not come up by itself."""

    reason: str
    """Stable code: `image_not_found`, `crash_loop`."""
    pod: str
    """Empty when the pods could not even be created."""
    container: str
    since: datetime
    fatal: bool
    sentence: str
    """Ours, without outside text, without a full stop: ``container `web` exits with code 3 right after start``."""
    exit_code: int | None = None
    previous_logs: bool = False
    """Whether the lines that explain it are in the log of the container's previous run."""
    next_step: str = ""
    evidence: str = ""
    """The cluster's own words, one bounded line of outside text: escape before showing."""
    event: str = ""
    """The last event that explains it, one bounded line of outside text: escape before showing."""
    told: bool = False
    """Whether it is worth telling a person while the rollout goes on."""


def diagnose(
    observation: Observation, revision: Revision, *, graces: Graces = DEFAULT_GRACES, now: datetime
) -> tuple[Finding, ...]:
    """Findings about the new replica set and its active pods, in an order that does not depend on theirs."""
    probed = bool(observation.workload and observation.workload.readiness_probe)
    found = [*_creation(observation, revision, graces, now)]
    for pod in observation.pods_of(revision):
        found.extend(_of_pod(pod, graces, now, probed=probed))
    return tuple(sorted(found, key=lambda each: (not each.fatal, each.pod, each.container, each.reason)))


def decisive(findings: Iterable[Finding], pods: tuple[Pod, ...]) -> Finding | None:
    """The finding that ends the rollout, if one does.

    It ends when every new pod is doomed, or when one is and no other pod became ready since.
    """
    fatal = [each for each in findings if each.fatal]
    doomed = {each.pod for each in fatal}
    if fatal and pods and all(pod.name in doomed for pod in pods):
        return fatal[0]
    return next((each for each in fatal if not _progress_since(each, pods)), None)


def _progress_since(finding: Finding, pods: tuple[Pod, ...]) -> bool:
    others = [pod for pod in pods if pod.name != finding.pod and pod.ready]
    # Ready at an unknown time counts as progress: in doubt wait, the deadline still ends it.
    return any(pod.ready_at is None or pod.ready_at >= finding.since for pod in others)


def _of_pod(pod: Pod, graces: Graces, now: datetime, *, probed: bool) -> Iterator[Finding]:
    for container in pod.containers:
        finding = (
            _waiting(pod, container, graces, now)
            or _crashing(pod, container, now, probed=probed)
            or _unready(pod, container, now)
        )
        if finding:
            yield finding


def _waiting(pod: Pod, container: Container, graces: Graces, now: datetime) -> Finding | None:
    row = row_of(container)
    if row is None:
        return None
    since = container.waiting_since or pod.started_at or pod.created_at or now
    grace = row.grace(graces)
    last = container.last_terminated
    return Finding(
        reason=row.code,
        pod=pod.name,
        container=container.name,
        since=since,
        # The cluster's clock may be ahead of ours; what needs no grace needs no clock.
        fatal=grace is not None and max(now - since, timedelta(0)) >= grace,
        sentence=row.sentence.format(container=container.name),
        exit_code=last.exit_code if last and row.code in _START_CODES else None,
        next_step=row.next_step,
        evidence=one_line(container.waiting_message, limit=_EVIDENCE),
    )


def _crashing(pod: Pod, container: Container, now: datetime, *, probed: bool) -> Finding | None:
    """Exits of a container that should run on; an init container may end, but only with 0.

    Two exits are fatal while it is not ready. A container that once passed a real readiness probe is given one more
    restart: it may have lost something that comes back.
    """
    exits = _failed_exits(container)
    if not exits or (container.init and container.terminated and container.terminated.exit_code == 0):
        return None
    if probed and _was_ready(pod):
        looping = container.restarts >= SETTLED_RESTARTS
    else:
        looping = len(exits) == 2 or container.restarts >= 2
    return Finding(
        reason=_EXIT_CODES.get(exits[0].reason, "crash_loop"),
        pod=pod.name,
        container=container.name,
        since=_first_end(exits) or pod.started_at or pod.created_at or now,
        fatal=looping and not container.ready and not _is_node_fault(exits[0]),
        sentence=_exit_sentence(container, exits[0]),
        exit_code=exits[0].exit_code,
        previous_logs=container.terminated is None,
        next_step=_exit_step(exits[0]),
        evidence=one_line(exits[0].message, limit=_EVIDENCE),
    )


def runs_unready(pod: Pod) -> bool:
    """Whether the pod is kept from being ready by a container that runs."""
    return not pod.ready and any(_is_unready(container) for container in pod.containers)


def _is_unready(container: Container) -> bool:
    return container.running and not container.ready and not container.init


def _unready(pod: Pod, container: Container, now: datetime) -> Finding | None:
    """It runs and no probe calls it ready: that may still come, so it only explains."""
    since = pod.started_at or pod.created_at or now
    if not _is_unready(container) or now - since < UNREADY:
        return None
    how = "is no longer ready" if _was_ready(pod) else "never became ready"
    return Finding(
        reason="not_ready",
        pod=pod.name,
        container=container.name,
        since=since,
        fatal=False,
        sentence=f"container `{container.name}` runs and {how}",
        next_step="Check the readiness probe's path and port, and read the container's last log lines.",
    )


def _failed_exits(container: Container) -> list[Terminated]:
    """Newest first; for a container that should run on, any end is a failed one."""
    ends = (container.terminated, container.last_terminated)
    return [each for each in ends if each is not None and (each.exit_code != 0 or not container.init)]


def _is_node_fault(end: Terminated) -> bool:
    # The message of an ordinary exit is the program's own, and may speak of anything.
    return end.reason in _FAILED_STARTS and NODE_FAULT.search(end.message) is not None


def _first_end(exits: list[Terminated]) -> datetime | None:
    return min((each.finished_at for each in exits if each.finished_at), default=None)


def _was_ready(pod: Pod) -> bool:
    """Whether it has been ready before: the first `Ready=False` carries the time the kubelet took the pod over."""
    condition = find_condition(pod.conditions, "Ready")
    if pod.ready or condition is None or condition.changed_at is None or pod.started_at is None:
        return pod.ready
    return condition.changed_at - pod.started_at > timedelta(seconds=1)


def _exit_sentence(container: Container, end: Terminated) -> str:
    kind = "init container" if container.init else "container"
    if end.reason == "OOMKilled":
        return f"{kind} `{container.name}` needs more memory than its limit and is killed (exit code {end.exit_code})"
    if end.reason in _FAILED_STARTS:
        return f"the command of {kind} `{container.name}` can't be run"
    if end.exit_code == 0:
        return f"{kind} `{container.name}` ends by itself with code 0, and a workload's container must run on"
    return f"{kind} `{container.name}` exits with code {end.exit_code}{_lifetime(end)}"


def _lifetime(end: Terminated) -> str:
    if end.started_at is None or end.finished_at is None:
        return ""
    seconds = (end.finished_at - end.started_at).total_seconds()
    return " right after start" if seconds < 3 else f", {seconds:.0f} s after start"


def _exit_step(end: Terminated) -> str:
    if end.reason == "OOMKilled":
        return "Raise the container's memory limit, or make it need less."
    if end.reason in _FAILED_STARTS:
        return FIX_COMMAND
    return "Read the container's last log lines, fix and merge."


def _creation(observation: Observation, revision: Revision, graces: Graces, now: datetime) -> Iterator[Finding]:
    """Pods that the API server refuses to create; read from the condition, since events expire."""
    condition = find_condition(revision.conditions, "ReplicaFailure")
    if condition is None or condition.status != "True" or condition.reason != "FailedCreate":
        return
    since = condition.changed_at or now
    quota = "exceeded quota" in condition.message
    # Old pods that go away may free what the new ones need; only without them is a full quota the end.
    hopeful = quota and bool(observation.other_pods(revision))
    yield Finding(
        reason="quota_exceeded" if quota else "pods_refused",
        pod="",
        container="",
        since=since,
        fatal=not hopeful and now - since >= (graces.quota if quota else graces.admission),
        sentence="the namespace's quota is used up, so no new pod is created"
        if quota
        else "the cluster refuses to create the new pods",
        next_step="Raise the quota, or ask for less." if quota else "Change the workload as the message says.",
        evidence=one_line(condition.message, limit=_EVIDENCE),
    )
