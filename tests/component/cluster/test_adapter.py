"""The `Cluster` port over the wire."""

import inspect
import json

import pytest
from aiohttp import web
from multidict import CIMultiDict

from bot.cluster.adapter import KubernetesCluster
from bot.domain.image import Platform
from bot.domain.intent import Target
from bot.engine.ports import Cluster
from bot.errors import BrokenError, RejectedError, TransientError
from tests.component.cluster.api import give, items, page, status
from tests.component.cluster.objects import (
    DIGEST,
    IMAGE,
    controller_revision,
    daemon_set,
    deployment,
    pod,
    replica_set,
    said,
    stateful_set,
)

TARGET = Target(namespace="team-a", kind="deployment", name="web", container="web")
BASE = "/apis/apps/v1/namespaces/team-a"
WEB = f"{BASE}/deployments/web"
NAMESPACE = "/api/v1/namespaces/team-a"
LOG = f"{NAMESPACE}/pods/web-1-a/log"
FORBIDDEN = status(403, 'User "bot" cannot get resource "x"')


@pytest.fixture
async def cluster(kubeconfig, time):
    found = KubernetesCluster(kubeconfig, pace=time.pace)
    await found.start()
    yield found
    await found.aclose()


def test_it_is_the_port():
    port: Cluster = KubernetesCluster()  # mypy compares the signatures

    wanted = [name for name, _ in inspect.getmembers(Cluster, inspect.isfunction) if not name.startswith("_")]
    assert all(callable(getattr(port, name)) for name in wanted)


async def test_before_the_start_it_says_so():
    with pytest.raises(BrokenError):
        await KubernetesCluster().read(TARGET)


async def test_read_answers_the_workload(cluster, api):
    api.on("GET", WEB, give(deployment()))

    workload = await cluster.read(TARGET)

    assert (workload.uid, workload.generation, workload.images["web"]) == ("uid-web", 3, "reg.example/web:v1")


@pytest.mark.parametrize(
    ("workload", "namespace", "reason"),
    [
        (status(404, "x"), give({"metadata": {"name": "team-a"}}), "workload_not_found"),
        (status(404, "x"), status(404, "x"), "namespace_not_found"),
        (status(404, "x"), FORBIDDEN, "workload_not_found"),
        (status(404, "x"), page(502), "workload_not_found"),
        (FORBIDDEN, status(404, "x"), "namespace_not_found"),
        (FORBIDDEN, FORBIDDEN, "cluster_forbidden"),
        (FORBIDDEN, give({"metadata": {"name": "team-a"}}), "cluster_forbidden"),
        (status(401, "Unauthorized"), status(401, "Unauthorized"), "cluster_forbidden"),
    ],
)
async def test_what_is_missing_is_told_apart(cluster, api, workload, namespace, reason):
    api.on("GET", WEB, workload)
    api.on("GET", NAMESPACE, namespace)

    for call in (
        cluster.read(TARGET),
        cluster.patch(TARGET, uid="uid-web", expected_image="reg.example/web:v1", image=IMAGE, annotations={}),
    ):
        with pytest.raises(RejectedError) as caught:
            await call
        assert caught.value.reason == reason
        assert caught.value.hint


async def test_a_container_that_is_not_there_is_told_with_those_that_are(cluster, api):
    api.on("GET", WEB, give(deployment()))

    with pytest.raises(RejectedError, match="`sidecar`, `web`") as caught:
        await cluster.read(Target(namespace="team-a", kind="deployment", name="web", container="api"))

    assert caught.value.reason == "container_not_found"


@pytest.mark.parametrize("method", ["read", "observe"])
async def test_other_kinds_are_refused_before_anything_is_asked(cluster, api, method):
    with pytest.raises(RejectedError) as caught:
        await getattr(cluster, method)(Target(namespace="team-a", kind="cronjob", name="db", container="db"))

    assert caught.value.reason == "kind_not_supported"
    assert "`statefulset/<name>`" in caught.value.hint
    assert api.asked == []


@pytest.mark.parametrize(
    ("kind", "plural", "raw"),
    [("statefulset", "statefulsets", stateful_set("web")), ("daemonset", "daemonsets", daemon_set("web"))],
    ids=["statefulset", "daemonset"],
)
async def test_each_kind_is_read_and_patched_at_its_own_place(cluster, api, kind, plural, raw):
    path, wish = f"{BASE}/{plural}/web", {"expected_image": IMAGE, "image": "reg.example/web:v9"}
    after = json.loads(json.dumps(raw).replace(IMAGE, "reg.example/web:v9"))
    api.on("GET", NAMESPACE, give({"metadata": {"name": "team-a"}}))
    api.on("GET", path, give(raw))
    api.on("PATCH", path, give(after))
    target = Target(namespace="team-a", kind=kind, name="web", container="web")

    workload = await cluster.read(target)
    patched = await cluster.patch(target, uid="uid-web", annotations={"greenlane.dev/intent": "1"}, **wish)

    assert (workload.kind, workload.images["web"]) == (kind, IMAGE)
    assert (patched.changed, patched.workload.kind) == (True, kind)
    assert api.asked[-1].body[3] == {
        "op": "replace",
        "path": "/spec/template/spec/containers/0/image",
        "value": "reg.example/web:v9",
    }
    with pytest.raises(RejectedError, match=f"There is no {kind} `gone`") as caught:
        await cluster.read(Target(namespace="team-a", kind=kind, name="gone", container="web"))
    assert caught.value.reason == "workload_not_found"


async def test_patch_answers_the_returned_workload(cluster, api):
    api.on("GET", WEB, give(deployment()))
    api.on("PATCH", WEB, give(deployment(image=IMAGE, generation=4)))

    patched = await cluster.patch(
        TARGET,
        uid="uid-web",
        expected_image="reg.example/web:v1",
        image=IMAGE,
        annotations={"greenlane.dev/intent": "1"},
    )

    assert patched.changed
    assert (patched.workload.generation, patched.workload.images["web"]) == (4, IMAGE)


async def test_observe_shows_the_workload_with_its_own_sets_and_pods(cluster, api):
    api.on("GET", f"{BASE}/deployments", items(deployment(), deployment("other")))
    api.on("GET", f"{BASE}/replicasets", items(replica_set(), replica_set("other-1", owner="uid-other")))
    api.on("GET", f"{NAMESPACE}/pods", items(pod(), pod("other-1-a", owner="uid-other-1")))
    api.on("GET", f"{NAMESPACE}/events", items(said("uid-web-1-a"), said("uid-other-1-a")))
    for path in (f"{BASE}/deployments", f"{BASE}/replicasets", f"{NAMESPACE}/pods", f"{NAMESPACE}/events"):
        api.on("WATCH", path, api.hold())

    seen = await cluster.observe(TARGET)

    assert seen.workload is not None
    assert seen.workload.name == "web"
    assert [each.name for each in seen.revisions] == ["web-1"]
    assert [each.name for each in seen.pods] == ["web-1-a"]
    assert [each.object_uid for each in seen.events] == ["uid-web-1-a"]
    assert seen.new_revision == seen.revisions[0]
    assert seen.pods[0].containers[0].image_id.endswith(DIGEST)
    gone = await cluster.observe(Target(namespace="team-a", kind="deployment", name="gone", container="web"))
    assert gone.workload is None


async def test_observe_shows_a_stateful_set_by_its_pods_labels(cluster, api):
    lists = {
        f"{BASE}/statefulsets": items(stateful_set()),
        f"{BASE}/controllerrevisions": items(controller_revision("db-old"), controller_revision("db-new", number=2)),
        f"{NAMESPACE}/pods": items(pod("db-0", owner="uid-db", hash_="db-new")),
        f"{NAMESPACE}/events": items(said("uid-db", reason="FailedCreate")),
    }
    for path, answer in lists.items():
        api.on("GET", path, answer)
        api.on("WATCH", path, api.hold())

    seen = await cluster.observe(Target(namespace="team-a", kind="statefulset", name="db", container="web"))

    assert seen.new_revision is not None
    assert [(each.name, each.ordinal) for each in seen.pods_of(seen.new_revision)] == [("db-0", 0)]
    assert [each.reason for each in seen.events_of("uid-db")] == ["FailedCreate"]


async def test_a_dry_run_keeps_nothing_and_tells_what_is_warned_of(cluster, api):
    async def answer(request):
        headers = CIMultiDict([("Warning", '299 - "spec.x is old"'), ("Warning", '299 - "so is spec.y"')])
        return web.json_response(deployment(image=IMAGE, generation=4), headers=headers)

    api.on("GET", WEB, give(deployment()))
    api.on("PATCH", WEB, answer)
    wish = {"uid": "uid-web", "expected_image": "reg.example/web:v1", "image": IMAGE, "annotations": {}}

    patched = await cluster.patch(TARGET, **wish, dry_run=True)

    assert api.asked[-1].query == {"fieldManager": "greenlane", "dryRun": "All"}
    assert (patched.changed, patched.warnings) == (True, ("spec.x is old", "so is spec.y"))


async def test_exactly_the_pod_that_was_meant_is_deleted(cluster, api):
    path = f"{NAMESPACE}/pods/db-0"
    api.on("DELETE", path, give(pod("db-0")))

    assert await cluster.delete_pod(TARGET, pod="db-0", uid="uid-db-0")

    [asked] = api.asked
    assert (asked.method, asked.path, asked.body["preconditions"]) == ("DELETE", path, {"uid": "uid-db-0"})


@pytest.mark.parametrize("answer", [status(404, "gone"), status(409, "the UID in the precondition does not match")])
async def test_a_pod_that_is_gone_or_another_is_not_deleted(cluster, api, answer):
    api.on("DELETE", f"{NAMESPACE}/pods/db-0", answer)

    assert not await cluster.delete_pod(TARGET, pod="db-0", uid="uid-db-0")


async def test_without_the_right_to_delete_it_says_which_one_is_missing(cluster, api):
    api.on("DELETE", f"{NAMESPACE}/pods/db-0", status(403, 'User "bot" cannot delete resource "pods"'))

    with pytest.raises(RejectedError) as caught:
        await cluster.delete_pod(TARGET, pod="db-0", uid="uid-db-0")

    assert caught.value.reason == "cluster_forbidden"
    assert "the verb `delete` on `pods`" in caught.value.hint


async def test_every_request_stays_in_the_targets_namespace(cluster, api):
    api.on("GET", WEB, give(deployment()))
    api.on("PATCH", WEB, give(deployment(image=IMAGE)))

    await cluster.read(TARGET)
    await cluster.patch(TARGET, uid="uid-web", expected_image="reg.example/web:v1", image=IMAGE, annotations={})
    await cluster.last_log_lines(TARGET, pod="p", container="web", previous=True, lines=5)

    assert all(f"/namespaces/{TARGET.namespace}/" in each.path for each in api.asked)


def text(body):
    async def answer(request):
        return web.Response(body=body)

    return answer


async def test_the_end_of_the_log_is_bounded_lines(cluster, api):
    api.on("GET", LOG, text(b"one\ntwo\n\xff three\n" + b"x" * 5000))

    lines = await cluster.last_log_lines(TARGET, pod="web-1-a", container="web", previous=True, lines=3)

    assert lines == ["two", "\ufffd three", "x" * 2000]
    assert api.asked[0].query == {"container": "web", "tailLines": "3", "limitBytes": "262144", "previous": "true"}


@pytest.mark.parametrize("answer", [status(404, "gone"), status(400, "previous terminated container not found")])
async def test_a_log_that_is_not_there_is_empty(cluster, api, answer):
    api.on("GET", LOG, answer)

    assert await cluster.last_log_lines(TARGET, pod="web-1-a", container="web", previous=True, lines=3) == []


async def test_what_a_kubelet_says_of_a_cleared_run_is_no_log(cluster, api):
    api.on("GET", LOG, text(b"unable to retrieve container logs for containerd://0123abcd"))

    assert await cluster.last_log_lines(TARGET, pod="web-1-a", container="web", previous=True, lines=3) == []


async def test_a_log_that_cannot_be_read_now_is_transient(cluster, api):
    api.on("GET", LOG, page(502))

    with pytest.raises(TransientError):
        await cluster.last_log_lines(TARGET, pod="web-1-a", container="web", previous=False, lines=3)


def node(architecture, *, cordoned=False):
    info = {"operatingSystem": "linux", "architecture": architecture}
    return {"metadata": {"name": "n"}, "spec": {"unschedulable": cordoned}, "status": {"nodeInfo": info}}


async def test_platforms_of_schedulable_nodes_are_asked_seldom(cluster, api, time):
    api.on("GET", "/api/v1/nodes", items(node("amd64"), node("arm64", cordoned=True)), items(node("arm64")))

    assert await cluster.node_platforms() == {Platform("linux", "amd64")}
    assert await cluster.node_platforms() == {Platform("linux", "amd64")}
    time.seconds += 300
    assert await cluster.node_platforms() == {Platform("linux", "arm64")}


async def test_nodes_that_may_not_be_read_are_no_answer(cluster, api):
    api.on("GET", "/api/v1/nodes", FORBIDDEN)

    assert await cluster.node_platforms() is None
