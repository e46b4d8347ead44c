"""Kubernetes objects as the JSON documents they are: reading and walking them without surprises."""

from __future__ import annotations

import copy
from typing import Any, TypeAlias

Obj: TypeAlias = dict[str, Any]
"""One JSON object. This package *is* the API server, so documents are its domain; nothing is parsed further."""


def clone(obj: Obj) -> Obj:
    """A copy that may be changed; what the store holds never is."""
    return copy.deepcopy(obj)


def without_nulls(value: Any) -> Any:
    """`null` means "not set" in everything a client writes: typed decoding drops it."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def meta(obj: Obj) -> Obj:
    found: Obj = obj.setdefault("metadata", {})
    return found


def name_of(obj: Obj) -> str:
    return str(obj["metadata"]["name"])


def namespace_of(obj: Obj) -> str:
    return str(obj["metadata"].get("namespace", ""))


def uid_of(obj: Obj) -> str:
    return str(obj["metadata"]["uid"])


def is_terminating(obj: Obj) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def controller_uid(obj: Obj) -> str:
    """Uid of the owner that controls `obj`, or an empty text."""
    owners = obj["metadata"].get("ownerReferences", [])
    return next((str(owner["uid"]) for owner in owners if owner.get("controller")), "")


def owner_reference(owner: Obj) -> Obj:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def condition(obj: Obj, kind: str) -> Obj | None:
    """The status condition of that type, if the object has it."""
    conditions: list[Obj] = obj.get("status", {}).get("conditions", [])
    return next((item for item in conditions if item["type"] == kind), None)
