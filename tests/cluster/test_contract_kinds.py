"""The bot's own adapter with StatefulSets and DaemonSets, on the simulated cluster and on a real one."""
# ruff: noqa: F401, F811 - fixtures are imported, as the folder's conftest belongs to the test bed

from typing import Any

import pytest

from bot.cluster.adapter import KubernetesCluster
from bot.domain.intent import Target
from bot.domain.workload import Observation, Pod, Workload
from bot.errors import RejectedError
from tests.cluster.lab import Lab, lab, node
from tests.cluster.lab import workload as deployment
from tests.cluster.rawapi import until
from tests.cluster.test_contract_adapter import connected

SECONDS = 60
"""Longest wait for a step of a rollout; a busy machine needs most of it."""
STATEFUL = {"kind": "StatefulSet", "plural": "statefulsets", "replicas": 2}
DAEMON = {"kind": "DaemonSet", "plural": "daemonsets", "replicas": 1}


async def create(lab: Lab, image: str, *, kind: str, plural: str, replicas: int) -> Target:
    """A workload `web` with a readiness probe."""
    body = deployment(image, replicas=replicas)
    body["kind"] = kind
    if kind == "DaemonSet":
        del body["spec"]["replicas"]
    answer = await lab.api.call("POST", f"/apis/apps/v1/namespaces/{lab.namespace}/{plural}", body)
    assert answer.status == 201, answer
    return Target(namespace=lab.namespace, kind=kind.lower(), name="web", container="web")


async def rolled_out(cluster: KubernetesCluster, target: Target, image: str) -> Observation:
    """The view once every pod is of the live revision, runs that image and is available."""

    async def question() -> Observation | None:
        seen = await cluster.observe(target)
        return seen if is_rolled_out(seen, image) else None

    return await until(question, seconds=SECONDS, what=f"rollout of {image}")


def is_rolled_out(seen: Observation, image: str) -> bool:
    work, new = seen.workload, seen.new_revision
    if work is None or new is None or new.images != {"web": image} or work.observed_generation != work.generation:
        return False
    counts = {work.status_replicas, work.updated_replicas, work.ready_replicas, work.available_replicas}
    pods = seen.pods_of(new)
    return counts == {work.replicas} == {len(pods)} and work.replicas > 0 and all(pod.ready for pod in pods)


async def patch(
    cluster: KubernetesCluster, target: Target, *, old: str, new: str, uid: str, dry_run: bool = False
) -> Any:
    notes = {"greenlane.dev/intent": "1"}
    return await cluster.patch(target, uid=uid, expected_image=old, image=new, annotations=notes, dry_run=dry_run)


@pytest.mark.parametrize("shape", [STATEFUL, DAEMON], ids=lambda shape: str(shape["kind"]))
async def test_a_patch_is_observed_to_its_end(node: Lab, shape: dict[str, Any]) -> None:
    node.push("v1", "ok")
    digest = node.push("v2", "ok")
    old, new = node.image("v1"), node.image("v2", digest)
    target = await create(node, old, **shape)
    async with connected(node.kubeconfig) as cluster:
        stop = cluster.subscribe(node.namespace, lambda: None)
        first = await rolled_out(cluster, target, old)
        before = await cluster.read(target)

        tried = await patch(cluster, target, old=old, new=new, uid=before.uid, dry_run=True)
        untouched = await cluster.read(target)
        patched = await patch(cluster, target, old=old, new=new, uid=before.uid)
        last = await rolled_out(cluster, target, new)
        stop()

    assert (tried.changed, tried.workload.images, untouched.images) == (True, {"web": new}, {"web": old})
    assert patched.changed
    assert patched.workload.generation > before.generation
    assert before.readiness_probe == "GET :8080/healthz"
    assert before.max_unavailable == 1
    assert_told_apart(first, last)
    assert_says_what_runs(last, digest)


def assert_told_apart(first: Observation, last: Observation) -> None:
    """Both revisions are kept, and the pods belong to the newer one by the label that they carry."""
    old, new = first.new_revision, last.new_revision
    assert old is not None
    assert new is not None
    assert old.revision != new.revision
    assert {old.name, new.name} <= {each.name for each in last.revisions}
    assert last.workload is not None
    assert {each.owner_uid for each in (*last.revisions, *last.pods)} == {last.workload.uid}
    assert {pod.revision for pod in first.pods} == {old.key}


def assert_says_what_runs(seen: Observation, digest: str) -> None:
    fresh = [pod for pod in seen.pods if pod.is_active]
    assert {each.image_id.partition("@")[2] for pod in fresh for each in pod.containers} == {digest}
    about = {pod.uid for pod in seen.pods} | {each.uid for each in seen.revisions}
    assert {each.object_uid for each in seen.events} <= about | {seen.workload.uid if seen.workload else ""}
    assert any(seen.events_of(pod.uid) for pod in fresh)


async def test_a_stateful_sets_pods_have_their_ordinals(node: Lab) -> None:
    node.push("v1", "ok")
    target = await create(node, node.image("v1"), **STATEFUL)
    async with connected(node.kubeconfig) as cluster:
        seen = await rolled_out(cluster, target, node.image("v1"))

    assert [(pod.name, pod.ordinal) for pod in sorted(seen.pods, key=lambda pod: pod.name)] == [
        ("web-0", 0),
        ("web-1", 1),
    ]
    assert seen.workload is not None
    assert (seen.workload.partition, seen.workload.on_delete, seen.workload.parallel) == (0, False, False)


async def test_a_broken_pod_stays_until_exactly_it_is_deleted(node: Lab) -> None:
    node.push("v1", "ok")
    good, bad = node.image("v1"), node.image("never-pushed")
    target = await create(node, good, **STATEFUL)
    async with connected(node.kubeconfig) as cluster:
        stop = cluster.subscribe(node.namespace, lambda: None)
        work = (await rolled_out(cluster, target, good)).workload
        assert work is not None
        await patch(cluster, target, old=good, new=bad, uid=work.uid)
        broken = await until(lambda: waiting_pod(cluster, target), seconds=SECONDS, what="broken pod")
        await patch(cluster, target, old=bad, new=good, uid=work.uid)
        await until(lambda: put_back(cluster, target, work), seconds=SECONDS, what="template put back")

        another = await cluster.delete_pod(target, pod=broken.name, uid="another")
        stuck = await waiting_pod(cluster, target)
        this = await cluster.delete_pod(target, pod=broken.name, uid=broken.uid)
        await rolled_out(cluster, target, good)
        gone = await cluster.delete_pod(target, pod=broken.name, uid=broken.uid)
        stop()

    assert (another, this, gone) == (False, True, False)
    assert stuck is not None
    assert (stuck.uid, stuck.name, stuck.revision) == (broken.uid, "web-1", broken.revision)


async def waiting_pod(cluster: KubernetesCluster, target: Target) -> Pod | None:
    seen = await cluster.observe(target)
    pulls = {"ErrImagePull", "ImagePullBackOff"}
    return next((pod for pod in seen.pods if any(each.waiting_reason in pulls for each in pod.containers)), None)


async def put_back(cluster: KubernetesCluster, target: Target, before: Workload) -> bool:
    work = (await cluster.observe(target)).workload
    seen = work is not None and work.observed_generation == work.generation > before.generation + 1
    return seen and work is not None and work.revision == before.revision


async def test_without_the_right_no_pod_is_deleted(lab: Lab) -> None:
    target = Target(namespace=lab.namespace, kind="statefulset", name="web", container="web")
    async with connected(lab.nobodys_kubeconfig) as cluster:
        with pytest.raises(RejectedError) as refused:
            await cluster.delete_pod(target, pod="web-0", uid="any")

    assert refused.value.reason == "cluster_forbidden"


@pytest.mark.parametrize("shape", [STATEFUL, DAEMON], ids=lambda shape: str(shape["kind"]))
async def test_what_is_missing_is_told_apart(lab: Lab, shape: dict[str, Any]) -> None:
    target = Target(namespace=lab.namespace, kind=shape["kind"].lower(), name="nope", container="web")
    async with connected(lab.kubeconfig) as cluster:
        with pytest.raises(RejectedError) as refused:
            await cluster.read(target)

    assert refused.value.reason == "workload_not_found"
