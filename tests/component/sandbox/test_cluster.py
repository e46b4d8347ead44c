"""The simulated cluster's own sides: faults, rights, the view for people, registries, and that nothing is left behind."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from sandbox.cluster import ADMIN_TOKEN, Fault, Rule, SimulatedCluster
from sandbox.cluster.view import WorkloadView
from sandbox.registry import SandboxRegistry

DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
PODS = "/api/v1/namespaces/shop/pods"
SPEC = {
    "selector": {"matchLabels": {"app": "x"}},
    "template": {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "web", "image": "a/b:1"}]}},
}
SCALE_UP = [{"op": "replace", "path": "/spec/replicas", "value": 3}]


@pytest.fixture
async def registry() -> AsyncIterator[SandboxRegistry]:
    started = await SandboxRegistry().start()
    yield started
    await started.aclose()


@pytest.fixture
async def cluster() -> AsyncIterator[SimulatedCluster]:
    async with SimulatedCluster(speed=20) as started:
        yield started


@pytest.fixture
async def client(cluster: SimulatedCluster) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cluster.url, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}) as session:
        yield session


async def shown(cluster: SimulatedCluster, wanted: Any, *, seconds: float = 10) -> WorkloadView:
    """The first deployment of the view, once `wanted` holds."""
    last: Any = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                views = cluster.objects()
                last = views[0].workloads[0] if views else None
                if last is not None and wanted(last):
                    return last  # type: ignore[no-any-return]  # a view
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"last seen: {last}") from None


def is_complete(view: WorkloadView) -> bool:
    return view.condition.startswith("NewReplicaSetAvailable") and len(view.pods) == view.wanted == view.available


async def patch(client: aiohttp.ClientSession, operations: Any, name: str = "web") -> tuple[int, Any]:
    headers = {"Content-Type": "application/json-patch+json"}
    async with client.patch(f"{DEPLOYMENTS}/{name}", data=json.dumps(operations), headers=headers) as answer:
        return answer.status, await answer.json()


async def test_the_view_shows_version_image_and_state_of_each_pod(cluster: SimulatedCluster, registry: SandboxRegistry):
    registry.push("team/web", "v1", version="1.0")
    digest = registry.push("team/web", "v2", version="2.0")
    cluster.deployment("shop", "web", f"{registry.host}/team/web:v1")
    first = await shown(cluster, is_complete)

    cluster.deployment("shop", "web", f"{registry.host}/team/web:v2@{digest}")
    second = await shown(cluster, lambda view: is_complete(view) and view.revision == "2")

    assert {pod.version for pod in first.pods} == {"1.0"}
    assert {(pod.version, pod.state, pod.ready) for pod in second.pods} == {("2.0", "Running", True)}
    assert {pod.image_id for pod in second.pods} == {f"{registry.host}/team/web@{digest}"}


async def test_a_registry_host_can_live_elsewhere(registry: SandboxRegistry):
    registry.push("team/web", "v1", version="1.0")
    async with SimulatedCluster({"registry.example": registry.url}, speed=20) as cluster:
        cluster.deployment("shop", "web", "registry.example/team/web:v1", replicas=1)

        view = await shown(cluster, is_complete)

    assert view.pods[0].image_id.startswith("registry.example/team/web@sha256:")


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("basic", "pull access denied, repository does not exist or may require authorization: authorization failed"),
        ("bearer", "pull access denied, repository does not exist or may require authorization: server message:"),
    ],
)
async def test_a_registry_that_wants_a_login_denies_the_pull(cluster: SimulatedCluster, mode: Any, words: str):
    registry = await SandboxRegistry(mode, users={"ci": "secret"}).start()
    registry.push("team/web", "v1", version="1.0")
    cluster.deployment("shop", "web", f"{registry.host}/team/web:v1", replicas=1)

    await shown(cluster, lambda view: view.pods and view.pods[0].state == "ErrImagePull")
    waiting = _first_pod(cluster)["status"]["containerStatuses"][0]["state"]["waiting"]
    await registry.aclose()

    assert words in waiting["message"]


@pytest.mark.parametrize("mode", ["basic", "bearer"])
async def test_a_pull_secret_opens_the_registry(cluster: SimulatedCluster, mode: Any):
    registry = await SandboxRegistry(mode, users={"ci": "secret"}).start()
    registry.push("team/web", "v1", version="1.0")
    login = {"auths": {registry.host: {"auth": base64.b64encode(b"ci:secret").decode()}}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pull", "namespace": "shop"}}
    cluster.namespace("shop")
    cluster.apply({**secret, "stringData": {".dockerconfigjson": json.dumps(login)}})
    image = f"{registry.host}/team/web:v1"
    made = cluster.deployment("shop", "web", image, replicas=0)
    template = made["spec"]["template"]
    pod = {**template["spec"], "imagePullSecrets": [{"name": "gone"}, {"name": "pull"}]}

    cluster.apply({**made, "spec": {**made["spec"], "replicas": 1, "template": {**template, "spec": pod}}})

    view = await shown(cluster, lambda view: view.wanted == 1 and is_complete(view))
    await registry.aclose()
    assert view.pods[0].version == "1.0"


async def test_an_image_that_appears_later_is_pulled_at_the_next_try(
    cluster: SimulatedCluster, registry: SandboxRegistry
):
    cluster.deployment("shop", "web", f"{registry.host}/team/web:v1", replicas=1)
    await shown(cluster, lambda view: view.pods and view.pods[0].state == "ImagePullBackOff")

    registry.push("team/web", "v1", version="1.0")

    assert await shown(cluster, is_complete)


async def test_an_image_for_another_platform_does_not_run(cluster: SimulatedCluster, registry: SandboxRegistry):
    registry.push("team/web", "v1", version="1.0", platforms=("linux/arm64",))
    registry.push("team/both", "v1", version="1.0", platforms=("linux/arm64", "linux/s390x"))
    cluster.deployment("shop", "web", f"{registry.host}/team/web:v1", replicas=1)
    await shown(cluster, lambda view: view.pods and view.pods[0].restarts == 1)
    assert _first_pod(cluster)["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 1

    cluster.deployment("shop", "web", f"{registry.host}/team/both:v1", replicas=1)
    view = await shown(cluster, lambda view: any(pod.state == "ErrImagePull" for pod in view.pods))

    assert view.revision == "2"


def _first_pod(cluster: SimulatedCluster) -> Any:
    from sandbox.cluster.resources import PODS as KIND

    return cluster.store.list(KIND, "shop")[0]


async def test_a_faulty_answer_changes_nothing(cluster: SimulatedCluster, client: aiohttp.ClientSession):
    cluster.deployment("shop", "web", "example.com/web:v1", replicas=0)
    cluster.faults.add(Fault(matches=lambda request: request.verb == "patch", kind="status", count=2))

    answers = [await patch(client, SCALE_UP) for _ in range(3)]

    assert [status for status, _ in answers] == [503, 503, 200]
    assert answers[0][1]["reason"] == "ServiceUnavailable"
    assert answers[2][1]["metadata"]["generation"] == 2


async def test_a_proxys_page_is_html(cluster: SimulatedCluster, client: aiohttp.ClientSession):
    cluster.faults.add(
        Fault(matches=lambda request: request.resource == "pods", kind="text", code=502, message="Bad Gateway")
    )

    async with client.get(PODS) as answer:
        text = await answer.text()

    assert (answer.status, answer.content_type) == (502, "text/html")
    assert "502 Bad Gateway" in text


async def test_a_connection_can_break_after_the_change_is_stored(
    cluster: SimulatedCluster, client: aiohttp.ClientSession
):
    cluster.deployment("shop", "web", "example.com/web:v1", replicas=0)
    cluster.faults.add(Fault(matches=lambda request: request.verb == "patch", kind="abort-after"))

    with pytest.raises(aiohttp.ClientConnectionError):
        await patch(client, SCALE_UP)

    async with client.get(f"{DEPLOYMENTS}/web") as answer:
        assert (await answer.json())["spec"]["replicas"] == 3


async def test_a_watch_can_be_cut_in_the_middle_of_a_line(cluster: SimulatedCluster, client: aiohttp.ClientSession):
    cluster.deployment("shop", "web", "example.com/web:v1", replicas=0)
    cluster.faults.add(Fault(matches=lambda request: request.verb == "watch", kind="cut"))

    received: list[bytes] = []
    with pytest.raises(aiohttp.ClientError):
        await _read_all(client, received)

    assert b"".join(received).startswith(b'{"type":"ADDED"')
    assert not b"".join(received).endswith(b"\n")


@pytest.mark.parametrize("at", ["prepare", "write"])
async def test_a_client_that_dies_during_a_watch_is_no_error(
    cluster: SimulatedCluster,
    client: aiohttp.ClientSession,
    at: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    cluster.deployment("shop", "web", "example.com/web:v1", replicas=0)

    async def gone(*_: object) -> None:
        raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")

    monkeypatch.setattr(web.StreamResponse, at, gone)
    with suppress(aiohttp.ClientError):
        async with client.get(DEPLOYMENTS, params={"watch": "1"}) as answer:
            await answer.read()

    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def _read_all(client: aiohttp.ClientSession, received: list[bytes]) -> None:
    async with client.get(DEPLOYMENTS, params={"watch": "1"}) as answer:
        while True:
            received.append(await answer.content.readany())


async def test_an_api_server_can_be_away_and_come_back(cluster: SimulatedCluster, client: aiohttp.ClientSession):
    away = asyncio.create_task(cluster.go_away(0.3))
    await asyncio.sleep(0)

    with pytest.raises(aiohttp.ClientConnectionError):
        async with client.get("/readyz"):
            pass
    await away

    async with client.get("/readyz") as answer:
        assert await answer.text() == "ok"


async def test_after_compaction_old_watches_and_pages_are_gone(
    cluster: SimulatedCluster, client: aiohttp.ClientSession
):
    for name in ("a", "b"):
        cluster.deployment("shop", name, "example.com/web:v1", replicas=0)
    async with client.get(DEPLOYMENTS, params={"limit": "1"}) as answer:
        first = (await answer.json())["metadata"]
    cluster.deployment("shop", "c", "example.com/web:v1", replicas=0)
    cluster.compact()

    async with client.get(DEPLOYMENTS, params={"watch": "1", "resourceVersion": first["resourceVersion"]}) as answer:
        told = json.loads(await answer.text())
    async with client.get(DEPLOYMENTS, params={"limit": "1", "continue": first["continue"]}) as answer:
        page = await answer.json()

    assert (told["type"], told["object"]["code"], told["object"]["reason"]) == ("ERROR", 410, "Expired")
    assert (answer.status, page["reason"]) == (410, "Expired")


async def test_a_token_reaches_only_its_namespaces_and_verbs(cluster: SimulatedCluster):
    for namespace in ("shop", "other"):
        cluster.deployment(namespace, "web", "example.com/web:v1", replicas=0)
    reads = Rule(verbs=frozenset({"get", "list"}), resources=frozenset({"deployments"}), namespaces=frozenset({"shop"}))
    cluster.add_token("limited", "greenlane", reads)

    async with aiohttp.ClientSession(cluster.url, headers={"Authorization": "Bearer limited"}) as client:
        async with client.get(f"{DEPLOYMENTS}/web") as answer:
            allowed = answer.status
        async with client.get("/apis/apps/v1/namespaces/other/deployments/web") as answer:
            elsewhere = answer.status
        denied, body = await patch(client, SCALE_UP)

    assert (allowed, elsewhere, denied) == (200, 403, 403)
    assert body["message"] == (
        'deployments.apps "web" is forbidden: User "greenlane" cannot patch resource "deployments" '
        'in API group "apps" in the namespace "shop"'
    )


async def test_the_kubeconfig_is_private_and_names_the_address(cluster: SimulatedCluster, tmp_path: Path):
    path = cluster.kubeconfig(tmp_path / "kubeconfig", token="abc")

    assert path.stat().st_mode & 0o077 == 0
    document = json.loads(path.read_text())
    assert document["clusters"][0]["cluster"]["server"] == cluster.url
    assert document["users"][0]["user"] == {"token": "abc"}


async def test_a_rollback_reuses_the_old_replica_set_as_a_new_revision(
    cluster: SimulatedCluster, registry: SandboxRegistry
):
    registry.push("team/web", "v1", version="1.0")
    registry.push("team/web", "v2", version="2.0")
    cluster.deployment("shop", "web", f"{registry.host}/team/web:v1")
    first = await shown(cluster, is_complete)
    cluster.deployment("shop", "web", f"{registry.host}/team/web:v2")
    await shown(cluster, lambda view: is_complete(view) and view.revision == "2")

    cluster.deployment("shop", "web", f"{registry.host}/team/web:v1")
    third = await shown(cluster, lambda view: is_complete(view) and view.revision == "3")

    assert third.pods[0].name.rsplit("-", 1)[0] == first.pods[0].name.rsplit("-", 1)[0]


async def test_a_null_is_as_good_as_nothing(cluster: SimulatedCluster, client: aiohttp.ClientSession):
    made = cluster.deployment("shop", "web", "example.com/web:v1", replicas=0)
    template = made["spec"]["template"]
    template = {**template, "metadata": {**template["metadata"], "creationTimestamp": None}}

    _, after = await patch(client, [{"op": "replace", "path": "/spec/template", "value": template}])

    assert after["metadata"]["generation"] == 1
    assert after["spec"] == made["spec"]


async def test_scaling_keeps_the_replica_set(cluster: SimulatedCluster, registry: SandboxRegistry):
    registry.push("team/web", "v1", version="1.0")
    cluster.deployment("shop", "web", f"{registry.host}/team/web:v1", replicas=1)
    await shown(cluster, is_complete)

    cluster.deployment("shop", "web", f"{registry.host}/team/web:v1", replicas=3)
    view = await shown(cluster, lambda view: is_complete(view) and view.wanted == 3)

    assert view.revision == "1"


async def test_a_namespace_that_ends_takes_everything_and_nobody_fills_it_again(
    cluster: SimulatedCluster, client: aiohttp.ClientSession, registry: SandboxRegistry
):
    registry.push("team/web", "v1", version="1.0")
    cluster.deployment("shop", "web", f"{registry.host}/team/web:v1")
    await shown(cluster, is_complete)

    async with client.delete("/api/v1/namespaces/shop") as answer:
        assert (await answer.json())["status"]["phase"] == "Terminating"
    async with client.post(DEPLOYMENTS, json={"metadata": {"name": "x"}, "spec": SPEC}) as answer:
        refused = (await answer.json())["message"]
    await _gone(client, "/api/v1/namespaces/shop")
    cluster.deployment("shop", "web", f"{registry.host}/team/web:v1")

    assert refused.endswith("unable to create new content in namespace shop because it is being terminated")
    assert await shown(cluster, is_complete)


async def _gone(client: aiohttp.ClientSession, path: str) -> None:
    async with asyncio.timeout(10):
        while True:
            async with client.get(path) as answer:
                if answer.status == 404:
                    return
            await asyncio.sleep(0.02)


async def test_stopping_leaves_no_task_behind(registry: SandboxRegistry):
    before = asyncio.all_tasks()
    registry.push("team/web", "v1", behaviour="never-ready", version="1.0")
    async with SimulatedCluster(speed=20) as cluster:
        cluster.deployment("shop", "web", f"{registry.host}/team/web:v1")
        await shown(cluster, lambda view: all(pod.state == "Running" for pod in view.pods) and view.pods)

    assert asyncio.all_tasks() - before == set()
