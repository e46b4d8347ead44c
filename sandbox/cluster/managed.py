"""`managedFields`: who wrote which field last, so that another writer can be named."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from sandbox.cluster.documents import Obj
from sandbox.cluster.lists import is_keyed, item_key

_Path: TypeAlias = tuple[str, ...]
_SELF: Final = "."
_NOBODYS: Final = frozenset(
    {"name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields",
     "deletionTimestamp", "deletionGracePeriodSeconds"}
)  # fmt: skip

_OPTIONAL: Final = frozenset(
    {"labels", "annotations", "rollingUpdate", "readinessProbe", "livenessProbe", "startupProbe", "httpGet",
     "tcpSocket", "exec", "conditions", "ownerReferences", "env", "ports", "volumes", "volumeMounts", "nodeSelector"}
)  # fmt: skip
"""Fields that can be there and empty, so that owning them is told apart from owning what is in them."""


def with_writer(new: Obj, before: Obj | None, *, manager: str, subresource: str, now: str) -> Obj:
    """`new` with its `managedFields` brought up to date for a write by `manager` over `before`; `new` is changed."""
    was, now_is = _flatten(before or {}), _flatten(new)
    changed = {path for path, value in now_is.items() if path not in was or was[path] != value}
    removed = was.keys() - now_is.keys()
    entries = [dict(entry) for entry in (before or {}).get("metadata", {}).get("managedFields", [])]
    mine = {"manager": manager, "operation": "Update", **({"subresource": subresource} if subresource else {})}
    kept: list[Obj] = []
    owned: set[_Path] = set()
    for entry in entries:
        paths = _decode(entry["fieldsV1"]) - removed
        if _is_same(entry, mine):
            owned = paths
            if not changed:
                kept.append({**entry, "fieldsV1": _encode(paths)})
        elif paths - changed:
            kept.append({**entry, "fieldsV1": _encode(paths - changed)})
    if changed:
        kept.append(_entry(mine, new, now, _encode(owned | changed)))
    new["metadata"]["managedFields"] = kept
    return new


def _is_same(entry: Obj, mine: Obj) -> bool:
    return all(entry.get(key) == mine.get(key) for key in ("manager", "operation", "subresource"))


def _entry(mine: Obj, obj: Obj, now: str, fields: Obj) -> Obj:
    entry = {
        "manager": mine["manager"],
        "operation": "Update",
        "apiVersion": obj["apiVersion"],
        "time": now,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return entry | ({"subresource": mine["subresource"]} if "subresource" in mine else {})


def _flatten(obj: Obj) -> dict[_Path, Any]:
    """Leaf paths in `fieldsV1` spelling, with their values."""
    body = {key: value for key, value in obj.items() if key not in {"apiVersion", "kind"}}
    if "metadata" in body:
        body["metadata"] = {key: value for key, value in body["metadata"].items() if key not in _NOBODYS}
    leaves: dict[_Path, Any] = {}
    for key, value in body.items():
        _walk(value, key, (f"f:{key}",), leaves)
    return leaves


def _walk(value: Any, field: str, path: _Path, leaves: dict[_Path, Any]) -> None:
    if isinstance(value, dict) and value and field != "selector":
        if field in _OPTIONAL:
            leaves[*path, _SELF] = None
        for key, item in value.items():
            _walk(item, key, (*path, f"f:{key}"), leaves)
    elif isinstance(value, list) and value and is_keyed(field, value):
        if field in _OPTIONAL:
            leaves[*path, _SELF] = None
        for item in value:
            step = (*path, f"k:{item_key(field, item)}")
            leaves[*step, _SELF] = None
            _walk(item, "", step, leaves)
    else:
        leaves[path] = value


def _encode(paths: set[_Path]) -> Obj:
    tree: Obj = {}
    for path in sorted(paths):
        node = tree
        for step in path:
            node = node.setdefault(step, {})
    return tree


def _decode(tree: Obj, path: _Path = ()) -> set[_Path]:
    if not tree:
        return {path} if path else set()
    found: set[_Path] = set()
    for step, below in tree.items():
        found |= _decode(below, (*path, step))
    return found
