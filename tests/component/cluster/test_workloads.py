"""Workloads and revisions of each kind, as the API server sends them → facts."""

from datetime import UTC, datetime

import msgspec
import pytest

from bot.cluster.workload_objects import (
    ControllerRevisionObject,
    DaemonSetObject,
    DeploymentObject,
    ReplicaSetObject,
    StatefulSetObject,
)
from bot.cluster.workloads import to_revisions, to_workload
from bot.domain.workload import Condition, WorkloadKind
from tests.component.cluster.objects import (
    IMAGE,
    controller_revision,
    daemon_set,
    deployment,
    replica_set,
    stateful_set,
)


def parse(raw, type_):
    return msgspec.json.decode(msgspec.json.encode(raw), type=type_)


def workload(**changes):
    return to_workload(parse(deployment(**changes), DeploymentObject), "web")


def revisions(kind, *raw, owner="uid-web"):
    type_ = ReplicaSetObject if kind is WorkloadKind.DEPLOYMENT else ControllerRevisionObject
    return to_revisions(kind, [parse(each, type_) for each in raw], owner)


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
            updated_at=datetime(2026, 11, 21, 12, 3, tzinfo=UTC),
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


def test_a_deployment_says_how_much_of_it_may_be_away():
    raw = deployment()
    raw["spec"]["replicas"] = 10
    rolling = to_workload(parse(raw, DeploymentObject), "web")
    raw["spec"]["strategy"] = {"type": "Recreate"}
    recreated = to_workload(parse(raw, DeploymentObject), "web")

    assert (rolling.max_unavailable, recreated.max_unavailable) == (2, 10)
    assert rolling.kind is WorkloadKind.DEPLOYMENT


def test_a_stateful_set_is_read_whole():
    found = to_workload(parse(stateful_set(partition=2, start=5), StatefulSetObject), "web")

    assert (found.kind, found.uid, found.generation, found.observed_generation) == ("statefulset", "uid-db", 4, 4)
    assert (found.replicas, found.status_replicas, found.updated_replicas) == (3, 3, 1)
    assert (found.ready_replicas, found.available_replicas) == (2, 2)
    assert (found.revision, found.partition, found.first_ordinal) == ("db-new", 2, 5)
    assert (found.on_delete, found.paused, found.progress_deadline_seconds, found.max_unavailable) == (
        False,
        False,
        None,
        1,
    )
    assert found.images == {"web": IMAGE}
    assert found.readiness_probe == "tcp :5432"
    assert not found.parallel


def test_a_stateful_set_that_waits_for_no_pod_is_known():
    raw = stateful_set()
    raw["spec"]["podManagementPolicy"] = "Parallel"

    assert to_workload(parse(raw, StatefulSetObject), "web").parallel


@pytest.mark.parametrize(
    ("raw", "type_"),
    [
        (stateful_set(), StatefulSetObject),
        (daemon_set(), DaemonSetObject),
    ],
    ids=["statefulset", "daemonset"],
)
def test_pods_that_wait_for_a_hand_are_known(raw, type_):
    raw["spec"]["updateStrategy"] = {"type": "OnDelete"}

    assert to_workload(parse(raw, type_), "web").on_delete


def test_a_stateful_set_the_controller_has_not_seen_is_read():
    found = to_workload(parse({"metadata": {"name": "db", "uid": "u"}, "spec": {}}, StatefulSetObject), "web")

    assert (found.observed_generation, found.revision, found.replicas, found.partition) == (None, "", 1, 0)


def test_a_daemon_set_counts_nodes():
    found = to_workload(parse(daemon_set(), DaemonSetObject), "web")

    assert (found.kind, found.observed_generation, found.replicas, found.status_replicas) == ("daemonset", 4, 5, 4)
    assert (found.updated_replicas, found.ready_replicas, found.available_replicas) == (3, 2, 1)
    assert (found.max_unavailable, found.progress_deadline_seconds, found.readiness_probe) == (1, None, "grpc :9000")


def test_a_daemon_sets_live_revision_is_the_newest_by_number():
    kept = revisions(
        WorkloadKind.DAEMONSET,
        controller_revision("agent-a", number=10, image=IMAGE, owner="uid-agent", hash_="a"),
        controller_revision("agent-b", number=9, image="old", owner="uid-agent", hash_="b"),
        controller_revision("other-c", number=11, image=IMAGE, owner="uid-other", hash_="c"),
        owner="uid-agent",
    )
    found = to_workload(parse(daemon_set(), DaemonSetObject), "web", revisions=kept)

    assert [(each.revision, each.key) for each in kept] == [("agent-b", "b"), ("agent-a", "a")]
    assert found.revision == "agent-a"


def test_a_daemon_sets_newest_revision_of_another_image_is_not_live_yet():
    old = controller_revision("agent-a", number=1, image="old", owner="uid-agent", hash_="a")
    kept = revisions(WorkloadKind.DAEMONSET, old, owner="uid-agent")

    assert [each.revision for each in kept] == ["agent-a"]
    assert to_workload(parse(daemon_set(), DaemonSetObject), "web", revisions=kept).revision == ""


def test_revisions_carry_the_key_that_their_pods_carry():
    [of_deployment] = revisions(WorkloadKind.DEPLOYMENT, replica_set())
    [of_stateful_set] = revisions(WorkloadKind.STATEFULSET, controller_revision("db-new", owner="uid-web"))
    [of_daemon_set] = revisions(WorkloadKind.DAEMONSET, controller_revision("agent-77", owner="uid-web", hash_="77"))

    assert (of_deployment.revision, of_deployment.key, of_deployment.images) == ("2", "uid-web-1", {"web": IMAGE})
    assert (of_stateful_set.revision, of_stateful_set.key) == ("db-new", "db-new")
    assert of_stateful_set.images == {"web": IMAGE}
    assert (of_daemon_set.revision, of_daemon_set.key) == ("agent-77", "77")


@pytest.mark.parametrize("data", [None, 7, "text", [], {"spec": "mine"}, {"spec": {"template": {"spec": 5}}}])
def test_other_peoples_controller_revisions_are_read_without_images(data):
    raw = {**controller_revision("x", owner="uid-web"), "data": data}

    [found] = revisions(WorkloadKind.STATEFULSET, raw)

    assert (found.name, found.images) == ("x", {})


def test_of_a_controller_revision_only_the_template_is_kept():
    raw = controller_revision("db-new")
    raw["data"]["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "X", "value": "y" * 10_000}]

    assert len(msgspec.json.encode(parse(raw, ControllerRevisionObject).template)) < 500


def test_the_controller_is_the_owner_wherever_it_stands():
    raw = replica_set()
    raw["metadata"]["ownerReferences"].insert(0, {"uid": "uid-somebody"})

    assert [each.owner_uid for each in revisions(WorkloadKind.DEPLOYMENT, raw)] == ["uid-web"]
