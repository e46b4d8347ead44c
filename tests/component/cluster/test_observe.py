"""Objects as the API server sends them → facts."""

from datetime import UTC, datetime

import msgspec
import pytest

from bot.cluster.objects import DeploymentObject, PodObject
from bot.cluster.observe import to_pod, to_workload
from bot.domain.workload import Condition, Terminated
from tests.component.cluster.objects import DIGEST, deployment, pod


def workload(**changes):
    return to_workload(msgspec.json.decode(msgspec.json.encode(deployment(**changes)), type=DeploymentObject), "web")


def parsed(**changes):
    item = msgspec.json.decode(msgspec.json.encode(pod(**changes)), type=PodObject)
    return to_pod(item, lambda *_: datetime(2026, 11, 21, tzinfo=UTC))


def owner(manager, time, *, container="web", field="f:image"):
    containers = {f'k:{{"name":"{container}"}}': {".": {}, field: {}}}
    fields = {"f:spec": {"f:template": {"f:spec": {"f:containers": containers}}}}
    return {"manager": manager, "time": time, "operation": "Update", "fieldsV1": fields}


def test_a_workload_is_read_whole():
    found = workload()

    assert (found.namespace, found.observed_generation, found.revision) == ("team-a", 3, "2")
    assert (found.replicas, found.status_replicas, found.ready_replicas, found.available_replicas) == (2, 2, 1, 1)
    assert found.images == {"sidecar": "side:1", "web": "reg.example/web:v1"}
    assert found.readiness_probe
    assert found.conditions == (
        Condition(
            type="Progressing",
            status="True",
            reason="NewReplicaSetAvailable",
            message="done",
            changed_at=datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
        ),
    )


def test_a_workload_the_controller_has_not_seen_has_no_observed_generation():
    bare = {"metadata": {"name": "web", "uid": "u"}, "spec": {"template": {"spec": {"containers": []}}}, "status": {}}

    found = to_workload(msgspec.convert(bare, type=DeploymentObject), "web")

    assert (found.observed_generation, found.revision, found.readiness_probe) == (None, "", "")


@pytest.mark.parametrize(
    ("entries", "manager"),
    [
        ([owner("greenlane", "2026-11-21T12:00:00Z"), owner("kubectl", "2026-11-21T12:05:00Z")], "kubectl"),
        ([owner("kubectl", "2026-11-21T12:05:00Z"), owner("greenlane", "2026-11-21T12:00:00Z")], "kubectl"),
        (
            [owner("greenlane", "2026-11-21T12:00:00Z"), owner("x", "2026-11-21T13:00:00Z", container="sidecar")],
            "greenlane",
        ),
        ([owner("greenlane", "2026-11-21T12:00:00Z"), owner("x", "2026-11-21T13:00:00Z", field="f:env")], "greenlane"),
        ([{"manager": "hpa", "time": "2026-11-21T13:00:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}}}}], ""),
        ([], ""),
        (None, ""),
    ],
)
def test_the_last_writer_is_the_newest_owner_of_our_image(entries, manager):
    assert workload(managedFields=entries).last_writer == manager


def test_a_pod_is_read_with_its_containers():
    found = parsed()

    assert (found.owner_uid, found.node, found.ready, found.terminating) == ("uid-web-1", "node-1", True, False)
    assert found.ready_at == datetime(2026, 11, 21, 12, 0, 6, tzinfo=UTC)
    [container] = found.containers
    assert (container.image_id, container.restarts, container.running) == (f"reg.example/web@{DIGEST}", 1, True)
    assert container.waiting_since is None
    assert container.last_terminated == Terminated(
        exit_code=3, reason="Error", finished_at=datetime(2026, 11, 21, 12, 0, 4, tzinfo=UTC)
    )


def test_what_waits_has_the_time_the_watch_first_saw_it():
    [container] = parsed(waiting="ErrImagePull").containers

    assert (container.waiting_reason, container.waiting_message) == ("ErrImagePull", "why")
    assert container.waiting_since == datetime(2026, 11, 21, tzinfo=UTC)


def test_a_stopping_pod_and_init_containers_are_known():
    raw = pod()
    raw["metadata"]["deletionTimestamp"] = "2026-11-21T12:01:00Z"
    raw["status"]["initContainerStatuses"] = [{"name": "prepare", "state": {"terminated": {"exitCode": 0}}}]
    found = to_pod(msgspec.json.decode(msgspec.json.encode(raw), type=PodObject), lambda *_: None)

    assert found.terminating
    assert [(each.name, each.init) for each in found.containers] == [("prepare", True), ("web", False)]
    assert found.container("prepare") is None
