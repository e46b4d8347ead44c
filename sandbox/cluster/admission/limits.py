"""LimitRanges: defaults for containers that say nothing, and a no for those that say too much (plugin LimitRanger)."""

from __future__ import annotations

from typing import Final

from sandbox.cluster.answers import forbidden
from sandbox.cluster.documents import Obj, namespace_of
from sandbox.cluster.quantities import of_container, parse
from sandbox.cluster.resources import LIMIT_RANGES, PODS
from sandbox.cluster.store import Store

_ANNOTATION: Final = "kubernetes.io/limit-ranger"


def fill_range(obj: Obj) -> None:
    """The API server's defaults on a LimitRange: the default limit is the maximum, the request the limit or minimum."""
    for item in obj.get("spec", {}).get("limits", []):
        if item.get("type") != "Container":
            continue
        limits = {**item.get("max", {}), **item.get("default", {})}
        requests = {**item.get("min", {}), **limits, **item.get("defaultRequest", {})}
        item.update({"default": limits} if limits else {})
        item.update({"defaultRequest": requests} if requests else {})


def set_defaults(store: Store, pod: Obj) -> None:
    """Give each container what the namespace's ranges say; the pod notes in an annotation what was set."""
    notes: list[str] = []
    for item in _items(store, pod):
        for word, container in _containers(pod):
            for kind, key in (("requests", "defaultRequest"), ("limits", "default")):
                set_now = _set(container, kind, item.get(key, {}))
                if set_now:
                    notes.append(f"{', '.join(sorted(set_now))} {kind[:-1]} for {word} {container['name']}")
    if notes:
        annotations = pod["metadata"].setdefault("annotations", {})
        annotations[_ANNOTATION] = f"LimitRanger plugin set: {'; '.join(notes)}"


def check(store: Store, pod: Obj) -> None:
    """Raises `ApiError` 403."""
    faults = [
        fault for item in _items(store, pod) for _, container in _containers(pod) for fault in _faults(item, container)
    ]
    if faults:
        why = faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]"
        raise forbidden(PODS, str(pod["metadata"]["name"]), why)


def _items(store: Store, pod: Obj) -> list[Obj]:
    ranges = store.list(LIMIT_RANGES, namespace_of(pod))
    return [item for each in ranges for item in each["spec"]["limits"] if item["type"] == "Container"]


def _containers(pod: Obj) -> list[tuple[str, Obj]]:
    spec = pod["spec"]
    early = [("init container", item) for item in spec.get("initContainers", [])]
    return [*(("container", item) for item in spec["containers"]), *early]


def _set(container: Obj, kind: str, values: Obj) -> list[str]:
    held = container["resources"].setdefault(kind, {}) if values else {}
    missing = [key for key in values if key not in held]
    held.update({key: values[key] for key in missing})
    return missing


def _faults(item: Obj, container: Obj) -> list[str]:
    faults = []
    requests, limits = of_container(container, "requests"), of_container(container, "limits")
    shown = container["resources"]
    for key, least in sorted(item.get("min", {}).items()):
        start = f"minimum {key} usage per Container is {least}"
        if key not in requests:
            faults.append(f"{start}.  No request is specified")
        elif requests[key] < parse(least):
            faults.append(f"{start}, but request is {shown['requests'][key]}")
    for key, most in sorted(item.get("max", {}).items()):
        start = f"maximum {key} usage per Container is {most}"
        if key not in limits:
            faults.append(f"{start}.  No limit is specified")
        elif limits[key] > parse(most):
            faults.append(f"{start}, but limit is {shown['limits'][key]}")
    return faults
