"""Watches: the change log as a stream of JSON lines, with bookmarks, time-outs and expired versions."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

from sandbox.cluster.answers import ApiError
from sandbox.cluster.clock import Clock
from sandbox.cluster.documents import Obj
from sandbox.cluster.query import Query
from sandbox.cluster.resources import (
    CONTROLLER_REVISIONS,
    DAEMON_SETS,
    DEPLOYMENTS,
    EVENTS,
    PODS,
    REPLICA_SETS,
    STATEFUL_SETS,
    Resource,
)
from sandbox.cluster.store import Change, Store

_MINUTE: Final = 60.0
_LONGEST: Final = (1800.0, 3600.0)
"""How long the API server keeps a watch that named no time-out."""
_EMPTY_TEMPLATE: Final = {"metadata": {}, "spec": {"containers": None}}
_EMPTY: Final[dict[Resource, Obj]] = {
    PODS: {"spec": {"containers": None}, "status": {}},
    DEPLOYMENTS: {"spec": {"replicas": 0, "selector": None, "template": _EMPTY_TEMPLATE, "strategy": {}}, "status": {}},
    REPLICA_SETS: {"spec": {"replicas": 0, "selector": None, "template": _EMPTY_TEMPLATE}, "status": {"replicas": 0}},
    STATEFUL_SETS: {
        "spec": {"selector": None, "template": _EMPTY_TEMPLATE, "serviceName": "", "updateStrategy": {}},
        "status": {"replicas": 0, "availableReplicas": 0},
    },
    DAEMON_SETS: {
        "spec": {"selector": None, "template": _EMPTY_TEMPLATE, "updateStrategy": {}},
        "status": dict.fromkeys(
            ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"), 0
        ),
    },
    CONTROLLER_REVISIONS: {"revision": 0},
    EVENTS: {"involvedObject": {}, "source": {}, "firstTimestamp": None, "lastTimestamp": None, "eventTime": None},
}
"""What a bookmark carries beside its version: the kind's empty object, `null` where nothing may be null."""


async def follow(
    store: Store, clock: Clock, resource: Resource, namespace: str | None, query: Query
) -> AsyncIterator[bytes]:
    """Lines for one watch, until its time-out."""
    try:
        with _feed(store, resource) as feed:
            for line in _beginning(store, resource, namespace, query):
                yield line
            async for line in _continued(store, clock, resource, namespace, query, feed):
                yield line
    except ApiError as error:
        yield _line("ERROR", error.status)


@contextmanager
def _feed(store: Store, resource: Resource) -> Iterator[asyncio.Queue[Change]]:
    feed: asyncio.Queue[Change] = asyncio.Queue()

    def listen(change: Change) -> None:
        if change.resource == resource:
            feed.put_nowait(change)

    stop = store.subscribe(listen)
    try:
        yield feed
    finally:
        stop()


def _beginning(store: Store, resource: Resource, namespace: str | None, query: Query) -> list[bytes]:
    """What a watch shows at once: every object when it named no version, else the changes since."""
    if query.revision:
        changes = (_seen(change, namespace, query) for change in store.since(query.revision, resource))
        return [line for line in changes if line is not None]
    lines = [_line("ADDED", obj) for obj in store.list(resource, namespace) if query.matches(obj)]
    if query.bookmarks:
        lines.append(_bookmark(store, resource, {"k8s.io/initial-events-end": "true"}))
    return lines


async def _continued(
    store: Store, clock: Clock, resource: Resource, namespace: str | None, query: Query, feed: asyncio.Queue[Change]
) -> AsyncIterator[bytes]:
    now = asyncio.get_running_loop().time
    end = now() + (query.timeout or random.uniform(*_LONGEST))
    bookmark = _next_bookmark(now(), end, clock)
    while now() < end:
        line = await _next(feed, min(end, bookmark if query.bookmarks else end) - now(), namespace, query)
        if line is not None:
            yield line
        if query.bookmarks and now() >= bookmark:
            bookmark = _next_bookmark(now(), end, clock)
            yield _bookmark(store, resource, {})


async def _next(feed: asyncio.Queue[Change], seconds: float, namespace: str | None, query: Query) -> bytes | None:
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            change = await feed.get()
    except TimeoutError:
        return None
    return _seen(change, namespace, query)


def _next_bookmark(now: float, end: float, clock: Clock) -> float:
    """Every minute, and two seconds before the time-out (cacher's nextBookmarkTime)."""
    last = end - 2.0
    return min(now + _MINUTE / clock.speed, last) if last > now else now + _MINUTE


def _seen(change: Change, namespace: str | None, query: Query) -> bytes | None:
    """The change as this watch sees it: an object that leaves the selection is deleted for it."""
    if namespace is not None and change.obj["metadata"].get("namespace", "") != namespace:
        return None
    was = change.before is not None and query.matches(change.before)
    fits = change.type != "DELETED" and query.matches(change.obj)
    if fits:
        return _line("MODIFIED" if was else "ADDED", change.obj)
    return _line("DELETED", change.obj) if was else None


def _bookmark(store: Store, resource: Resource, annotations: Obj) -> bytes:
    info: Obj = {"resourceVersion": str(store.revision), **({"annotations": annotations} if annotations else {})}
    obj = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": info, **_EMPTY.get(resource, {})}
    return _line("BOOKMARK", obj)


def _line(kind: str, obj: Obj) -> bytes:
    return json.dumps({"type": kind, "object": obj}, separators=(",", ":")).encode() + b"\n"
