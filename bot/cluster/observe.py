"""A namespace's objects → the domain's facts about one rollout. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.cluster.kinds import RevisionObject, WorkloadObject
from bot.cluster.messages import bounded
from bot.cluster.objects import ContainerStatus, EventObject, Meta, PodObject, TerminatedState
from bot.cluster.sightings import STOPPING, THERE, condition, exit_of, waiting
from bot.cluster.workloads import HASH_LABEL, owner_of, to_conditions, to_revisions, to_workload
from bot.domain.workload import Condition, Container, Event, Observation, Pod, Terminated, WorkloadKind

Since = Callable[[str, str], datetime | None]
"""(uid, fact) → since when the watch has seen it so, as `Sightings.since` tells it."""


def to_observation(
    item: WorkloadObject | None,
    kind: WorkloadKind,
    *,
    revisions: Iterable[RevisionObject],
    pods: Iterable[PodObject],
    events: Iterable[EventObject],
    container: str,
    since: Since,
) -> Observation:
    """The workload with its own revisions, their pods and what was said of them; all else is left out."""
    if item is None:
        return Observation(workload=None)
    uid = item.metadata.uid
    kept = tuple(
        replace(each, conditions=_sighted(each.conditions, each.uid, since))
        for each in to_revisions(kind, revisions, uid)
    )
    makers = {each.uid for each in kept} if kind is WorkloadKind.DEPLOYMENT else {uid}
    made = tuple(to_pod(pod, kind, since) for pod in pods if owner_of(pod.metadata) in makers)
    about = {uid, *(each.uid for each in kept), *(each.uid for each in made)}
    return Observation(
        workload=to_workload(item, container, revisions=kept),
        revisions=kept,
        pods=made,
        events=tuple(to_event(each) for each in events if each.involved_object.uid in about),
    )


def to_pod(item: PodObject, kind: WorkloadKind, since: Since) -> Pod:
    """One pod with all its containers, init containers first."""
    meta, status = item.metadata, item.status
    conditions = _sighted(to_conditions(status.conditions), meta.uid, since)
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
        stops_by=_stops_by(meta, since),
        ready=any(each.type == "Ready" and each.status == "True" for each in conditions),
        created_at=meta.creation_timestamp,
        seen_at=since(meta.uid, THERE),
        started_at=status.start_time,
        conditions=conditions,
        containers=_containers(item, since),
    )


def to_event(item: EventObject) -> Event:
    """One event with its count and times, however its writer counts."""
    return Event(
        object_uid=item.involved_object.uid,
        object_name=item.involved_object.name,
        reason=item.reason,
        message=bounded(item.message),
        warning=item.type == "Warning",
        count=max(1, item.count or 0, item.series.count if item.series else 0),
        first_at=item.first_at,
        last_at=item.last_at,
    )


def _stops_by(meta: Meta, since: Since) -> datetime | None:
    """By our own clock, if the watch saw it begin to stop."""
    seen, grace = since(meta.uid, STOPPING), meta.deletion_grace_period_seconds
    if meta.deletion_timestamp is None or seen is None or grace is None:
        return meta.deletion_timestamp
    return seen + timedelta(seconds=grace)


def _ordinal(name: str) -> int | None:
    number = name.rpartition("-")[2]
    return int(number) if number.isascii() and number.isdigit() else None


def _containers(item: PodObject, since: Since) -> tuple[Container, ...]:
    uid, status = item.metadata.uid, item.status
    stay = {each.name for each in item.spec.init_containers or () if each.restart_policy == "Always"}
    return (
        *(
            _to_container(each, uid, since, init=True, sidecar=each.name in stay)
            for each in status.init_container_statuses or ()
        ),
        *(_to_container(each, uid, since) for each in status.container_statuses or ()),
    )


def _to_container(
    item: ContainerStatus, pod_uid: str, since: Since, *, init: bool = False, sidecar: bool = False
) -> Container:
    waits = item.state.waiting
    return Container(
        name=item.name,
        image=item.image,
        image_id=item.image_id,
        ready=item.ready,
        running=item.state.running is not None,
        restarts=item.restart_count,
        waiting_reason=waits.reason if waits else "",
        waiting_message=bounded(waits.message) if waits else "",
        waiting_since=since(pod_uid, waiting(item.name)) if waits else None,
        terminated=_to_terminated(item.state.terminated),
        last_terminated=_to_terminated(item.last_state.terminated),
        exit_seen_at=since(pod_uid, exit_of(item.name)) if _has_ended(item) else None,
        init=init,
        sidecar=sidecar,
    )


def _has_ended(item: ContainerStatus) -> bool:
    return (item.state.terminated or item.last_state.terminated) is not None


def _sighted(conditions: tuple[Condition, ...], uid: str, since: Since) -> tuple[Condition, ...]:
    return tuple(replace(each, seen_at=since(uid, condition(each.type))) for each in conditions)


def _to_terminated(item: TerminatedState | None) -> Terminated | None:
    if item is None:
        return None
    return Terminated(
        exit_code=item.exit_code,
        reason=item.reason,
        message=bounded(item.message),
        started_at=item.started_at,
        finished_at=item.finished_at,
    )
