"""One pod → its findings: no node, no image, no volume, no start, no readiness."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.domain.events import SCALE_UPS, VOLUMES, latest, latest_failure
from bot.domain.exits import called, find_crash, was_ready
from bot.domain.finding import TOLD_AFTER, Finding, Look, in_one_line, said
from bot.domain.outside import as_code
from bot.domain.waiting import row_of
from bot.domain.workload import Container, Event, Pod, find_condition

_START_CODES = frozenset({"cannot_start", "node_fault"})
_NOT_YET = frozenset({"", "ContainerCreating", "PodInitializing"})
_LOST_REASONS = frozenset({"NodeLost", "Evicted", "Preempting", "Preempted", "Shutdown", "NodeShutdown", "Terminated"})
_UNBOUND_CLAIM = "unbound immediate PersistentVolumeClaims"
_VOLUME_STEP = "Create the secret, config map or volume that the event names"


def findings_of(look: Look, pod: Pod) -> Iterator[Finding]:
    """What is wrong with one pod; nothing about a pod that its node, not its image, let down."""
    if is_lost(pod):
        return
    unscheduled = _unscheduled(look, pod)
    if unscheduled:
        yield unscheduled
        return
    found = [finding for each in pod.containers if (finding := _of_container(look, pod, each))]
    not_started = None if found else _not_started(look, pod)
    yield from [*found, not_started] if not_started else found


def is_lost(pod: Pod) -> bool:
    """Whether it is being taken away, or its node is: evicted, preempted, unreachable."""
    disruption = find_condition(pod.conditions, "DisruptionTarget")
    return (
        pod.reason in _LOST_REASONS
        or pod.phase == "Unknown"
        or (disruption is not None and disruption.status == "True")
    )


def runs_unready(pod: Pod) -> bool:
    """Whether the pod is kept from being ready by a container that runs."""
    return not pod.ready and any(_is_unready(container) for container in pod.containers)


def unready_since(pod: Pod) -> datetime | None:
    """When we first saw that it is not ready, by our own clock; None when no watch says."""
    condition = find_condition(pod.conditions, "Ready")
    return condition.seen_at if condition and not pod.ready else None


def _of_container(look: Look, pod: Pod, container: Container) -> Finding | None:
    return _waiting(look, pod, container) or find_crash(look, pod, container) or _unready(look, pod, container)


def _unscheduled(look: Look, pod: Pod) -> Finding | None:
    """No node takes it. A node on its way begins the time again; an unbound volume claim is the deadline's alone."""
    condition = find_condition(pod.conditions, "PodScheduled")
    if condition is None or condition.status != "False" or condition.reason != "Unschedulable":
        return None
    since = condition.changed_at or pod.created_at or look.now
    claim = _UNBOUND_CLAIM in condition.message
    scale_up = latest(look.observation, pod.uid, *SCALE_UPS)
    later = scale_up.last_at - since if scale_up and scale_up.last_at and scale_up.last_at > since else timedelta(0)
    seen = condition.seen_at or since
    fatal = not claim and look.lasted(seen + later) >= look.graces.scheduling
    step = "Bind or create the claim" if claim else "Ask for less, relax where it may run, or have a node added"
    return Finding(
        reason="volume_pending" if claim else "unschedulable",
        pod=pod.name,
        container="",
        since=since,
        fatal=fatal,
        sentence="the pod waits for a volume claim that is not bound" if claim else "no node takes the pod",
        next_step=f"{step}: {look.describe(pod)}.",
        evidence=in_one_line(condition.message),
        event=said(scale_up),
        told=fatal or look.lasted(seen) >= TOLD_AFTER,
    )


def _waiting(look: Look, pod: Pod, container: Container) -> Finding | None:
    row = row_of(container)
    if row is None:
        return None
    since = container.waiting_since or pod.started_at or pod.created_at or look.now
    grace = row.grace(look.graces)
    last = container.last_terminated
    # The cluster's clock may be ahead of ours; what needs no grace needs no clock.
    fatal = grace is not None and look.lasted(since) >= grace
    return Finding(
        reason=row.code,
        pod=pod.name,
        container=container.name,
        since=since,
        fatal=fatal,
        sentence=row.sentence.format(container=container.name),
        exit_code=last.exit_code if last and row.code in _START_CODES else None,
        next_step=row.next_step,
        evidence=in_one_line(container.waiting_message),
        told=fatal or look.lasted(since) >= TOLD_AFTER,
    )


def _not_started(look: Look, pod: Pod) -> Finding | None:
    """The node has the pod and none of its containers runs: only a warning says why, so without one it just waits."""
    since = pod.started_at or pod.created_at or look.now
    begun = any(each.running or each.terminated for each in pod.containers)
    if pod.ready or begun or any(each.waiting_reason not in _NOT_YET for each in pod.containers):
        return None
    volume = latest(look.observation, pod.uid, *VOLUMES)
    event = volume or latest_failure(look.observation, pod.uid)
    if event is None or look.lasted(unready_since(pod) or since) < TOLD_AFTER:
        return None
    return Finding(
        reason="volume_pending" if volume else "not_started",
        pod=pod.name,
        container="",
        since=since,
        fatal=False,
        sentence="the pod waits for a volume" if volume else "the node has not started the pod's containers",
        next_step=f"{_VOLUME_STEP if volume else 'If it stays, tell the platform team'}: {look.describe(pod)}.",
        evidence=said(event),
        told=True,
    )


def _is_unready(container: Container) -> bool:
    return container.running and not container.ready and (not container.init or container.sidecar)


def _unready(look: Look, pod: Pod, container: Container) -> Finding | None:
    """It runs and no probe calls it ready: that may still come, so it only explains."""
    since = pod.started_at or pod.created_at or look.now
    if not _is_unready(container) or look.lasted(unready_since(pod) or since) < TOLD_AFTER:
        return None
    event = failing_probe(look, pod)
    how = "is no longer ready" if was_ready(pod) else "never became ready"
    probe = f": its readiness probe {as_code(look.probe)} fails" if look.probe and look.is_ours(container) else ""
    return Finding(
        reason="not_ready",
        pod=pod.name,
        container=container.name,
        since=since,
        fatal=False,
        sentence=f"{called(container)} runs and {how}{probe}",
        next_step="Check the readiness probe's path and port, and read the container's last log lines.",
        evidence=said(event),
        told=event is not None,
    )


def failing_probe(look: Look, pod: Pod) -> Event | None:
    """What a readiness or startup probe of the pod was answered last."""
    found = [
        latest(look.observation, pod.uid, "Unhealthy", says=f"{probe} probe failed")
        for probe in ("Readiness", "Startup")
    ]
    return next((event for event in found if event), None)
