"""What a pod refers to: ConfigMaps and Secrets in its environment and its volumes."""

from __future__ import annotations

import base64
from typing import Final

from sandbox.cluster.documents import Obj
from sandbox.cluster.resources import CONFIG_MAPS, SECRETS, Resource
from sandbox.cluster.store import Store

_WHOLE: Final = (("configMapRef", CONFIG_MAPS), ("secretRef", SECRETS))
_KEYS: Final = (("configMapKeyRef", CONFIG_MAPS), ("secretKeyRef", SECRETS))
_VOLUMES: Final = (("configMap", "name", CONFIG_MAPS), ("secret", "secretName", SECRETS))


class MissingReferenceError(Exception):
    """The node's sentence about a ConfigMap, a Secret or a key that is not there."""


def environment(store: Store, namespace: str, container: Obj) -> dict[str, str]:
    """The variables a container starts with; raises `MissingReferenceError`."""
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        for field, resource in _WHOLE:
            if field in source:
                found |= _content(store, resource, namespace, source[field]) or {}
    for entry in container.get("env", []):
        value = _value(store, namespace, entry)
        if value is not None:
            found[entry["name"]] = value
    return found


def missing_volumes(store: Store, namespace: str, spec: Obj) -> list[str]:
    """A sentence for each volume whose source is not there; what no container mounts is not looked at."""
    containers = [*spec.get("initContainers", []), *spec["containers"]]
    mounted = {mount["name"] for container in containers for mount in container.get("volumeMounts", [])}
    found = []
    for volume in (each for each in spec.get("volumes", []) if each["name"] in mounted):
        for field, key, resource in _VOLUMES:
            source = volume.get(field)
            if source is None or source.get("optional"):
                continue
            if store.get(resource, namespace, source[key]) is None:
                what = f'{resource.kind.lower()} "{source[key]}" not found'
                found.append(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {what}')
    return found


def _value(store: Store, namespace: str, entry: Obj) -> str | None:
    source = entry.get("valueFrom", {})
    for field, resource in _KEYS:
        if field not in source:
            continue
        wanted = source[field]
        content = _content(store, resource, namespace, wanted)
        if content is not None and wanted["key"] in content:
            return content[wanted["key"]]
        if wanted.get("optional"):
            return None
        raise MissingReferenceError(
            f"couldn't find key {wanted['key']} in {resource.kind} {namespace}/{wanted['name']}"
        )
    return str(entry.get("value", ""))


def _content(store: Store, resource: Resource, namespace: str, wanted: Obj) -> dict[str, str] | None:
    """None for an optional object that is not there."""
    held = store.get(resource, namespace, wanted["name"])
    if held is None:
        if wanted.get("optional"):
            return None
        raise MissingReferenceError(f'{resource.kind.lower()} "{wanted["name"]}" not found')
    data: dict[str, str] = held.get("data", {})
    if resource == SECRETS:
        return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}
    return data
