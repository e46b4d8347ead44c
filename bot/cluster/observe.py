"""Kubernetes objects → the domain's facts about one rollout. Pure."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from bot.cluster.objects import (
    ConditionObject,
    ContainerStatus,
    DeploymentObject,
    ManagedField,
    PodObject,
    ReplicaSetObject,
    TemplateSpec,
    TerminatedState,
)
from bot.domain.workload import Condition, Container, Observation, Pod, Revision, Terminated, Workload

_REVISION = "deployment.kubernetes.io/revision"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

WaitingSince = Callable[[str, str], datetime | None]
"""(pod uid, container name) → when the watch first saw it wait for what it waits for."""


def to_observation(
    deployment: DeploymentObject | None,
    replica_sets: Iterable[ReplicaSetObject],
    pods: Iterable[PodObject],
    *,
    container: str,
    waiting_since: WaitingSince,
) -> Observation:
    """The workload with its own replica sets and their pods; everything else in the namespace is left out."""
    if deployment is None:
        return Observation(workload=None)
    ours = [each for each in map(_to_revision, replica_sets) if each.owner_uid == deployment.metadata.uid]
    owners = {each.uid for each in ours}
    return Observation(
        workload=to_workload(deployment, container),
        revisions=tuple(ours),
        pods=tuple(to_pod(pod, waiting_since) for pod in pods if _owner(pod) in owners),
    )


def to_workload(deployment: DeploymentObject, container: str) -> Workload:
    """The Deployment; writer and probe are told for `container`."""
    meta, spec, status = deployment.metadata, deployment.spec, deployment.status
    annotations = meta.annotations or {}
    return Workload(
        name=meta.name,
        namespace=meta.namespace,
        uid=meta.uid,
        generation=meta.generation,
        observed_generation=status.observed_generation,
        revision=annotations.get(_REVISION, ""),
        replicas=1 if spec.replicas is None else spec.replicas,
        paused=spec.paused,
        progress_deadline_seconds=spec.progress_deadline_seconds,
        images=_images(spec.template.spec),
        annotations=annotations,
        labels=meta.labels or {},
        status_replicas=status.replicas,
        updated_replicas=status.updated_replicas,
        ready_replicas=status.ready_replicas,
        available_replicas=status.available_replicas,
        conditions=_conditions(status.conditions),
        last_writer=_last_writer(meta.managed_fields or (), container),
        readiness_probe=_probe(spec.template.spec, container),
    )


def _images(template: TemplateSpec) -> dict[str, str]:
    return {each.name: each.image for each in template.containers or ()}


def _probe(template: TemplateSpec, container: str) -> str:
    found = next((each.readiness_probe for each in template.containers or () if each.name == container), None)
    return "command" if found else ""


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


def _to_revision(item: ReplicaSetObject) -> Revision:
    return Revision(
        name=item.metadata.name,
        uid=item.metadata.uid,
        owner_uid=_owner(item),
        revision=(item.metadata.annotations or {}).get(_REVISION, ""),
        images=_images(item.spec.template.spec),
        key=item.metadata.uid,
        conditions=_conditions(item.status.conditions),
    )


def to_pod(item: PodObject, waiting_since: WaitingSince) -> Pod:
    """One pod with all its containers, init containers first."""
    meta, status = item.metadata, item.status
    conditions = _conditions(status.conditions)
    containers = [
        *(_to_container(each, meta.uid, waiting_since, init=True) for each in status.init_container_statuses or ()),
        *(_to_container(each, meta.uid, waiting_since, init=False) for each in status.container_statuses or ()),
    ]
    return Pod(
        name=meta.name,
        uid=meta.uid,
        owner_uid=_owner(item),
        revision=_owner(item),
        phase=status.phase,
        node=item.spec.node_name,
        reason=status.reason,
        terminating=meta.deletion_timestamp is not None,
        ready=any(each.type == "Ready" and each.status == "True" for each in conditions),
        created_at=meta.creation_timestamp,
        started_at=status.start_time,
        conditions=conditions,
        containers=tuple(containers),
    )


def _to_container(item: ContainerStatus, pod_uid: str, waiting_since: WaitingSince, *, init: bool) -> Container:
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


def _conditions(items: list[ConditionObject] | None) -> tuple[Condition, ...]:
    return tuple(
        Condition(
            type=each.type,
            status=each.status,
            reason=each.reason,
            message=each.message,
            changed_at=each.last_transition_time,
        )
        for each in items or ()
    )


def _owner(item: PodObject | ReplicaSetObject) -> str:
    owners = item.metadata.owner_references
    return owners[0].uid if owners else ""
