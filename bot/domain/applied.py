"""Applied, and yet nothing or not all of it runs, because the workload itself says so: neutral, never green."""

from bot.domain.judgement import Judgement, Rollout, Verdict, end, wait
from bot.domain.workload import Observation, Pod, Workload, WorkloadKind

_NAMED = 5


def scaled_to_zero(observation: Observation, workload: Workload) -> Judgement | None:
    """Zero replicas, or no node for a DaemonSet: applied, and nothing was verified."""
    if workload.replicas != 0:
        return None
    daemons = workload.kind is WorkloadKind.DAEMONSET
    if workload.status_replicas or observation.other_pods(None):
        what = "no node is left for the workload" if daemons else "the workload is scaled to zero"
        return wait("scaling_to_zero", f"{what} and its last pods still stop")
    if daemons:
        return end(Verdict.NEUTRAL, "no_nodes", "applied, but no node is to run the workload: nothing runs")
    return end(Verdict.NEUTRAL, "zero_replicas", "applied, but the workload is scaled to zero: nothing runs")


def left_to_people(rollout: Rollout) -> Judgement | None:
    """`OnDelete`, or a partition above every pod: the cluster will not replace any pod by itself."""
    workload = rollout.workload
    if not rollout.old:
        return None
    if workload.on_delete:
        names = " ".join(pod.name for pod in sorted(rollout.old, key=_last_first)[:_NAMED])
        more = "" if len(rollout.old) <= _NAMED else f", and {len(rollout.old) - _NAMED} more"
        command = f"`kubectl -n {workload.namespace} delete pod {names}`{more}"
        return end(Verdict.NEUTRAL, "on_delete", f"applied; pods take it when they are deleted: {command}")
    if rollout.goal == 0:
        return kept_back(rollout)
    return None


def kept_back(rollout: Rollout) -> Judgement | None:
    """A partition that leaves pods on the version before; None when no such pod is left."""
    if not rollout.old:
        return None
    if rollout.goal == 0:
        text = "applied, but the update's partition leaves every pod on the version before"
    else:
        others = "the other one" if len(rollout.old) == 1 else f"the other {len(rollout.old)}"
        text = f"{rollout.progress}; the update's partition leaves {others} on the version before"
    return end(Verdict.NEUTRAL, "partition", f"{text} (`partition: {rollout.workload.partition}`)")


def _last_first(pod: Pod) -> tuple[int, str]:
    """A StatefulSet is updated from its last pod on."""
    return (-(pod.ordinal or 0), pod.name)
