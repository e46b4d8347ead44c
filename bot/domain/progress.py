"""Why a rollout is not finished, kind by kind: its controller's counts and its pods must agree.

No kind's counts are enough alone: a StatefulSet counts pods that are created and not ready, and none of them says which
version a pod runs.
"""

from bot.domain.judgement import Judgement, Rollout, counted, deadline_seconds, wait
from bot.domain.startup import runs_unready
from bot.domain.workload import Workload, WorkloadKind, find_condition


def why_not_finished(rollout: Rollout) -> Judgement | None:
    """What is missing; None when counts, pods and the controller all say that it is finished."""
    if rollout.workload.kind is WorkloadKind.STATEFULSET:
        found = _stateful_set(rollout)
    elif rollout.workload.kind is WorkloadKind.DAEMONSET:
        found = _daemon_set(rollout)
    else:
        found = _deployment(rollout)
    return found or _digests(rollout)


def _deployment(rollout: Rollout) -> Judgement | None:
    workload, new, goal = rollout.workload, rollout.new, rollout.goal
    # A pod that runs unready holds back those after it: then it is the cause, not that they are missing.
    if (workload.updated_replicas != goal or len(new) != goal) and not any(runs_unready(pod) for pod in new):
        return _creating(rollout)
    if workload.available_replicas != goal or not all(pod.ready for pod in new):
        return _starting(rollout)
    if workload.status_replicas != workload.updated_replicas or rollout.outdated:
        return old_left()
    if deadline_seconds(workload) is not None and not is_complete(workload):
        return _finishing()
    return None


def _stateful_set(rollout: Rollout) -> Judgement | None:
    """Pod by pod from the last ordinal to the partition; its revision fields and updated count are known to mislead."""
    workload, new = rollout.workload, rollout.new
    missing = set(range(workload.kept, workload.replicas)) - {workload.index_of(pod) for pod in new}
    if missing and not any(runs_unready(pod) for pod in new):
        return _creating(rollout)
    if missing or not all(pod.ready for pod in new):
        return _starting(rollout)
    if rollout.outdated:
        return old_left()
    # A pod that the partition keeps may be missing too: then the counts are behind.
    counts = (workload.ready_replicas, workload.status_replicas, len(new) + len(rollout.old))
    if counts != (workload.replicas,) * 3:
        return _finishing()
    return None


def _daemon_set(rollout: Rollout) -> Judgement | None:
    workload, new = rollout.workload, rollout.new
    if len(new) < rollout.goal and not any(runs_unready(pod) for pod in new):
        return _creating(rollout)
    if len(new) < rollout.goal or not all(pod.ready for pod in new):
        return _starting(rollout)
    if rollout.outdated:
        return old_left()
    if workload.updated_replicas != rollout.goal or workload.available_replicas != rollout.goal:
        return _finishing()
    return None


def is_complete(workload: Workload) -> bool:
    """Whether a Deployment's controller says that its rollout is complete."""
    condition = find_condition(workload.conditions, "Progressing")
    return condition is not None and condition.status == "True" and condition.reason == "NewReplicaSetAvailable"


def lag(rollout: Rollout) -> str:
    """How many nodes of a DaemonSet are behind, for the end of a sentence; empty for the other kinds."""
    behind = rollout.goal - rollout.ready
    if rollout.workload.kind is not WorkloadKind.DAEMONSET or behind <= 0:
        return ""
    return f", {behind} {'node lags' if behind == 1 else 'nodes lag'} behind"


def old_left() -> Judgement:
    """Pods of the version before are still there."""
    return wait("old_pods_left", "the new pods are ready, the old ones still stop")


def _digests(rollout: Rollout) -> Judgement | None:
    if all(rollout.digest_of(pod) in rollout.wanted.digests for pod in rollout.new):
        return None
    return wait("digest_unknown", "the new pods are ready, but the node does not say which digest they run")


def _creating(rollout: Rollout) -> Judgement:
    return wait("pods_creating", f"{len(rollout.new)} of {counted(rollout.goal)} created")


def _starting(rollout: Rollout) -> Judgement:
    return wait("pods_starting", rollout.progress)


def _finishing() -> Judgement:
    return wait("controller_finishing", "the new pods are ready, the cluster's controller has not closed it yet")
