"""The simulated cluster as one thing to start and stop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Self

from aiohttp import web

from sandbox.cluster.api import Api
from sandbox.cluster.auth import Rule, Tokens
from sandbox.cluster.clock import Clock
from sandbox.cluster.controllers.manager import ControllerManager
from sandbox.cluster.documents import Obj, name_of, namespace_of
from sandbox.cluster.events import Events
from sandbox.cluster.faults import Faults
from sandbox.cluster.node.images import ImagePuller
from sandbox.cluster.node.kubelet import Kubelet
from sandbox.cluster.node.scheduler import Scheduler
from sandbox.cluster.resources import NAMESPACES, of_kind
from sandbox.cluster.store import Change, Store
from sandbox.cluster.view import NamespaceView, view_of
from sandbox.cluster.writes import Writes

ADMIN_TOKEN: Final = "sandbox-admin"


class SimulatedCluster:
    """An API server, its controllers and one node, in this process.

    `registries` gives the base URL of an image's host (a mapping, or a function); `http://` and the host by default.
    `speed` shortens every wait of controllers and node; timestamps and watch time-outs stay true.
    """

    def __init__(
        self,
        registries: Mapping[str, str] | Callable[[str], str] | None = None,
        *,
        speed: float = 1.0,
        node: str = "sandbox",
        architecture: str = "amd64",
    ) -> None:
        self.clock = Clock(speed)
        self.store = Store()
        self.tokens = Tokens()
        self.tokens.add_admin(ADMIN_TOKEN)
        self.faults = Faults()
        self.url = ""
        self._writes = Writes(self.store, self.clock)
        events = Events(self._writes)
        self._puller = ImagePuller(_locator(registries), architecture=architecture)
        self._kubelet = Kubelet(self._writes, events, self._puller, node=node, architecture=architecture)
        self._scheduler = Scheduler(self._writes, events, node=node)
        self._scheduling: asyncio.Task[None] | None = None
        self._controllers = ControllerManager(self._writes, events)
        self._api = Api(
            writes=self._writes, kubelet=self._kubelet, tokens=self.tokens, faults=self.faults, clock=self.clock
        )
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._address = ("127.0.0.1", 0)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        """Serve; `port` 0 takes a free one. The address is in `url`."""
        app = web.Application(client_max_size=8 * 2**20)
        app.router.add_route("*", "/{path:.*}", self._api.handle)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.5, access_log=None)
        await self._runner.setup()
        await self._listen(host, port)
        self.store.subscribe(self._notice)
        self._kubelet.register()
        for name in ("default", "kube-system"):
            self.namespace(name)
        self._controllers.start()
        self._scheduling = asyncio.create_task(self._scheduler.run())
        return self

    async def aclose(self) -> None:
        """Stop serving, controllers and pods; fine to call twice."""
        await self._controllers.stop()
        if self._scheduling is not None:
            self._scheduling.cancel()
            await asyncio.gather(self._scheduling, return_exceptions=True)
            self._scheduling = None
        await self._kubelet.aclose()
        await self._puller.aclose()
        if self._runner is not None:
            self._break_connections()
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_error: object) -> None:
        await self.aclose()

    async def go_away(self, seconds: float) -> None:
        """Refuse connections and break the open ones for that long, then come back on the same port."""
        if self._site is None:
            return
        await self._site.stop()
        self._break_connections()
        await asyncio.sleep(seconds)
        await self._listen(*self._address)

    def kubeconfig(self, path: Path, *, token: str = ADMIN_TOKEN) -> Path:
        """Write a kubeconfig for `token`; JSON is YAML."""
        entry = {"name": "sandbox"}
        body = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "sandbox",
            "clusters": [{**entry, "cluster": {"server": self.url}}],
            "users": [{**entry, "user": {"token": token}}],
            "contexts": [{**entry, "context": {"cluster": "sandbox", "user": "sandbox"}}],
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(body, indent=1))
        return path

    def add_token(self, token: str, name: str, *rules: Rule) -> None:
        """Let `token` act as the user `name`, who may do what the rules say and nothing else."""
        self.tokens.add(token, name, *rules)

    def compact(self) -> None:
        """Make every version before now too old to watch from."""
        self.store.compact()

    def apply(self, obj: Obj, *, manager: str = "kubectl-client-side-apply") -> Obj:
        """Create or replace an object; raises `ApiError` as the API would."""
        resource = of_kind(obj["apiVersion"], obj["kind"])
        if resource is None:
            raise ValueError(f"this cluster does not know {obj['apiVersion']} {obj['kind']}")
        if self.store.get(resource, namespace_of(obj), name_of(obj)):
            return self._writes.update(resource, obj, manager=manager)
        return self._writes.create(resource, obj, manager=manager)

    def namespace(self, name: str) -> Obj:
        """The namespace, created when it is missing."""
        held = self.store.get(NAMESPACES, "", name)
        return held or self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def deployment(
        self,
        namespace: str,
        name: str,
        image: str,
        *,
        container: str = "web",
        replicas: int = 2,
        probe: bool = True,
        **spec: Any,
    ) -> Obj:
        """Apply a Deployment of a demo image; `spec` adds to its specification, such as `progressDeadlineSeconds`."""
        self.namespace(namespace)
        web_container: Obj = {"name": container, "image": image, "ports": [{"containerPort": 8080}]}
        if probe:
            web_container["readinessProbe"] = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}
        labels = {"app": name}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [web_container]}}
        body = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template, **spec}
        info = {"name": name, "namespace": namespace, "labels": labels}
        return self.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": info, "spec": body})

    def objects(self) -> list[NamespaceView]:
        """What runs where, for people to look at."""
        return view_of(self.store, self._kubelet.reports)

    async def _listen(self, host: str, port: int) -> None:
        if self._runner is None:
            return
        self._site = web.TCPSite(self._runner, host, port, reuse_address=True)
        await self._site.start()
        bound = next(iter(self._runner.addresses))
        self._address = (host, int(bound[1]))
        self.url = f"http://{host}:{bound[1]}"

    def _break_connections(self) -> None:
        server = self._runner.server if self._runner else None
        for connection in list(server.connections) if server else []:
            if connection.transport is not None:
                connection.transport.abort()

    def _notice(self, change: Change) -> None:
        """Tell whoever is concerned by a change."""
        self._controllers.notice(change)
        self._scheduler.notice(change)
        self._kubelet.notice(change)


def _locator(registries: Mapping[str, str] | Callable[[str], str] | None) -> Callable[[str], str]:
    if callable(registries):
        return registries
    known = registries or {}
    return lambda host: known.get(host, f"http://{host}").rstrip("/")
