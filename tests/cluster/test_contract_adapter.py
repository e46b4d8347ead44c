"""The bot's own adapter through its port, on the simulated cluster and on a real one."""
# ruff: noqa: F401, F811 - fixtures are imported, as the folder's conftest belongs to the test bed

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.cluster.adapter import KubernetesCluster
from bot.domain.image import Platform
from bot.domain.intent import Target
from bot.domain.workload import Observation
from bot.errors import RejectedError, TransientError
from tests.cluster.lab import Lab, lab, node
from tests.cluster.rawapi import until


@asynccontextmanager
async def connected(kubeconfig: Path) -> AsyncIterator[KubernetesCluster]:
    cluster = KubernetesCluster(kubeconfig)
    await cluster.start()
    try:
        yield cluster
    finally:
        await cluster.aclose()


def target(lab: Lab, **changes: str) -> Target:
    return Target(**{"namespace": lab.namespace, "kind": "deployment", "name": "web", "container": "web", **changes})


async def test_a_patch_is_observed_to_its_end(node: Lab) -> None:
    node.push("v1", "ok")
    digest = node.push("v2", "ok")
    await node.deploy(node.image("v1"))
    await until(node.rolled_out, seconds=40, what="first rollout")
    woken: list[int] = []
    async with connected(node.kubeconfig) as cluster:
        stop = cluster.subscribe(node.namespace, lambda: woken.append(1))
        before = await cluster.read(target(node))

        image = node.image("v2", digest)
        patched = await cluster.patch(
            target(node),
            uid=before.uid,
            expected_image=node.image("v1"),
            image=image,
            annotations={"greenlane.dev/intent": "1"},
        )

        async def finished() -> Observation | None:
            seen = await cluster.observe(target(node))
            work = seen.workload
            current = work is not None and (work.observed_generation or 0) >= patched.workload.generation
            done = current and work.updated_replicas == work.available_replicas == work.status_replicas == 2
            running = [pod for pod in seen.pods if pod.ready and not pod.terminating]
            return seen if done and len(running) == 2 else None

        seen = await until(finished, seconds=40, what="finished observation")
        again = await cluster.patch(
            target(node),
            uid=before.uid,
            expected_image=node.image("v1"),
            image=image,
            annotations={"greenlane.dev/intent": "1"},
        )
        stop()

    assert patched.changed
    assert not again.changed
    assert patched.workload.images == {"web": image}
    assert woken
    assert seen.workload is not None
    assert seen.workload.revision == "2"
    new = next(each for each in seen.revisions if each.revision == "2")
    assert new.owner_uid == before.uid
    fresh = [pod for pod in seen.pods if pod.owner_uid == new.uid and not pod.terminating]
    assert {container.image_id.partition("@")[2] for pod in fresh for container in pod.containers} == {digest}


async def test_a_crash_is_observed_with_its_exit_and_its_last_words(node: Lab) -> None:
    node.push("v1", "crash-at-start")
    await node.deploy(node.image("v1"), replicas=1)
    async with connected(node.kubeconfig) as cluster:

        async def crashed() -> Any:
            for pod in (await cluster.observe(target(node))).pods:
                for container in pod.containers:
                    if container.last_terminated and container.terminated is None and not container.running:
                        return pod, container  # in back-off: `previous` is the run that just ended
            return None

        pod, container = await until(crashed, seconds=45, what="back-off")
        words = await cluster.last_log_lines(target(node), pod=pod.name, container="web", previous=True, lines=3)
        nothing = await cluster.last_log_lines(target(node), pod="nope", container="web", previous=True, lines=3)

    assert container.last_terminated.exit_code == 3
    assert words == ["fatal: cannot reach database at db:5432"]
    assert nothing == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "nope"}, "workload_not_found"),
        ({"namespace": "nope"}, "namespace_not_found"),
        ({"container": "nope"}, "container_not_found"),
    ],
    ids=["workload", "namespace", "container"],
)
async def test_what_is_missing_is_told_apart(lab: Lab, change: dict[str, str], reason: str) -> None:
    await lab.deploy("example.com/team/web:v1", replicas=0)
    async with connected(lab.kubeconfig) as cluster:
        with pytest.raises(RejectedError) as refused:
            await cluster.read(target(lab, **change))

    assert refused.value.reason == reason


async def test_a_recreated_workload_is_not_patched(lab: Lab) -> None:
    await lab.deploy("example.com/team/web:v1", replicas=0)
    async with connected(lab.kubeconfig) as cluster:
        with pytest.raises(RejectedError) as refused:
            await cluster.patch(
                target(lab),
                uid="another",
                expected_image="example.com/team/web:v1",
                image="example.com/team/web:v2",
                annotations={},
            )

    assert refused.value.reason == "workload_recreated"
    assert (await lab.read())["spec"]["template"]["spec"]["containers"][0]["image"] == "example.com/team/web:v1"


async def test_another_image_than_expected_is_not_overwritten(lab: Lab) -> None:
    made = await lab.deploy("example.com/team/web:v3", replicas=0)
    async with connected(lab.kubeconfig) as cluster:
        with pytest.raises(TransientError):
            await cluster.patch(
                target(lab),
                uid=made["metadata"]["uid"],
                expected_image="example.com/team/web:v1",
                image="example.com/team/web:v2",
                annotations={},
            )

    assert (await lab.read())["spec"]["template"]["spec"]["containers"][0]["image"] == "example.com/team/web:v3"


async def test_a_missing_right_is_a_rejection(lab: Lab) -> None:
    await lab.deploy("example.com/team/web:v1", replicas=0)
    async with connected(lab.nobodys_kubeconfig) as cluster:
        with pytest.raises(RejectedError) as refused:
            await cluster.read(target(lab))
        platforms = await cluster.node_platforms()

    assert refused.value.reason == "cluster_forbidden"
    assert platforms is None


async def test_the_nodes_say_their_platform(node: Lab) -> None:
    async with connected(node.kubeconfig) as cluster:
        platforms = await cluster.node_platforms()

    assert platforms is not None
    assert len(platforms) == 1
    [platform] = platforms
    assert platform == Platform("linux", platform.architecture)
