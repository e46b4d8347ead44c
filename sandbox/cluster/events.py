"""Events: what controllers and the kubelet tell people about an object."""

from __future__ import annotations

import contextlib

from sandbox.cluster.answers import ApiError
from sandbox.cluster.documents import Obj, clone, name_of, namespace_of, uid_of
from sandbox.cluster.resources import EVENTS, NAMESPACES
from sandbox.cluster.writes import Writes, generated_suffix


class Events:
    """Writes events; the same one again raises its count, as the client library's correlator does."""

    def __init__(self, writes: Writes) -> None:
        self._writes = writes
        self._names: dict[tuple[str, str, str], str] = {}

    def record(
        self, about: Obj, reason: str, message: str, *, source: str, warning: bool = False, path: str = ""
    ) -> None:
        key = (uid_of(about), reason, message)
        known = self._writes.store.get(EVENTS, namespace_of(about), self._names.get(key, ""))
        if known is not None:
            event = clone(known)
            event["count"] += 1
            event["lastTimestamp"] = self._writes.clock.now()
            self._writes.update(EVENTS, event, manager=source)
            return
        event = self._new(about, reason, message, source=source, warning=warning, path=path)
        if self._writes.store.get(NAMESPACES, "", namespace_of(about)):
            with contextlib.suppress(ApiError):  # a namespace that ends takes no more events
                self._names[key] = name_of(self._writes.create(EVENTS, event, manager=source))

    def _new(self, about: Obj, reason: str, message: str, *, source: str, warning: bool, path: str) -> Obj:
        now = self._writes.clock.now()
        involved = {
            "kind": about["kind"],
            "namespace": namespace_of(about),
            "name": name_of(about),
            "uid": uid_of(about),
            "apiVersion": about["apiVersion"],
            "resourceVersion": about["metadata"]["resourceVersion"],
            **({"fieldPath": path} if path else {}),
        }
        return {
            "metadata": {"name": f"{name_of(about)}.{generated_suffix(16)}", "namespace": namespace_of(about)},
            "involvedObject": involved,
            "reason": reason,
            "message": message,
            "source": {"component": source},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "type": "Warning" if warning else "Normal",
            "eventTime": None,
            "reportingComponent": source,
            "reportingInstance": "",
        }
