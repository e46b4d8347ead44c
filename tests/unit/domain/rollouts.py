"""Builders of observations: a healthy rollout of two pods, to be bent by each test."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.verdict import Wanted
from bot.domain.workload import (
    Condition,
    Container,
    Event,
    Observation,
    Pod,
    Revision,
    Terminated,
    Workload,
    WorkloadKind,
)

T0 = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64
OLD_DIGEST = "sha256:" + "b" * 64
IMAGE = f"reg.example/team/web:v2@{DIGEST}"
OLD_IMAGE = f"reg.example/team/web:v1@{OLD_DIGEST}"
UID = "uid-web"
NEW = "web-new"
OLD = "web-old"


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def wanted(**changes: Any) -> Wanted:
    base = Wanted(
        uid=UID,
        generation=2,
        container="web",
        image=IMAGE,
        digests=frozenset({DIGEST}),
        patched_at=T0,
        deadline=at(900),
    )
    return replace(base, **changes)


def complete() -> Condition:
    return Condition(type="Progressing", status="True", reason="NewReplicaSetAvailable")


def deadline_exceeded(message: str) -> Condition:
    return Condition(type="Progressing", status="False", reason="ProgressDeadlineExceeded", message=message)


def workload(**changes: Any) -> Workload:
    base = Workload(
        name="web",
        namespace="team-a",
        uid=UID,
        generation=2,
        observed_generation=2,
        revision="2",
        replicas=2,
        paused=False,
        progress_deadline_seconds=600,
        images={"web": IMAGE},
        status_replicas=2,
        updated_replicas=2,
        ready_replicas=2,
        available_replicas=2,
        conditions=(complete(),),
    )
    return replace(base, **changes)


def replica_set(name: str = NEW, **changes: Any) -> Revision:
    fresh = name == NEW
    base = Revision(
        name=name,
        uid=f"uid-{name}",
        owner_uid=UID,
        revision="2" if fresh else "1",
        key=f"uid-{name}",
        images={"web": IMAGE if fresh else OLD_IMAGE},
    )
    return replace(base, **changes)


def container(**changes: Any) -> Container:
    base = Container(name="web", image=IMAGE, image_id=f"reg.example/team/web@{DIGEST}", ready=True, running=True)
    return replace(base, **changes)


def stuck(reason: str, message: str = "", **changes: Any) -> Container:
    """A container that waits and never ran."""
    waiting = {"ready": False, "running": False, "image_id": "", "waiting_reason": reason, "waiting_message": message}
    return container(**(waiting | {"waiting_since": at(2)} | changes))


def ended(code: int, *, since: float = 2, until: float = 2.5, **changes: Any) -> Terminated:
    base = Terminated(exit_code=code, reason="Error", started_at=at(since), finished_at=at(until))
    return replace(base, **changes)


def pod(name: str, *containers: Container, owner: str = NEW, ready_at: float = 3, **changes: Any) -> Pod:
    each = containers or (container(),)
    ready = all(one.ready for one in each)
    condition = Condition(type="Ready", status=str(ready), changed_at=at(ready_at if ready else 1))
    base = Pod(
        name=name,
        uid=f"uid-{name}",
        owner_uid=f"uid-{owner}",
        revision=f"uid-{owner}",
        phase="Running",
        ready=ready,
        created_at=at(1),
        started_at=at(1),
        conditions=(condition,),
        containers=each,
    )
    return replace(base, **changes)


def old_pod(name: str = "old-1", **changes: Any) -> Pod:
    return pod(name, container(image=OLD_IMAGE, image_id=f"reg.example/team/web@{OLD_DIGEST}"), owner=OLD, **changes)


def observation(*pods: Pod, of: Workload | None = None, sets: tuple[Revision, ...] | None = None) -> Observation:
    """Two good new pods unless told otherwise."""
    return Observation(
        workload=of or workload(),
        revisions=(replica_set(OLD), replica_set(NEW)) if sets is None else sets,
        pods=pods or (pod("web-1"), pod("web-2")),
    )


def starting(**changes: Any) -> Workload:
    """The controller has made the new pods, none is ready yet."""
    progress = Condition(type="Progressing", status="True", reason="ReplicaSetUpdated")
    begun = {"ready_replicas": 0, "available_replicas": 0, "conditions": (progress,)}
    return workload(**(begun | changes))


def event(reason: str, message: str = "", *, of: str = "uid-web-1", at_second: float = 10, **changes: Any) -> Event:
    base = Event(
        object_uid=of,
        object_name=of.removeprefix("uid-"),
        reason=reason,
        message=message,
        first_at=at(at_second),
        last_at=at(at_second),
    )
    return replace(base, **changes)


def stateful_set(**changes: Any) -> Workload:
    """Three pods, all of the new version unless told otherwise."""
    return _of_revisions(WorkloadKind.STATEFULSET, max_unavailable=1, **changes)


def daemon_set(**changes: Any) -> Workload:
    """Three nodes."""
    return _of_revisions(WorkloadKind.DAEMONSET, max_unavailable=1, **changes)


def _of_revisions(kind: WorkloadKind, **changes: Any) -> Workload:
    counts = dict.fromkeys(("status_replicas", "updated_replicas", "ready_replicas", "available_replicas"), 3)
    base = {"kind": kind, "replicas": 3, "revision": NEW, "progress_deadline_seconds": None, "conditions": ()}
    return workload(**(base | counts | changes))


def controller_revision(name: str = NEW, **changes: Any) -> Revision:
    return replace(replica_set(name), revision=name, key=name, **changes)


def member(ordinal: int, *containers: Container, revision: str = NEW, **changes: Any) -> Pod:
    """A pod of a stateful set or a daemon set: made by the workload itself."""
    made = pod(f"web-{ordinal}", *containers)
    if revision == OLD and not containers:
        made = old_pod(f"web-{ordinal}")
    return replace(made, owner_uid=UID, revision=revision, ordinal=ordinal, **changes)


def members(*, old: int = 0, of: int = 3) -> tuple[Pod, ...]:
    """A stateful set's pods: the first ones are still of the old version."""
    return tuple(member(ordinal, revision=OLD if ordinal < old else NEW) for ordinal in range(of))


def seen(of: Workload, *pods: Pod, events: tuple[Event, ...] = ()) -> Observation:
    """Of a stateful set or a daemon set."""
    revisions = (controller_revision(OLD), controller_revision(NEW))
    return Observation(workload=of, revisions=revisions, pods=pods, events=events)
