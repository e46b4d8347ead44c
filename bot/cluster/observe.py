"""A namespace's objects → the domain's facts about one rollout. Pure."""

from collections.abc import Callable, Iterable
from datetime import datetime

from bot.cluster.kinds import RevisionObject, WorkloadObject
from bot.cluster.objects import ContainerStatus, EventObject, PodObject, TerminatedState
from bot.cluster.workloads import HASH_LABEL, owner_of, to_conditions, to_revisions, to_workload
from bot.domain.workload import Container, Event, Observation, Pod, Terminated, WorkloadKind

WaitingSince = Callable[[str, str], datetime | None]
"""(pod uid, container name) → when the watch first saw it wait for what it waits for."""


def to_observation(
    item: WorkloadObject | None,
    kind: WorkloadKind,
    *,
    revisions: Iterable[RevisionObject],
    pods: Iterable[PodObject],
    events: Iterable[EventObject],
    container: str,
    waiting_since: WaitingSince,
) -> Observation:
    """The workload with its own revisions, their pods and what was said of them; all else is left out."""
    if item is None:
        return Observation(workload=None)
    uid = item.metadata.uid
    kept = to_revisions(kind, revisions, uid)
    makers = {each.uid for each in kept} if kind is WorkloadKind.DEPLOYMENT else {uid}
    made = tuple(to_pod(pod, kind, waiting_since) for pod in pods if owner_of(pod.metadata) in makers)
    about = {uid, *(each.uid for each in kept), *(each.uid for each in made)}
    return Observation(
        workload=to_workload(item, container, revisions=kept),
        revisions=kept,
        pods=made,
        events=tuple(to_event(each) for each in events if each.involved_object.uid in about),
    )


def to_pod(item: PodObject, kind: WorkloadKind, waiting_since: WaitingSince) -> Pod:
    """One pod with all its containers, init containers first."""
    meta, status = item.metadata, item.status
    conditions = to_conditions(status.conditions)
    is_hashed = kind is not WorkloadKind.DEPLOYMENT
    return Pod(
        name=meta.name,
        uid=meta.uid,
        owner_uid=owner_of(meta),
        revision=(meta.labels or {}).get(HASH_LABEL, "") if is_hashed else owner_of(meta),
        ordinal=_ordinal(meta.name) if kind is WorkloadKind.STATEFULSET else None,
        phase=status.phase,
        node=item.spec.node_name,
        reason=status.reason,
        terminating=meta.deletion_timestamp is not None,
        ready=any(each.type == "Ready" and each.status == "True" for each in conditions),
        created_at=meta.creation_timestamp,
        started_at=status.start_time,
        conditions=conditions,
        containers=_containers(item, waiting_since),
    )


def to_event(item: EventObject) -> Event:
    """One event with its count and times, however its writer counts."""
    return Event(
        object_uid=item.involved_object.uid,
        object_name=item.involved_object.name,
        reason=item.reason,
        message=item.message,
        warning=item.type == "Warning",
        count=max(1, item.count or 0, item.series.count if item.series else 0),
        first_at=item.first_at,
        last_at=item.last_at,
    )


def _ordinal(name: str) -> int | None:
    number = name.rpartition("-")[2]
    return int(number) if number.isascii() and number.isdigit() else None


def _containers(item: PodObject, waiting_since: WaitingSince) -> tuple[Container, ...]:
    uid, status = item.metadata.uid, item.status
    stay = {each.name for each in item.spec.init_containers or () if each.restart_policy == "Always"}
    return (
        *(
            _to_container(each, uid, waiting_since, init=True, sidecar=each.name in stay)
            for each in status.init_container_statuses or ()
        ),
        *(_to_container(each, uid, waiting_since) for each in status.container_statuses or ()),
    )


def _to_container(
    item: ContainerStatus, pod_uid: str, waiting_since: WaitingSince, *, init: bool = False, sidecar: bool = False
) -> Container:
    waiting = item.state.waiting
    return Container(
        name=item.name,
        image=item.image,
        image_id=item.image_id,
        ready=item.ready,
        running=item.state.running is not None,
        restarts=item.restart_count,
        waiting_reason=waiting.reason if waiting else "",
        waiting_message=waiting.message if waiting else "",
        waiting_since=waiting_since(pod_uid, item.name) if waiting else None,
        terminated=_to_terminated(item.state.terminated),
        last_terminated=_to_terminated(item.last_state.terminated),
        init=init,
        sidecar=sidecar,
    )


def _to_terminated(item: TerminatedState | None) -> Terminated | None:
    if item is None:
        return None
    return Terminated(
        exit_code=item.exit_code,
        reason=item.reason,
        message=item.message,
        started_at=item.started_at,
        finished_at=item.finished_at,
    )
