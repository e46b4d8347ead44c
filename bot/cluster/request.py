"""What we ask of the API server: a verb on a resource in a namespace, as a path and as the right it needs."""

from dataclasses import dataclass
from urllib.parse import quote

from bot.errors import BrokenError


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind, where it lives in the API and how RBAC names it."""

    root: str
    plural: str
    right: str


DEPLOYMENTS = Resource("/apis/apps/v1", "deployments", "deployments.apps")
REPLICA_SETS = Resource("/apis/apps/v1", "replicasets", "replicasets.apps")
STATEFUL_SETS = Resource("/apis/apps/v1", "statefulsets", "statefulsets.apps")
DAEMON_SETS = Resource("/apis/apps/v1", "daemonsets", "daemonsets.apps")
CONTROLLER_REVISIONS = Resource("/apis/apps/v1", "controllerrevisions", "controllerrevisions.apps")
PODS = Resource("/api/v1", "pods", "pods")
EVENTS = Resource("/api/v1", "events", "events")
NAMESPACES = Resource("/api/v1", "namespaces", "namespaces")
NODES = Resource("/api/v1", "nodes", "nodes")


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One question or change; `namespace` is None only for cluster-wide kinds."""

    verb: str
    """`get`, `list`, `watch`, `patch` or `delete`, as RBAC says it."""
    resource: Resource
    namespace: str | None
    name: str = ""
    subresource: str = ""

    @property
    def path(self) -> str:
        """The URL path; every name is quoted, so that none can leave its place. Raises `BrokenError` for `..`."""
        if any(part and not part.strip(".") for part in (self.namespace, self.name)):
            raise BrokenError("a name made of dots would ask for another path")
        scope = ["namespaces", quote(self.namespace, safe="")] if self.namespace is not None else []
        ends = [quote(part, safe="") for part in (self.name, self.subresource) if part]
        return "/".join([self.resource.root, *scope, self.resource.plural, *ends])

    @property
    def right(self) -> str:
        """`pods/log`, as a Role lists it."""
        return self.resource.right + (f"/{self.subresource}" if self.subresource else "")

    @property
    def place(self) -> str:
        """``namespace `payments` ``, or the whole cluster."""
        return f"namespace `{self.namespace}`" if self.namespace is not None else "the whole cluster"

    def __str__(self) -> str:
        return f"{self.verb} {self.right} in {self.place}"
