"""The `Cluster` port on a real API server: reads, the one patch, the shared view, logs and the nodes' platforms."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bot.cluster.answers import ConflictError, ForbiddenError, MissingError, RefusedError
from bot.cluster.client import Client
from bot.cluster.connection import Connection, connect
from bot.cluster.kinds import kind_of
from bot.cluster.objects import NamespaceObject, NodeObject
from bot.cluster.observe import to_observation
from bot.cluster.pace import Pace
from bot.cluster.patch import container_index, missing_workload, read_workload, write_image
from bot.cluster.request import NAMESPACES, NODES, PODS, Request
from bot.cluster.watches import Watches
from bot.cluster.workloads import to_workload
from bot.domain.image import Platform
from bot.domain.intent import Target
from bot.domain.workload import Observation, Patched, Workload, WorkloadKind
from bot.errors import BrokenError, GreenlaneError, RejectedError

_NO_LOG = "unable to retrieve container logs for "
"""What a kubelet answers, with 200, about a run whose remains it has cleared away."""
_LOG_BYTES = 256 * 1024
_LINE = 2000
_PLATFORMS_KEPT = 300.0


class KubernetesCluster:
    """One cluster. `start` before use, `aclose` after; `kubeconfig` None means the pod's account, else `KUBECONFIG`."""

    def __init__(self, kubeconfig: Path | None = None, *, use_proxies: bool = False, pace: Pace | None = None) -> None:
        self._kubeconfig = kubeconfig
        self._use_proxies = use_proxies
        self._pace = pace or Pace()
        self._connection: Connection | None = None
        self._open_client: Client | None = None
        self._open_watches: Watches | None = None
        self._platforms: tuple[float, frozenset[Platform] | None] | None = None

    async def start(self) -> None:
        """Load credentials; asks the cluster nothing yet. Raises `SettingsError`."""
        self._connection = await connect(self._kubeconfig, use_proxies=self._use_proxies)
        self._open_client = Client(self._connection.api)
        self._open_watches = Watches(self._open_client, self._pace)

    async def aclose(self) -> None:
        """Hang up every watch and close the connections."""
        if self._open_watches is not None:
            await self._open_watches.aclose()
        if self._connection is not None:
            await self._connection.aclose()
        self._connection = self._open_client = self._open_watches = None

    async def read(self, target: Target) -> Workload:
        """The workload as it is now.

        Raises `RejectedError` with `namespace_not_found`, `workload_not_found`, `container_not_found`,
        `cluster_forbidden` or `kind_not_supported`.
        """
        try:
            live = await read_workload(self._client, target)
        except (MissingError, ForbiddenError) as error:
            raise await self._explain(target, error) from error
        container_index(live, target.container)
        return to_workload(live, target.container)

    async def patch(
        self,
        target: Target,
        *,
        uid: str,
        expected_image: str,
        image: str,
        annotations: Mapping[str, str],
        expected_intent: str = "",
        dry_run: bool = False,
    ) -> Patched:
        """Set image and annotations on exactly that workload; repeating it changes nothing, a `dry_run` even less.

        When the live image is neither `expected_image` nor `image`, raises `TransientError`: read again. Else raises as
        `read`, and `RejectedError` with `workload_recreated`, `admission_denied` or `cluster_refused`.
        """
        try:
            written = await write_image(
                self._client,
                self._pace,
                target,
                uid=uid,
                expected_image=expected_image,
                expected_intent=expected_intent,
                image=image,
                annotations=annotations,
                dry_run=dry_run,
            )
        except (MissingError, ForbiddenError) as error:
            raise await self._explain(target, error) from error
        workload = to_workload(written.workload, target.container)
        return Patched(workload=workload, changed=written.changed, warnings=written.warnings)

    async def delete_pod(self, target: Target, *, pod: str, uid: str) -> bool:
        """Delete exactly that pod of the target's namespace; False when it is gone, or another one has its name.

        Raises `RejectedError` `cluster_forbidden`.
        """
        request = Request(verb="delete", resource=PODS, namespace=target.namespace, name=pod)
        try:
            await self._client.delete(request, uid=uid)
        except (MissingError, ConflictError):
            return False
        return True

    async def observe(self, target: Target) -> Observation:
        """The shared watch's view; waits some seconds for its first list.

        Raises `TransientError` while it is blind, `RejectedError` (`cluster_forbidden`) where it may not look.
        """
        view = await self._watches.view(target.namespace, kind_of(target))
        return to_observation(
            next((each for each in view.workloads if each.metadata.name == target.name), None),
            WorkloadKind(target.kind),
            revisions=view.revisions,
            pods=view.pods,
            events=view.events,
            container=target.container,
            since=view.sightings.since,
        )

    def subscribe(self, namespace: str, on_change: Callable[[], None]) -> Callable[[], None]:
        """Keep the namespace's watches open and call back on every change; returns the way to stop."""
        return self._watches.subscribe(namespace, on_change)

    async def last_log_lines(
        self, target: Target, *, pod: str, container: str, previous: bool, lines: int
    ) -> list[str]:
        """The end of a container's log, each line cut at 2000 characters; empty when there is none (any more)."""
        request = Request(verb="get", resource=PODS, namespace=target.namespace, name=pod, subresource="log")
        query = [("container", container), ("tailLines", str(lines)), ("limitBytes", str(_LOG_BYTES))]
        if previous:
            query.append(("previous", "true"))
        try:
            text = await self._client.text(request, query=query)
        except (MissingError, RefusedError):
            return []  # the pod is gone, or (400) the container has no such run
        if text.startswith(_NO_LOG):
            return []
        return [line[:_LINE] for line in text.removesuffix("\n").split("\n")[-lines:]]

    async def node_platforms(self) -> frozenset[Platform] | None:
        """Platforms of the schedulable nodes, asked every five minutes; None where nodes can't be read."""
        now = self._pace.clock()
        if self._platforms is None or now - self._platforms[0] >= _PLATFORMS_KEPT:
            self._platforms = (now, await self._read_platforms())
        return self._platforms[1]

    async def _read_platforms(self) -> frozenset[Platform] | None:
        try:
            _, nodes = await self._client.list_all(Request(verb="list", resource=NODES, namespace=None), NodeObject)
        except ForbiddenError:
            return None
        reports = [node.status.node_info for node in nodes if not node.spec.unschedulable]
        return frozenset(Platform(each.operating_system, each.architecture) for each in reports if each.architecture)

    async def _explain(self, target: Target, error: RejectedError) -> RejectedError:
        """Tell a missing namespace from a missing workload; a forbidden one often is a mistyped name."""
        request = Request(verb="get", resource=NAMESPACES, namespace=None, name=target.namespace)
        try:
            await self._client.get(request, NamespaceObject)
        except MissingError:
            sentence = f"There is no namespace `{target.namespace}` in the cluster."
            return RejectedError(
                "namespace_not_found", sentence, hint="Correct `namespace` in the catalog, or create it."
            )
        except GreenlaneError:
            seen = False  # namespaces can't be read here, which is fine
        else:
            seen = True
        if isinstance(error, ForbiddenError):
            return error
        doubt = "" if seen else " (or no such namespace: Greenlane may not read namespaces)"
        hint = "Create it once with `kubectl apply`, or correct `workload` in the catalog."
        return RejectedError("workload_not_found", f"{missing_workload(target)}{doubt}.", hint=hint)

    @property
    def _client(self) -> Client:
        if self._open_client is None:
            raise BrokenError("the cluster is used before it was started")
        return self._open_client

    @property
    def _watches(self) -> Watches:
        if self._open_watches is None:
            raise BrokenError("the cluster is used before it was started")
        return self._open_watches
