"""A real cluster behind the door, through its API: `make demo KUBECONFIG=…` and `CLUSTER=real`."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any, Self

import aiohttp

from sandbox.control.refusal import DoorError
from sandbox.demo import workload

JSON = dict[str, Any]

READS = {
    "namespaces": "/api/v1/namespaces",
    "deployments": "/apis/apps/v1/deployments",
    "replicasets": "/apis/apps/v1/replicasets",
    "pods": "/api/v1/pods",
    "events": "/api/v1/events",
}
SECONDS = 15
GONE_WITHIN = 90.0
LOOK_EVERY = 0.3
_JSON = dict.fromkeys((200, 201, 202), "object")


class RealCluster:
    """Reads and creates with the rights of the kubeconfig; removes at the end the namespaces it made."""

    def __init__(self, api: Any) -> None:
        self._api = api
        self._made: list[str] = []

    @classmethod
    async def connect(cls, kubeconfig: Path) -> Self:
        """Raises `DoorError` when the file does not lead to a cluster."""
        from kubernetes_asyncio.client import ApiClient, Configuration  # noqa: PLC0415  # slow to import
        from kubernetes_asyncio.config import ConfigException, load_kube_config  # noqa: PLC0415

        configuration = Configuration()
        try:
            await load_kube_config(config_file=str(kubeconfig), client_configuration=configuration)
        except (ConfigException, OSError) as error:
            raise DoorError(503, f"{kubeconfig} leads to no cluster: {error}", "Try kubectl with it first.") from error
        cluster = cls(ApiClient(configuration))
        try:
            await cluster.read()
        except DoorError:
            await cluster.aclose()
            raise
        return cluster

    async def read(self) -> JSON:
        """Every list at once, all namespaces."""
        lists = await asyncio.gather(*(self._call("GET", path) for path in READS.values()))
        return {kind: found.get("items") or [] for kind, found in zip(READS, lists, strict=True)}

    async def create_namespace(self, name: str) -> None:
        """One that is ending, as after an earlier demo, is waited for. Raises `DoorError` 409 for one that stays."""
        await self._until_gone(name)
        await self._call("POST", READS["namespaces"], workload.namespace(name))
        self._made.append(name)

    async def create_deployment(self, *, namespace: str, name: str, container: str, image: str, replicas: int) -> None:
        body = workload.deployment(namespace=namespace, name=name, container=container, image=image, replicas=replicas)
        await self._call("POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", body)

    def add_fault(self, values: JSON) -> JSON:
        raise DoorError(409, f"A real cluster takes no faults ({', '.join(values)}).", "Run make demo without CLUSTER.")

    def clear_faults(self) -> None:
        """There are none."""

    async def aclose(self) -> None:
        """Removes what was made, and says what could not be removed."""
        try:
            for name in self._made:
                try:
                    await self._call("DELETE", f"{READS['namespaces']}/{name}")
                except DoorError as error:
                    sys.stderr.write(f"{error.message} It stays: kubectl delete namespace {name}\n")
        finally:
            await self._api.close()

    async def _until_gone(self, name: str) -> None:
        deadline = time.monotonic() + GONE_WITHIN
        while (found := await self._namespace(name)) and found["metadata"].get("deletionTimestamp"):
            if time.monotonic() > deadline:
                said = f"The namespace {name} has been ending for {GONE_WITHIN:g} s."
                raise DoorError(409, said, f"See what holds it: kubectl get namespace {name} -o yaml")
            await asyncio.sleep(LOOK_EVERY)
        if found:
            ours = workload.MANAGED.items() <= found["metadata"].get("labels", {}).items()
            whose = "a demo that still runs, or that was killed" if ours else "somebody else"
            said = f"The namespace {name} is there already, made by {whose}."
            raise DoorError(409, said, f"If nobody needs it: kubectl delete namespace {name}")

    async def _namespace(self, name: str) -> JSON | None:
        try:
            return await self._call("GET", f"{READS['namespaces']}/{name}")
        except DoorError as error:
            if error.status != 404:
                raise
            return None

    async def _call(self, method: str, path: str, body: JSON | None = None) -> JSON:
        from kubernetes_asyncio.client.exceptions import ApiException  # noqa: PLC0415  # slow to import

        try:
            found: JSON = await self._api.call_api(
                path, method, body=body, auth_settings=["BearerToken"], response_types_map=_JSON,
                header_params={"Accept": "application/json", "Content-Type": "application/json"},
                _return_http_data_only=True, _request_timeout=SECONDS,
            )  # fmt: skip
        except ApiException as error:
            said = f"The cluster refused {method} {path}: {error.status}, {_reason(error.body) or error.reason}."
            raise DoorError(error.status or 502, said, "Look at the kubeconfig's rights.") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise DoorError(503, f"The cluster does not answer: {error}.", "Is it running?") from error
        return found


def _reason(body: object) -> str:
    """The API server's own sentence."""
    try:
        return str(json.loads(str(body))["message"])
    except (ValueError, KeyError, TypeError):
        return ""
