"""The time after completion: pods can pass one probe and fall over, so success waits, and a lapse is a failure.

Clocks differ. The time itself runs by ours, from when an earlier look found all complete. Whether a lapse came after
completion follows from when the watch saw it come, by ours too. Only what happened while nobody watched has to follow
from the cluster's own times: the controller's of completion, else when the other pods became ready.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.exits import (
    ADD_PROBE,
    RIGHT_AFTER_START,
    SETTLED_RESTARTS,
    exit_sentence,
    failed_exits,
    is_node_fault,
    lifetime,
    was_ready,
)
from bot.domain.finding import Finding, Look, in_one_line, said
from bot.domain.judgement import Judgement, Rollout, wait
from bot.domain.progress import is_complete
from bot.domain.startup import failing_probe, is_lost
from bot.domain.workload import Container, Pod, WorkloadKind, find_condition

_CLOCKS = timedelta(seconds=1)
"""Kubernetes writes full seconds."""


@dataclass(frozen=True, slots=True)
class _Lapse:
    """A new pod's container that ended, or was no longer ready."""

    at: datetime
    """By the cluster's clock."""
    seen_at: datetime | None
    """When the watch saw it come, by ours."""
    pod: Pod
    container: Container
    exited: bool
    proven: bool
    """Whether the pod itself shows that it had been ready before."""


def is_soaked(rollout: Rollout) -> bool:
    """Whether this rollout is watched after its completion at all."""
    return rollout.wanted.changed and rollout.wanted.soak > timedelta(0)


def soaking(rollout: Rollout) -> Judgement | None:
    """Success waits until the soak time is over, and is never said by the look that first finds all complete."""
    if not is_soaked(rollout):
        return None
    until = _soaked_since(rollout) + rollout.wanted.soak
    if rollout.now >= until:
        return None
    # No countdown: a sentence that changes every second would be written down every second.
    return wait("soaking", f"all new pods are ready; watching them until {until:%H:%M:%S} UTC")


def _soaked_since(rollout: Rollout) -> datetime:
    wanted, now = rollout.wanted, rollout.now
    if wanted.complete_at or now < wanted.deadline + wanted.soak:
        return wanted.complete_at or now
    # Nobody looked while there was time: only the cluster's own times are left.
    return max((pod.ready_at or now for pod in rollout.new), default=now)


def find_lapse(rollout: Rollout, look: Look) -> Finding | None:
    """The first restart or lost readiness after completion; None also when it can't be told from a slow start."""
    if not is_soaked(rollout):
        return None
    lapses = sorted(_lapses(rollout, look), key=lambda each: (each.at, each.pod.name, each.container.name))
    broken = [*_seen_to_come(rollout, lapses), *_by_the_clusters_times(rollout, lapses)]
    return _finding(look, broken[0]) if broken else None


def _seen_to_come(rollout: Rollout, lapses: list[_Lapse]) -> list[_Lapse]:
    """Those that the watch saw come after completion."""
    ours = rollout.wanted.complete_at
    if ours is None:
        return []
    return [
        each
        for each in lapses
        if each.seen_at and _is_within(rollout, each, each.seen_at, ours) and _existed(each.pod.seen_at, ours)
    ]


def _by_the_clusters_times(rollout: Rollout, lapses: list[_Lapse]) -> list[_Lapse]:
    """Of those that nobody saw come."""
    ours, theirs = rollout.wanted.complete_at, _complete_at(rollout)
    lapses = [each for each in lapses if each.at > rollout.wanted.patched_at and (ours is None or not each.seen_at)]
    if ours is None and theirs is None:
        return _after_all_were_ready(rollout, lapses)
    found = []
    for each in lapses:
        since = theirs or _others_ready(rollout, each, ours)
        if since and _is_within(rollout, each, each.at, since) and _existed(each.pod.created_at, since):
            found.append(each)
    return found


def _complete_at(rollout: Rollout) -> datetime | None:
    """When a Deployment's rollout was complete, as its controller says it."""
    condition = find_condition(rollout.workload.conditions, "Progressing")
    if condition is None or condition.updated_at is None or not is_complete(rollout.workload):
        return None
    # One that names another replica set, or is older than the patch, is left over from an earlier rollout.
    ours = f'"{rollout.revision.name}"' in condition.message
    return condition.updated_at if ours and condition.updated_at >= rollout.wanted.patched_at - _CLOCKS else None


def _others_ready(rollout: Rollout, lapse: _Lapse, ours: datetime | None) -> datetime | None:
    """When at the earliest it was complete: the pod itself may have become ready since."""
    known = [pod.ready_at for pod in rollout.new if pod.ready_at and pod.name != lapse.pod.name]
    return max([*known, ours] if ours else known, default=None)


def _is_within(rollout: Rollout, lapse: _Lapse, moment: datetime, since: datetime) -> bool:
    return since < moment and (moment <= since + rollout.wanted.soak or _is_loop(lapse))


def _is_loop(lapse: _Lapse) -> bool:
    """Of many restarts only the last one's time is known: it speaks for those before."""
    return lapse.exited and lapse.container.restarts >= SETTLED_RESTARTS


def _existed(begun: datetime | None, moment: datetime) -> bool:
    return begun is None or begun <= moment


def _after_all_were_ready(rollout: Rollout, lapses: list[_Lapse]) -> list[_Lapse]:
    """Lapses that came when, but for them, everything was complete."""
    proven = [each for each in lapses if each.proven]
    lapsed = {each.pod.name for each in proven}
    others = [pod for pod in rollout.new if pod.name not in lapsed]
    if rollout.outdated or len(rollout.new) < rollout.goal or any(pod.ready_at is None for pod in others):
        return []
    since = max((pod.ready_at for pod in others if pod.ready_at), default=rollout.wanted.patched_at)
    return [each for each in proven if each.at >= since]


def _lapses(rollout: Rollout, look: Look) -> Iterator[_Lapse]:
    for pod in rollout.new:
        if is_lost(pod):
            continue
        for container in pod.containers:
            if container.init and not container.sidecar:
                continue
            lapse = _exit(rollout, look, pod, container) or _unready(rollout, look, pod, container)
            if lapse:
                yield lapse


def _exit(rollout: Rollout, look: Look, pod: Pod, container: Container) -> _Lapse | None:
    exits = failed_exits(container)
    if not exits or exits[0].finished_at is None or is_node_fault(exits[0]):
        return None
    at, ran = exits[0].finished_at, lifetime(exits[0])
    # Without a probe a container is ready while it runs, and alone in its pod it makes the pod ready.
    alone = _is_alone(pod) and look.is_ours(container) and not look.probe
    unprobed = alone and ran is not None and ran >= RIGHT_AFTER_START
    was = was_ready(pod) if not pod.ready else unprobed or _went_on(rollout, pod, at)
    return _Lapse(at, container.exit_seen_at, pod, container, exited=True, proven=was)


def _is_alone(pod: Pod) -> bool:
    """Whether no other container, not even a sidecar, has a say in the pod's readiness."""
    return sum(not each.init or each.sidecar for each in pod.containers) == 1


def _went_on(rollout: Rollout, pod: Pod, moment: datetime) -> bool:
    """Whether a StatefulSet's controller had gone on to the next pod: it does so only when this one is ready."""
    workload = rollout.workload
    if workload.kind is not WorkloadKind.STATEFULSET or workload.parallel or pod.ordinal is None:
        return False
    return any(
        each.ordinal is not None and each.ordinal < pod.ordinal and each.created_at and each.created_at < moment
        for each in rollout.new
    )


def _unready(rollout: Rollout, look: Look, pod: Pod, container: Container) -> _Lapse | None:
    """A node that goes away marks the pod, not its containers: only what the container itself lost counts.

    A kubelet that starts anew takes readiness away for some seconds, so it counts when it lasts, or at the soak's end.
    """
    condition = find_condition(pod.conditions, "Ready")
    if pod.ready or container.ready or not container.running or condition is None or condition.changed_at is None:
        return None
    complete_at, soak = rollout.wanted.complete_at, rollout.wanted.soak
    is_over = complete_at is not None and rollout.now >= complete_at + soak
    lasts = look.lasted(condition.seen_at or condition.changed_at) >= look.graces.start
    if not was_ready(pod) or not (lasts or is_over):
        return None
    return _Lapse(condition.changed_at, condition.seen_at, pod, container, exited=False, proven=True)


def _finding(look: Look, lapse: _Lapse) -> Finding:
    pod, container = lapse.pod, lapse.container
    probed = look.probe or not look.is_ours(container)
    advice = "" if probed else ADD_PROBE
    if lapse.exited:
        end = failed_exits(container)[0]
        return Finding(
            reason="crash_loop" if _is_loop(lapse) else "restarted_in_soak",
            pod=pod.name,
            container=container.name,
            since=lapse.at,
            fatal=True,
            sentence=f"{exit_sentence(look, pod, container)}, after all new pods had been ready",
            exit_code=end.exit_code,
            previous_logs=container.terminated is None,
            next_step="Read the container's last log lines, fix and merge." + advice,
            evidence=in_one_line(end.message),
            told=True,
        )
    return Finding(
        reason="unready_in_soak",
        pod=pod.name,
        container=container.name,
        since=lapse.at,
        fatal=True,
        sentence=f"container `{container.name}` is no longer ready, after all new pods had been",
        next_step="Read the container's last log lines, and check what its readiness probe asks for.",
        evidence=said(failing_probe(look, pod)),
        told=True,
    )
