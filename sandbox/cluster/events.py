"""Events: what controllers, scheduler and kubelet tell people about an object."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Final

from sandbox.cluster.answers import ApiError
from sandbox.cluster.documents import Obj, clone, name_of, namespace_of, uid_of
from sandbox.cluster.resources import EVENTS, NAMESPACES
from sandbox.cluster.writes import Writes, generated_suffix

_SIMILAR: Final = 10
"""From so many different messages of one reason on, the newest stands for them all."""


class Events:
    """Writes events; the same one again raises its count, as the client library's correlator does."""

    def __init__(self, writes: Writes) -> None:
        self._writes = writes
        self._names: dict[tuple[str, str, str], str] = {}
        self._messages: dict[tuple[str, str], set[str]] = {}

    def record(
        self,
        about: Obj,
        reason: str,
        message: str,
        *,
        source: str,
        warning: bool = False,
        path: str = "",
        host: str = "",
        action: bool = False,
    ) -> None:
        """`host` is the node a kubelet speaks for; `action` marks an event of the newer API, which has no count."""
        similar = self._messages.setdefault((uid_of(about), reason), set())
        similar.add(message)
        combined = len(similar) >= _SIMILAR
        key = (uid_of(about), reason, "" if combined else message)
        text = f"(combined from similar events): {message}" if combined else message
        known = self._writes.store.get(EVENTS, namespace_of(about), self._names.get(key, ""))
        if known is not None and not action:
            self._count(known, text, source)
        elif known is None:
            event = self._new(about, reason, text, path=path, warning=warning)
            event |= self._modern(source) if action else self._counted(source, host)
            if self._writes.store.get(NAMESPACES, "", namespace_of(about)):
                with contextlib.suppress(ApiError):  # a namespace that ends takes no more events
                    self._names[key] = name_of(self._writes.create(EVENTS, event, manager=source))

    def _count(self, known: Obj, text: str, source: str) -> None:
        event = clone(known)
        event["count"] += 1
        event["message"] = text
        event["lastTimestamp"] = self._writes.clock.now()
        self._writes.update(EVENTS, event, manager=source)

    def _new(self, about: Obj, reason: str, message: str, *, path: str, warning: bool) -> Obj:
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
            "type": "Warning" if warning else "Normal",
        }

    def _counted(self, source: str, host: str) -> Obj:
        now = self._writes.clock.now()
        return {
            "source": {"component": source, **({"host": host} if host else {})},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "eventTime": None,
            "reportingComponent": source,
            "reportingInstance": host,
        }

    def _modern(self, source: str) -> Obj:
        """As the scheduler writes them: one moment, no count."""
        return {
            "source": {},
            "firstTimestamp": None,
            "lastTimestamp": None,
            "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "action": "Scheduling",
            "reportingComponent": source,
            "reportingInstance": f"{source}-sandbox",
        }
