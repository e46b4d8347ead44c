"""Workloads and revisions of every kind, as objects → the domain's facts. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypedDict

from bot.cluster import unavailable
from bot.cluster.kinds import RevisionObject, WorkloadObject
from bot.cluster.messages import bounded
from bot.cluster.objects import ConditionObject, Meta
from bot.cluster.probes import in_words
from bot.cluster.workload_objects import (
    ControllerRevisionObject,
    DaemonSetObject,
    DeploymentObject,
    ManagedField,
    ReplicaSetObject,
    RollingUpdate,
    StatefulSetObject,
    TemplateSpec,
)
from bot.domain.workload import Condition, Revision, Workload, WorkloadKind

HASH_LABEL = "controller-revision-hash"
"""Pods of a StatefulSet carry their ControllerRevision's name in it, those of a DaemonSet that one's own label."""
_REVISION = "deployment.kubernetes.io/revision"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class _Shared(TypedDict):
    """What every kind has at the same place."""

    name: str
    namespace: str
    uid: str
    generation: int
    observed_generation: int | None
    images: dict[str, str]
    annotations: dict[str, str]
    labels: dict[str, str]
    conditions: tuple[Condition, ...]
    last_writer: str
    readiness_probe: str


def to_workload(item: WorkloadObject, container: str, *, revisions: Iterable[Revision] = ()) -> Workload:
    """The workload; writer and probe are told for `container`.

    A DaemonSet does not name its live revision: without its `revisions`, oldest first, it is unknown.
    """
    facts = _shared(item, container)
    match item:
        case DeploymentObject():
            return _from_deployment(item, facts)
        case StatefulSetObject():
            return _from_stateful_set(item, facts)
        case DaemonSetObject():
            return _from_daemon_set(item, facts, tuple(revisions))


def _shared(item: WorkloadObject, container: str) -> _Shared:
    meta, template = item.metadata, item.spec.template.spec
    return {
        "name": meta.name,
        "namespace": meta.namespace,
        "uid": meta.uid,
        "generation": meta.generation,
        "observed_generation": item.status.observed_generation,
        "images": _images(template),
        "annotations": meta.annotations or {},
        "labels": meta.labels or {},
        "conditions": to_conditions(item.status.conditions),
        "last_writer": _last_writer(meta.managed_fields or (), container),
        "readiness_probe": _probe(template, container),
    }


def _from_deployment(item: DeploymentObject, facts: _Shared) -> Workload:
    spec, status = item.spec, item.status
    replicas = 1 if spec.replicas is None else spec.replicas
    return Workload(
        kind=WorkloadKind.DEPLOYMENT,
        revision=(item.metadata.annotations or {}).get(_REVISION, ""),
        replicas=replicas,
        paused=spec.paused,
        max_unavailable=unavailable.of_deployment(spec.strategy, replicas),
        progress_deadline_seconds=spec.progress_deadline_seconds,
        status_replicas=status.replicas,
        updated_replicas=status.updated_replicas,
        ready_replicas=status.ready_replicas,
        available_replicas=status.available_replicas,
        **facts,
    )


def _from_stateful_set(item: StatefulSetObject, facts: _Shared) -> Workload:
    spec, status = item.spec, item.status
    replicas = 1 if spec.replicas is None else spec.replicas
    rolling = spec.update_strategy.rolling_update or RollingUpdate()
    return Workload(
        kind=WorkloadKind.STATEFULSET,
        revision=status.update_revision,
        replicas=replicas,
        paused=False,
        on_delete=spec.update_strategy.type == "OnDelete",
        partition=rolling.partition or 0,
        parallel=spec.pod_management_policy == "Parallel",
        first_ordinal=spec.ordinals.start if spec.ordinals else 0,
        max_unavailable=unavailable.of_stateful_set(spec.update_strategy, replicas),
        progress_deadline_seconds=None,
        status_replicas=status.replicas,
        updated_replicas=status.updated_replicas,
        ready_replicas=status.ready_replicas,
        available_replicas=status.available_replicas,
        **facts,
    )


def _from_daemon_set(item: DaemonSetObject, facts: _Shared, revisions: tuple[Revision, ...]) -> Workload:
    strategy, status = item.spec.update_strategy, item.status
    nodes = status.desired_number_scheduled
    newest = revisions[-1] if revisions else None
    # The watch of the revisions may be behind: one of other images is the template's before.
    is_live = newest is not None and newest.images == facts["images"]
    return Workload(
        kind=WorkloadKind.DAEMONSET,
        revision=newest.revision if newest and is_live else "",
        replicas=nodes,
        paused=False,
        on_delete=strategy.type == "OnDelete",
        max_unavailable=unavailable.of_daemon_set(strategy, nodes),
        progress_deadline_seconds=None,
        status_replicas=status.current_number_scheduled,
        updated_replicas=status.updated_number_scheduled,
        ready_replicas=status.number_ready,
        available_replicas=status.number_available,
        **facts,
    )


def to_revisions(kind: WorkloadKind, items: Iterable[RevisionObject], owner: str) -> tuple[Revision, ...]:
    """Those of one owner, the oldest first where they are numbered."""
    ours = [each for each in items if owner_of(each.metadata) == owner]
    return tuple(_to_revision(each, kind) for each in sorted(ours, key=_number))


def _number(item: RevisionObject) -> tuple[int, str]:
    return (item.revision if isinstance(item, ControllerRevisionObject) else 0, item.metadata.name)


def _to_revision(item: RevisionObject, kind: WorkloadKind) -> Revision:
    meta = item.metadata
    match item:
        case ReplicaSetObject():
            revision, key = (meta.annotations or {}).get(_REVISION, ""), meta.uid
            template, conditions = item.spec.template.spec, to_conditions(item.status.conditions)
        case ControllerRevisionObject():
            revision = meta.name
            key = meta.name if kind is WorkloadKind.STATEFULSET else (meta.labels or {}).get(HASH_LABEL, "")
            template, conditions = item.template.spec, ()
    return Revision(
        name=meta.name,
        uid=meta.uid,
        owner_uid=owner_of(meta),
        revision=revision,
        key=key,
        images=_images(template),
        conditions=conditions,
    )


def owner_of(meta: Meta) -> str:
    """Uid of the controller, else of the first owner; empty when there is none."""
    owners = meta.owner_references or []
    return next((each.uid for each in owners if each.controller), owners[0].uid if owners else "")


def to_conditions(items: list[ConditionObject] | None) -> tuple[Condition, ...]:
    """As the API server lists them."""
    return tuple(
        Condition(
            type=each.type,
            status=each.status,
            reason=each.reason,
            message=bounded(each.message),
            changed_at=each.last_transition_time,
            updated_at=each.last_update_time,
        )
        for each in items or ()
    )


def _images(template: TemplateSpec) -> dict[str, str]:
    return {each.name: each.image for each in template.containers or ()}


def _probe(template: TemplateSpec, container: str) -> str:
    return in_words(next((each.readiness_probe for each in template.containers or () if each.name == container), None))


def _last_writer(entries: Iterable[ManagedField], container: str) -> str:
    """Manager of the newest entry that owns the container's image."""
    owners = [each for each in entries if _owns_image(each.fields_v1 or {}, container)]
    newest = max(owners, key=lambda each: each.time or _LONG_AGO, default=None)
    return newest.manager if newest else ""


def _owns_image(fields: dict[str, Any], container: str) -> bool:
    path = ("f:spec", "f:template", "f:spec", "f:containers", f'k:{{"name":"{container}"}}', "f:image")
    here: Any = fields
    for key in path:
        if not isinstance(here, dict) or key not in here:
            return False
        here = here[key]
    return True
