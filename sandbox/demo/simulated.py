"""The simulated cluster behind the door: read in place, so that injected faults hit the bot and not the page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, get_args

from sandbox.cluster import Fault, Request, Rule, SimulatedCluster
from sandbox.cluster.answers import ApiError
from sandbox.cluster.faults import Kind
from sandbox.cluster.resources import DEPLOYMENTS, EVENTS, NAMESPACES, PODS, REPLICA_SETS, Resource
from sandbox.control.fields import Fields
from sandbox.control.refusal import DoorError
from sandbox.demo import workload
from sandbox.demo.invented import NAMESPACES as TEAM_NAMESPACES

JSON = dict[str, Any]

BOT_TOKEN = "sandbox-greenlane"
READS = {
    "namespaces": NAMESPACES,
    "deployments": DEPLOYMENTS,
    "replicasets": REPLICA_SETS,
    "pods": PODS,
    "events": EVENTS,
}
WATCHES = ("get", "list", "watch")
TEAM = frozenset(TEAM_NAMESPACES)
KINDS = frozenset({"deployments", "statefulsets", "daemonsets"})
REVISIONS = frozenset({"replicasets", "controllerrevisions"})
RIGHTS = (
    Rule(verbs=frozenset({*WATCHES, "patch"}), resources=KINDS, namespaces=TEAM),
    Rule(verbs=frozenset(WATCHES), resources=REVISIONS | {"pods", "events"}, namespaces=TEAM),
    Rule(verbs=frozenset({"get"}), resources=frozenset({"pods/log"}), namespaces=TEAM),
    Rule(verbs=frozenset({"list"}), resources=frozenset({"nodes"})),
    Rule(verbs=frozenset({"get"}), resources=frozenset({"namespaces"})),
)
"""What the bot may do, as docs/connect.md section 3 gives it. Nothing else."""


class Simulated:
    """Satisfies `ClusterView` on a `SimulatedCluster`."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self._cluster = cluster

    @classmethod
    @asynccontextmanager
    async def running(cls, kubeconfig: Path) -> AsyncIterator["Simulated"]:
        """Started, with a kubeconfig for the bot; stopped at the end."""
        async with SimulatedCluster() as cluster:
            cluster.add_token(BOT_TOKEN, "greenlane", *RIGHTS)
            cluster.kubeconfig(kubeconfig, token=BOT_TOKEN)
            yield cls(cluster)

    async def read(self) -> JSON:
        return {name: self._list(resource) for name, resource in READS.items()}

    async def create_namespace(self, name: str) -> None:
        self._apply(workload.namespace(name))

    async def create_deployment(self, *, namespace: str, name: str, container: str, image: str, replicas: int) -> None:
        if self._cluster.store.get(NAMESPACES, "", namespace) is None:
            raise DoorError(404, f"There is no namespace {namespace}.", "POST /_control/namespaces makes it.")
        self._apply(
            workload.deployment(namespace=namespace, name=name, container=container, image=image, replicas=replicas)
        )

    def add_fault(self, values: JSON) -> JSON:
        """`kind`, how often and with which answer; `verb`, `resource`, `namespace` and `name` choose the requests."""
        fields = Fields(values)
        chosen = {each: fields.maybe(each) for each in ("method", "verb", "resource", "namespace", "name")}
        fault = Fault(
            matches=lambda request: _fits(request, chosen),
            kind=fields.choice("kind", get_args(Kind)),  # type: ignore[arg-type]  # one of them
            count=fields.whole("count", 1, least=1),
            code=fields.whole("code", 503, least=400),
            reason=fields.text("reason", "ServiceUnavailable"),
            message=fields.text("message", "the server is currently unable to handle the request"),
            seconds=fields.number("seconds", 0.0),
            headers=fields.mapping("headers", {}),
        )
        fields.done()
        self._cluster.faults.add(fault)
        return {"in_force": True}

    def clear_faults(self) -> None:
        self._cluster.faults.clear()

    def _list(self, resource: Resource) -> list[JSON]:
        return self._cluster.store.list(resource)

    def _apply(self, obj: JSON) -> None:
        try:
            self._cluster.apply(obj)
        except ApiError as error:
            raise DoorError(422, f"The cluster refused it: {error}.", "Read the sentence; names are usual.") from error


def _fits(request: Request, chosen: dict[str, str | None]) -> bool:
    return all(wanted in (None, getattr(request, part)) for part, wanted in chosen.items())
