"""From a request's path to what it is about."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.cluster.answers import no_such_path
from sandbox.cluster.resources import NAMESPACES, Resource, find


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """A collection, an object or a subresource. `namespace` None is "all of them", or a cluster-wide kind."""

    resource: Resource
    namespace: str | None = None
    name: str = ""
    subresource: str = ""

    @property
    def scope(self) -> str:
        """The namespace that permissions are looked up for; a namespace itself counts as being in it."""
        return self.name if self.resource == NAMESPACES else self.namespace or ""

    @property
    def key(self) -> tuple[str, str]:
        return (self.namespace or "", self.name)


def to_address(path: str) -> Address:
    """Raises `ApiError` 404 for a path that is nothing."""
    parts = path.strip("/").split("/")
    if parts[:2] == ["api", "v1"]:
        group, rest = "", parts[2:]
    elif parts[0] == "apis" and len(parts) > 3 and parts[2] == "v1":
        group, rest = parts[1], parts[3:]
    else:
        raise no_such_path()
    namespace = None
    if len(rest) > 2 and rest[0] == "namespaces" and find(group, rest[2]):
        namespace, rest = rest[1], rest[2:]
    resource = find(group, rest[0]) if rest else None
    if resource is None or len(rest) > 3 or (namespace is not None and not resource.namespaced):
        raise no_such_path()
    name, subresource = [*rest[1:], "", ""][:2]
    if (subresource and subresource not in resource.subresources) or (
        name and resource.namespaced and namespace is None
    ):
        raise no_such_path()
    return Address(resource=resource, namespace=namespace, name=name, subresource=subresource)
