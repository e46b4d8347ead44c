"""Lists that are maps in disguise: which key tells their items apart."""

from __future__ import annotations

import json
from typing import Any, Final

from sandbox.cluster.documents import Obj

_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "imagePullSecrets": ("name",),
    "ports": ("containerPort", "protocol"),
    "volumeMounts": ("mountPath",),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
}
_MERGE_KEYS: Final = {"ports": "containerPort"}
"""Strategic merge knows one key for ports, server-side apply two."""


def is_keyed(field: str, items: list[Any]) -> bool:
    """Whether the list under `field` merges item by item; every other list is replaced as a whole."""
    return field in _KEYS and all(isinstance(item, dict) and _KEYS[field][0] in item for item in items)


def item_key(field: str, item: Obj) -> str:
    """`{"name":"web"}`: how `managedFields` names a list item."""
    return json.dumps({key: item[key] for key in _KEYS[field] if key in item}, separators=(",", ":"))


def merge_key(field: str) -> str | None:
    """The key of a strategic merge patch for the list under `field`."""
    return _MERGE_KEYS.get(field) or _KEYS.get(field, (None,))[0]
