"""A cluster with a registry beside it, simulated or real, as the contract tests see it."""

import re
import ssl
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from sandbox.cluster import ADMIN_TOKEN, SimulatedCluster
from sandbox.registry import SandboxRegistry
from tests.cluster.rawapi import RawApi
from tests.testbed.bed import TestBed
from tests.testbed.fixtures import need
from tests.testbed.images.demo import push_demo
from tests.testbed.needs import missing_for_real_containers

SPEED = 4.0
"""Of the simulated cluster: fast enough for a test, slow enough to watch."""


@dataclass(frozen=True, kw_only=True)
class Lab:
    """One namespace on one cluster."""

    api: RawApi
    namespace: str
    registry: str
    """Host of the registry that the node pulls from."""
    push: Callable[..., str]
    """Push the demo application: tag and behaviour in, digest out. Its version is the tag; a third text names a copy."""
    nobody: RawApi
    """The same API for a service account without any right."""
    kubeconfig: Path
    nobodys_kubeconfig: Path
    runs_containers: bool
    forget_history: Callable[[], Awaitable[None]]
    """Make every version until now too old to watch from."""

    @property
    def deployments(self) -> str:
        return f"/apis/apps/v1/namespaces/{self.namespace}/deployments"

    @property
    def pods(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods"

    @property
    def repository(self) -> str:
        """Its own for every test: a node that has pulled a tag does not look again."""
        return f"{self.registry}/{self.namespace}/web"

    def image(self, tag: str, digest: str = "") -> str:
        return f"{self.repository}:{tag}{f'@{digest}' if digest else ''}"

    async def deploy(self, image: str, *, replicas: int = 2, probe: bool = True, **spec: Any) -> Any:
        """Create the Deployment `web`."""
        answer = await self.api.call("POST", self.deployments, workload(image, replicas=replicas, probe=probe, **spec))
        assert answer.status == 201, answer
        return answer.body

    async def read(self) -> Any:
        return await self.api.get(f"{self.deployments}/web")

    async def containers(self) -> list[Any]:
        """Statuses of the container `web` in all pods that are not stopping, oldest pod first."""
        pods = (await self.api.get(self.pods))["items"]
        alive = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        return [status for pod in alive for status in pod["status"].get("containerStatuses", [])]

    async def rolled_out(self) -> Any:
        """The Deployment once its rollout is complete, else None."""
        found = await self.read()
        status, wanted = found.get("status", {}), found["spec"]["replicas"]
        counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
        current = status.get("observedGeneration") == found["metadata"]["generation"]
        done = current and counts == [wanted] * 3 and progressing(found)["reason"] == "NewReplicaSetAvailable"
        return found if done else None


def workload(image: str, *, replicas: int = 2, probe: bool = True, **spec: Any) -> Any:
    container: dict[str, Any] = {"name": "web", "image": image}
    if probe:
        container["readinessProbe"] = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    body = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": body}


def replace_image(image: str) -> list[Any]:
    """The JSON patch that sets the first container's image."""
    return [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}]


def progressing(deployment: Any) -> Any:
    conditions = deployment.get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == "Progressing"), {"reason": "", "status": ""})


@asynccontextmanager
async def simulated_lab(folder: Path) -> AsyncIterator[Lab]:
    registry = await SandboxRegistry().start()
    async with SimulatedCluster(speed=SPEED) as cluster, aiohttp.ClientSession(cluster.url) as session:
        name = _new_name()
        cluster.namespace(name)
        cluster.add_token("nobody", f"system:serviceaccount:{name}:nobody")

        def push(tag: str, behaviour: str, copy: str = "") -> str:
            path = f"{name}/web-{copy}" if copy else f"{name}/web"
            return registry.push(path, tag, behaviour=behaviour, version=tag)  # type: ignore[arg-type]

        async def forget() -> None:
            cluster.compact()

        yield Lab(
            api=RawApi(session, ADMIN_TOKEN),
            namespace=name,
            registry=registry.host,
            push=push,
            nobody=RawApi(session, "nobody"),
            kubeconfig=cluster.kubeconfig(folder / "kubeconfig"),
            nobodys_kubeconfig=cluster.kubeconfig(folder / "nobodys-kubeconfig", token="nobody"),
            runs_containers=True,
            forget_history=forget,
        )
    await registry.aclose()


@asynccontextmanager
async def real_lab(bed: TestBed, folder: Path) -> AsyncIterator[Lab]:
    tls = ssl.create_default_context(cafile=str(bed.authority))
    name = _new_name()
    bed.new_namespace(name)
    account = f"/api/v1/namespaces/{name}/serviceaccounts"
    bed.api.create(account, {"metadata": {"name": "nobody"}})
    granted = bed.api.create(f"{account}/nobody/token", {"spec": {}})["status"]["token"]
    async with aiohttp.ClientSession(bed.api_url) as session:

        def push(tag: str, behaviour: str, copy: str = "") -> str:
            path = f"{name}/web-{copy}" if copy else f"{name}/web"
            return push_demo(bed.registry.url, path, tag, version=tag, behaviour=behaviour)  # type: ignore[arg-type]

        api = RawApi(session, bed.token, tls)
        yield Lab(
            api=api,
            namespace=name,
            registry=bed.registry.host,
            push=push,
            nobody=RawApi(session, granted, tls),
            kubeconfig=bed.kubeconfig,
            nobodys_kubeconfig=_with_token(bed.kubeconfig, granted, folder / "nobodys-kubeconfig"),
            runs_containers=bed.node_kind == "kubelet",
            forget_history=lambda: _compact_etcd(bed, session, api),
        )
    bed.api.delete(f"/api/v1/namespaces/{name}")


async def _compact_etcd(bed: TestBed, session: aiohttp.ClientSession, api: RawApi) -> None:
    """Through etcd's own gateway; events have no watch cache in front, so for them the history is gone at once."""
    log = next((bed.state / "logs").glob("etcd*")).read_text()
    found = re.search(r'"advertise-client-urls":\s*\["(http://[^"]+)"', log)
    assert found, "etcd's log does not name its address"
    revision = (await api.get("/api/v1/namespaces", limit="1"))["metadata"]["resourceVersion"]
    async with session.post(f"{found[1]}/v3/kv/compaction", json={"revision": revision}) as answer:
        assert answer.status == 200, await answer.text()


def _with_token(kubeconfig: Path, token: str, path: Path) -> Path:
    document = yaml.safe_load(kubeconfig.read_text())
    document["users"][0]["user"] = {"token": token}
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.cluster)])
async def lab(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Lab]:
    """Each test twice: on the simulated cluster and on the real one."""
    if request.param == "simulated":
        async with simulated_lab(tmp_path) as found:
            yield found
    else:
        async with real_lab(request.getfixturevalue("testbed"), tmp_path) as found:
            yield found


@pytest.fixture
def node(lab: Lab) -> Lab:
    """The lab, where containers run."""
    if not lab.runs_containers:
        need(missing_for_real_containers())
    return lab


def _new_name() -> str:
    return f"contract-{uuid.uuid4().hex[:8]}"
