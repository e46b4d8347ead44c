"""A stateful set's broken pod of another version: it is not replaced, and it holds back the pods that would be.

The controller waits for every pod to be ready before it replaces the next one, so a pod that a bad version broke stays
even when the template is put back. Only deleting it helps.
"""

from collections.abc import Iterator
from datetime import datetime

from bot.domain.finding import TOLD_AFTER, Finding, Look
from bot.domain.graces import Graces
from bot.domain.startup import findings_of, is_lost
from bot.domain.workload import Observation, Pod, Revision, WorkloadKind, find_condition


def stuck_pods(observation: Observation, revision: Revision, graces: Graces, now: datetime) -> tuple[Pod, ...]:
    """The pods whose deletion lets the update to this revision go on, in the order of their names."""
    return _stuck(Look(observation=observation, revision=revision, graces=graces, now=now))


def find_stuck(look: Look) -> Iterator[Finding]:
    """A finding for each; never fatal, since the new version is not to blame."""
    for pod in _stuck(look):
        cause = next(iter(sorted(findings_of(look, pod), key=lambda each: (not each.fatal, each.container))), None)
        why = f": {cause.sentence}" if cause else ""
        namespace = look.workload.namespace if look.workload else ""
        yield Finding(
            reason="stuck_pod",
            pod=pod.name,
            container=cause.container if cause else "",
            since=cause.since if cause else look.now,
            fatal=False,
            sentence=f"a pod of another version is broken and holds back the update{why}",
            exit_code=cause.exit_code if cause else None,
            previous_logs=cause.previous_logs if cause else False,
            next_step=f"Delete it, and the new version takes its place: `kubectl -n {namespace} delete pod {pod.name}`",
            evidence=cause.evidence if cause else "",
            event=cause.event if cause else "",
            told=True,
        )


def _stuck(look: Look) -> tuple[Pod, ...]:
    workload = look.workload
    if workload is None or workload.kind is not WorkloadKind.STATEFULSET or workload.parallel or workload.on_delete:
        return ()
    return tuple(
        pod
        for pod in look.observation.other_pods(look.revision)
        if not workload.keeps(pod) and not is_lost(pod) and _is_broken(look, pod)
    )


def _is_broken(look: Look, pod: Pod) -> bool:
    if pod.ready:
        return False
    condition = find_condition(pod.conditions, "Ready")
    since = (condition.changed_at if condition else None) or pod.started_at or pod.created_at or look.now
    return look.lasted(since) >= TOLD_AFTER or any(each.fatal for each in findings_of(look, pod))
