"""A stateful set's pod of another version that is not ready: it is not replaced, and it holds back those that would be.

The controller waits for every pod to be ready before it replaces the next one, so a pod that a bad version broke stays
even when the template is put back. Only deleting it helps. One that just is not ready may be a good release's, busy
with its data: whether to delete that one is left to people.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from bot.domain.finding import TOLD_AFTER, Finding, Look
from bot.domain.graces import Graces
from bot.domain.startup import findings_of, is_lost, unready_since
from bot.domain.workload import Observation, Pod, Revision, WorkloadKind, find_condition


def stuck_pods(observation: Observation, revision: Revision, graces: Graces, now: datetime) -> tuple[Pod, ...]:
    """The pods to delete so that the update to this revision goes on, in the order of their names: only doomed ones."""
    look = Look(observation=observation, revision=revision, graces=graces, now=now)
    return tuple(pod for pod in _unready(look) if _is_doomed(look, pod))


def find_stuck(look: Look) -> Iterator[Finding]:
    """A finding for each that is or stays unready; never fatal, since the new version is not to blame."""
    look = replace(look, patched_at=None)  # these pods are older than the rollout
    namespace = look.workload.namespace if look.workload else ""
    for pod in _unready(look):
        doomed = _is_doomed(look, pod)
        if not doomed and not _lasts(look, pod):
            continue
        cause = next(iter(sorted(findings_of(look, pod), key=lambda each: (not each.fatal, each.container))), None)
        state = "broken" if doomed else "not ready"
        why = f": {cause.sentence}" if cause else ""
        delete = f"`kubectl -n {namespace} delete pod {pod.name}`"
        yield Finding(
            reason="stuck_pod",
            pod=pod.name,
            container=cause.container if cause else "",
            since=cause.since if cause else look.now,
            fatal=False,
            sentence=f"a pod of another version is {state} and holds back the update{why}",
            exit_code=cause.exit_code if cause else None,
            previous_logs=cause.previous_logs if cause else False,
            next_step=f"Delete it, and the new version takes its place: {delete}"
            if doomed
            else f"If it does not become ready by itself, delete it, and the new version takes its place: {delete}",
            evidence=cause.evidence if cause else "",
            event=cause.event if cause else "",
            told=True,
        )


def _unready(look: Look) -> Iterator[Pod]:
    """Those for which the controller waits."""
    workload = look.workload
    if workload is None or workload.kind is not WorkloadKind.STATEFULSET or workload.parallel or workload.on_delete:
        return
    for pod in look.observation.other_pods(look.revision):
        if not pod.ready and not workload.keeps(pod) and not is_lost(pod):
            yield pod


def _is_doomed(look: Look, pod: Pod) -> bool:
    """Exits of long ago don't doom what runs now: their count is all that is left of them."""
    idle = {each.name for each in pod.containers if not each.running}
    return any(each.fatal and (not each.container or each.container in idle) for each in findings_of(look, pod))


def _lasts(look: Look, pod: Pod) -> bool:
    condition = find_condition(pod.conditions, "Ready")
    since = (condition.changed_at if condition else None) or pod.started_at or pod.created_at or look.now
    return look.lasted(unready_since(pod) or since) >= TOLD_AFTER
