"""The simulated cluster's view of every kind of workload, and its arithmetic of CPU and memory."""

import asyncio
from collections.abc import AsyncIterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.cluster import SimulatedCluster
from sandbox.cluster.quantities import of_pod, parse, show
from sandbox.cluster.view import WorkloadView
from sandbox.registry import SandboxRegistry


@pytest.fixture
async def image() -> AsyncIterator[str]:
    registry = await SandboxRegistry().start()
    registry.push("team/web", "v1", version="1.0")
    yield f"{registry.host}/team/web:v1"
    await registry.aclose()


def workload(kind: str, image: str, **spec: Any) -> Any:
    labels = {"app": kind.lower()}
    pod = {"containers": [{"name": "web", "image": image}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    body = {"selector": {"matchLabels": labels}, "template": template, **spec}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": body,
    }


async def shown(cluster: SimulatedCluster, available: dict[str, int]) -> dict[str, WorkloadView]:
    """The view by kind, once so many pods of each are available."""
    async with asyncio.timeout(20):
        while True:
            views = {view.kind: view for space in cluster.objects() for view in space.workloads}
            if {kind: view.available for kind, view in views.items()} == available:
                return views
            await asyncio.sleep(0.02)


async def test_the_view_shows_every_kind_with_its_pods(image: str):
    async with SimulatedCluster(speed=20) as cluster:
        cluster.namespace("shop")
        cluster.apply(workload("Deployment", image, replicas=1))
        cluster.apply(workload("StatefulSet", image, replicas=2, serviceName="web"))
        cluster.apply(workload("DaemonSet", image))

        views = await shown(cluster, {"Deployment": 1, "StatefulSet": 2, "DaemonSet": 1})

    assert [pod.name for pod in sorted(views["StatefulSet"].pods, key=lambda pod: pod.name)] == ["web-0", "web-1"]
    assert {kind: (view.wanted, view.updated) for kind, view in views.items()} == {
        "Deployment": (1, 1),
        "StatefulSet": (2, 2),
        "DaemonSet": (1, 1),
    }
    assert views["Deployment"].revision == "1"
    assert views["StatefulSet"].revision.startswith("web-")
    assert {pod.version for view in views.values() for pod in view.pods} == {"1.0"}


async def test_a_pod_that_waits_for_room_gets_its_node_when_another_one_goes(image: str):
    async with SimulatedCluster(speed=20) as cluster:
        cluster.namespace("shop")
        hungry = workload("Deployment", image, replicas=1)
        hungry["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1500m"}}
        cluster.apply(hungry)
        await shown(cluster, {"Deployment": 1})
        second = workload("StatefulSet", image, replicas=1)
        second["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1"}}
        cluster.apply(second)
        async with asyncio.timeout(10):
            while not any(view.pods for view in cluster.objects()[0].workloads if view.kind == "StatefulSet"):
                await asyncio.sleep(0.02)

        hungry["spec"]["replicas"] = 0
        cluster.apply(hungry)

        assert await shown(cluster, {"Deployment": 0, "StatefulSet": 1})


@pytest.mark.parametrize(
    ("text", "amount"),
    [("500m", Fraction(1, 2)), ("2", Fraction(2)), ("1.5", Fraction(3, 2)), ("1Ki", Fraction(1024)),
     ("2G", Fraction(2 * 10**9)), ("1e3", Fraction(1000)), ("0", Fraction(0))],
)  # fmt: skip
def test_a_quantity_is_read_as_kubernetes_reads_it(text: str, amount: Fraction):
    assert parse(text) == amount


@pytest.mark.parametrize("text", ["", "1x", "Gi", "one"])
def test_what_is_no_quantity_is_refused(text: str):
    with pytest.raises(ValueError, match="no quantity"):
        parse(text)


@given(st.integers(0, 10**15), st.booleans())
def test_what_is_shown_is_read_back_the_same(milli: int, binary: bool):
    amount = Fraction(milli, 1000)

    assert parse(show(amount, binary=binary)) == amount


amounts = st.integers(0, 4000)
containers = st.builds(
    lambda milli, policy: {
        "resources": {"requests": {"cpu": f"{milli}m"}},
        **({"restartPolicy": policy} if policy else {}),
    },
    amounts,
    st.sampled_from(["", "Always"]),
)


@given(st.lists(containers, max_size=4), st.lists(containers, min_size=1, max_size=4))
def test_a_pod_takes_at_least_what_its_containers_and_sidecars_take_together_and_what_any_takes_alone(
    early: list[Any], main: list[Any]
):
    def of(items: list[Any]) -> list[Fraction]:
        return [parse(item["resources"]["requests"]["cpu"]) for item in items]

    taken = of_pod({"initContainers": early, "containers": main})["cpu"]

    sidecars = [item for item in early if item.get("restartPolicy")]
    assert taken >= sum(of(main) + of(sidecars), Fraction(0))
    assert taken >= max(of([*early, *main]))
    assert taken <= sum(of([*early, *main]), Fraction(0))
