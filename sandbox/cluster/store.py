"""The objects, their versions and the log that watches read: what etcd and the watch cache are to a real cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from sandbox.cluster.answers import too_old
from sandbox.cluster.documents import Obj, clone, name_of, namespace_of
from sandbox.cluster.resources import Resource

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]

_FIRST_REVISION: Final = 200
"""A cluster that just started has already written some hundred objects, so version 1 is ancient."""


@dataclass(frozen=True, slots=True)
class Change:
    """One write. `before` is what the object was, so that a selector can tell an object that left its view."""

    revision: int
    type: ChangeType
    resource: Resource
    obj: Obj
    before: Obj | None


Listener = Callable[[Change], None]


class Store:
    """Objects by (resource, namespace, name). What it holds and hands out is never changed in place: `clone` first."""

    def __init__(self, *, history: int = 5000) -> None:
        self._objects: dict[Resource, dict[tuple[str, str], Obj]] = {}
        self._log: deque[Change] = deque()
        self._history = history
        self._listeners: list[Listener] = []
        self.revision = _FIRST_REVISION
        self.oldest = _FIRST_REVISION
        """The oldest version a watch may start from."""

    def get(self, resource: Resource, namespace: str, name: str) -> Obj | None:
        return self._objects.get(resource, {}).get((namespace, name))

    def list(self, resource: Resource, namespace: str | None = None) -> list[Obj]:
        """Objects of one namespace, or of all for None, in the order of their keys."""
        held = self._objects.get(resource, {})
        return [held[key] for key in sorted(held) if namespace is None or key[0] == namespace]

    def put(self, resource: Resource, obj: Obj) -> Obj:
        """Create or replace; gives the stored object with its new version."""
        key = (namespace_of(obj), name_of(obj))
        before = self._objects.setdefault(resource, {}).get(key)
        stored = self._stamped(obj)
        self._objects[resource][key] = stored
        self._record("ADDED" if before is None else "MODIFIED", resource, stored, before)
        return stored

    def remove(self, resource: Resource, namespace: str, name: str) -> Obj:
        """Delete; the object of the DELETED event carries the version of its deletion."""
        before = self._objects[resource].pop((namespace, name))
        gone = self._stamped(before)
        self._record("DELETED", resource, gone, before)
        return gone

    def since(self, revision: int, resource: Resource) -> Iterator[Change]:
        """Changes after `revision`, oldest first; raises `ApiError` 410 when the log does not reach back that far."""
        if revision < self.oldest:
            raise too_old(revision, self.oldest)
        return iter([change for change in self._log if change.revision > revision and change.resource == resource])

    def compact(self) -> None:
        """Forget the log: every watch from an earlier version gets 410, as after etcd's compaction."""
        self._log.clear()
        self.oldest = self.revision

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _stamped(self, obj: Obj) -> Obj:
        self.revision += 1
        stamped = clone(obj)
        stamped["metadata"]["resourceVersion"] = str(self.revision)
        return stamped

    def _record(self, kind: ChangeType, resource: Resource, obj: Obj, before: Obj | None) -> None:
        change = Change(self.revision, kind, resource, obj, before)
        self._log.append(change)
        while len(self._log) > self._history:
            self.oldest = self._log.popleft().revision
        for listener in list(self._listeners):
            listener(change)
