"""The three patches clients send: JSON patch, merge patch, strategic merge patch."""

from __future__ import annotations

from typing import Any, Final

from sandbox.cluster.answers import bad_request, patch_rejected, unsupported_media
from sandbox.cluster.documents import Obj, clone
from sandbox.cluster.lists import merge_key

_MISSING: Final = object()


def apply_patch(obj: Obj, patch: Any, content_type: str) -> Obj:
    """The patched copy of `obj`; raises `ApiError` 400, 415 or 422 as the API server does."""
    match content_type:
        case "application/json-patch+json":
            return json_patch(obj, patch)
        case "application/merge-patch+json":
            merged: Obj = merge_patch(obj, _as_object(patch))
            return merged
        case "application/strategic-merge-patch+json":
            return strategic_merge(obj, _as_object(patch))
        case _:
            raise unsupported_media()


def json_patch(obj: Obj, operations: Any) -> Obj:
    """RFC 6902, all or nothing."""
    if not isinstance(operations, list):
        raise bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
        )
    doc = clone(obj)
    for operation in operations:
        try:
            doc = _operate(doc, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise patch_rejected() from error
    return doc


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386: null removes, objects merge, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def strategic_merge(target: Obj, patch: Obj) -> Obj:
    """Merge patch in which lists of named items merge item by item; `$patch: delete` and `replace` are known."""
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if not key.startswith("$")}
    merged = dict(target)
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            below = merged.get(key)
            merged[key] = strategic_merge(below if isinstance(below, dict) else {}, value)
        elif isinstance(value, list) and (by := merge_key(key)) and all(isinstance(item, dict) for item in value):
            merged[key] = _merge_items(merged.get(key) or [], value, by)
        else:
            merged[key] = value
    return merged


def _merge_items(held: list[Obj], patches: list[Obj], by: str) -> list[Obj]:
    items = [dict(item) for item in held]
    for patch in patches:
        if patch.get("$patch") == "replace":
            return [item for item in patches if "$patch" not in item]
        if by not in patch:
            raise bad_request(f"map: {patch} does not contain declared merge key: {by}")
        at = next((index for index, item in enumerate(items) if item.get(by) == patch[by]), None)
        if patch.get("$patch") == "delete":
            items = [item for item in items if item.get(by) != patch[by]]
        elif at is None:
            items.append(strategic_merge({}, patch))
        else:
            items[at] = strategic_merge(items[at], patch)
    return items


def _as_object(patch: Any) -> Obj:
    if not isinstance(patch, dict):
        raise bad_request("json: cannot unmarshal array into Go value of type map[string]interface {}")
    return patch


def _operate(doc: Obj, operation: Obj) -> Obj:
    path = _pointer(operation["path"])
    match operation["op"]:
        case "test":
            if _read(doc, path, None) != operation.get("value"):
                raise ValueError(operation["path"])
        case "add":
            _add(doc, path, clone(operation["value"]))
        case "replace":
            _read(doc, path)
            _remove(doc, path)
            _add(doc, path, clone(operation["value"]))
        case "remove":
            _remove(doc, path)
        case "move":
            source = _pointer(operation["from"])
            value = _read(doc, source)
            _remove(doc, source)
            _add(doc, path, value)
        case "copy":
            _add(doc, path, clone(_read(doc, _pointer(operation["from"]))))
        case other:
            raise ValueError(other)
    return doc


def _pointer(text: str) -> list[str]:
    if not text.startswith("/"):
        raise ValueError(text)
    return [part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/")]


def _read(doc: Any, path: list[str], default: Any = _MISSING) -> Any:
    """The value at `path`. A missing last step gives `default`, a missing parent never does (as evanphx/json-patch)."""
    parent = _parent(doc, path)
    if isinstance(parent, list):
        return parent[_index(path[-1], len(parent) - 1)]
    value = parent.get(path[-1], default)
    if value is _MISSING:
        raise KeyError(path[-1])
    return value


def _parent(doc: Any, path: list[str]) -> Any:
    for step in path[:-1]:
        doc = doc[_index(step, len(doc) - 1)] if isinstance(doc, list) else doc[step]
    return doc


def _add(doc: Any, path: list[str], value: Any) -> None:
    parent = _parent(doc, path)
    if isinstance(parent, list):
        parent.insert(len(parent) if path[-1] == "-" else _index(path[-1], len(parent)), value)
    else:
        parent[path[-1]] = value


def _remove(doc: Any, path: list[str]) -> None:
    parent = _parent(doc, path)
    del parent[_index(path[-1], len(parent) - 1) if isinstance(parent, list) else path[-1]]


def _index(step: str, highest: int) -> int:
    if not step.isdecimal() or int(step) > highest:
        raise IndexError(step)
    return int(step)
