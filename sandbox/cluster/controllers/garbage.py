"""The garbage collector: what is owned goes with its owner, and everything with its namespace."""

from __future__ import annotations

from sandbox.cluster.controllers.workqueue import Key
from sandbox.cluster.documents import Obj, controller_uid, is_terminating, name_of, namespace_of, uid_of
from sandbox.cluster.resources import ALL, EVENTS, NAMESPACES, Resource
from sandbox.cluster.store import Change
from sandbox.cluster.writes import Writes


class GarbageCollector:
    """Deletes in the background, as the default propagation policy does."""

    def __init__(self, writes: Writes) -> None:
        self._writes = writes

    def concern_of(self, change: Change) -> Key | None:
        """The key to queue for a change: the name of a namespace that ends, or the uid of an owner that is gone."""
        if change.resource == NAMESPACES:
            return (name_of(change.obj), "") if change.type == "MODIFIED" and is_terminating(change.obj) else None
        return ("", uid_of(change.obj)) if change.type == "DELETED" and change.resource != EVENTS else None

    def sync(self, key: Key) -> float | None:
        """Delete what the key concerns; asks to be called again until a namespace is empty."""
        namespace, owner = key
        if owner:
            self._delete([(kind, obj) for kind, obj in self._all(None) if controller_uid(obj) == owner])
            return None
        self._delete(self._all(namespace))
        if self._all(namespace):
            return 0.2
        if self._writes.store.get(NAMESPACES, "", namespace):
            self._writes.store.remove(NAMESPACES, "", namespace)
        return None

    def _all(self, namespace: str | None) -> list[tuple[Resource, Obj]]:
        return [(kind, obj) for kind in ALL if kind.namespaced for obj in self._writes.store.list(kind, namespace)]

    def _delete(self, found: list[tuple[Resource, Obj]]) -> None:
        for kind, obj in found:
            self._writes.delete(kind, namespace_of(obj), name_of(obj))
