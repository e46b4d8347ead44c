"""Which kinds the simulated API server serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Resource:
    """One collection of the API, such as `deployments` of `apps/v1`."""

    group: str
    plural: str
    kind: str
    namespaced: bool = True
    subresources: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        return f"{self.group}/v1" if self.group else "v1"

    @property
    def qualified(self) -> str:
        """`deployments.apps`, as error texts name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


NAMESPACES: Final = Resource("", "namespaces", "Namespace", namespaced=False)
NODES: Final = Resource("", "nodes", "Node", namespaced=False)
PODS: Final = Resource("", "pods", "Pod", subresources=("log", "status"))
EVENTS: Final = Resource("", "events", "Event")
CONFIG_MAPS: Final = Resource("", "configmaps", "ConfigMap")
SECRETS: Final = Resource("", "secrets", "Secret")
SERVICE_ACCOUNTS: Final = Resource("", "serviceaccounts", "ServiceAccount")
QUOTAS: Final = Resource("", "resourcequotas", "ResourceQuota", subresources=("status",))
LIMIT_RANGES: Final = Resource("", "limitranges", "LimitRange")
SERVICES: Final = Resource("", "services", "Service")
DEPLOYMENTS: Final = Resource("apps", "deployments", "Deployment", subresources=("status",))
REPLICA_SETS: Final = Resource("apps", "replicasets", "ReplicaSet", subresources=("status",))
STATEFUL_SETS: Final = Resource("apps", "statefulsets", "StatefulSet", subresources=("status",))
DAEMON_SETS: Final = Resource("apps", "daemonsets", "DaemonSet", subresources=("status",))
CONTROLLER_REVISIONS: Final = Resource("apps", "controllerrevisions", "ControllerRevision")

WORKLOADS: Final = (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS)
"""What people deploy; all have a pod template."""
ALL: Final = (
    NAMESPACES, NODES, PODS, EVENTS, CONFIG_MAPS, SECRETS, SERVICE_ACCOUNTS, SERVICES, QUOTAS,
    LIMIT_RANGES,
    *WORKLOADS, REPLICA_SETS, CONTROLLER_REVISIONS,
)  # fmt: skip


def find(group: str, plural: str) -> Resource | None:
    return next((item for item in ALL if (item.group, item.plural) == (group, plural)), None)


def of_kind(api_version: str, kind: str) -> Resource | None:
    return next((item for item in ALL if (item.api_version, item.kind) == (api_version, kind)), None)
