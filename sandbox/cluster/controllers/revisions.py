"""ControllerRevisions: the templates a StatefulSet or DaemonSet has had (pkg/controller/history)."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from sandbox.cluster.controllers.pods import MANAGER
from sandbox.cluster.documents import Obj, clone, controller_uid, name_of, namespace_of, owner_reference, uid_of
from sandbox.cluster.resources import CONTROLLER_REVISIONS
from sandbox.cluster.writes import Writes

HASH: Final = "controller-revision-hash"
_SAFE: Final = "bcdfghjklmnpqrstvwxz2456789"


class Revisions:
    """Keeps the revisions of one kind; each carries its hash in the label `hash_label`."""

    def __init__(self, writes: Writes, *, hash_label: str) -> None:
        self._writes = writes
        self._hash_label = hash_label

    def up_to_date(self, owner: Obj) -> list[Obj]:
        """All revisions, oldest first; the last holds the owner's template, made or taken up again if need be."""
        template = {**owner["spec"]["template"], "$patch": "replace"}
        history = self._history(owner)
        same = next((item for item in reversed(history) if item["data"]["spec"]["template"] == template), None)
        if same is None:
            self._create(owner, template, _number(history) + 1)
        elif same is not history[-1]:
            again = clone(same)
            again["revision"] = _number(history) + 1
            self._writes.update(CONTROLLER_REVISIONS, again, manager=MANAGER)
        return self._history(owner)

    def forget_old(self, owner: Obj, *, live: set[str]) -> None:
        """Delete what is beyond the history limit and no pod stands on; `live` are names."""
        idle = [item for item in self._history(owner) if name_of(item) not in live]
        excess = max(0, len(idle) - int(owner["spec"]["revisionHistoryLimit"]))
        for item in idle[:excess]:
            self._writes.delete(CONTROLLER_REVISIONS, namespace_of(item), name_of(item))

    def _history(self, owner: Obj) -> list[Obj]:
        held = self._writes.store.list(CONTROLLER_REVISIONS, namespace_of(owner))
        return sorted(
            (item for item in held if controller_uid(item) == uid_of(owner)), key=lambda item: item["revision"]
        )

    def _create(self, owner: Obj, template: Obj, number: int) -> None:
        code = template_hash({"kind": owner["kind"], "template": template})
        labels = {**template.get("metadata", {}).get("labels", {}), self._hash_label: code}
        info = {"name": f"{name_of(owner)}-{code}", "namespace": namespace_of(owner), "labels": labels}
        data = {"spec": {"template": clone(template)}}
        body = {"metadata": {**info, "ownerReferences": [owner_reference(owner)]}, "data": data, "revision": number}
        self._writes.create(CONTROLLER_REVISIONS, body, manager=MANAGER)


def template_of(revision: Obj) -> Obj:
    """The pod template a revision keeps."""
    return {key: value for key, value in revision["data"]["spec"]["template"].items() if key != "$patch"}


def template_hash(template: Obj) -> str:
    """Ten characters without vowels, as Kubernetes' are; the same template always gives the same."""
    number = int.from_bytes(hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()[:4])
    return "".join(_SAFE[int(digit)] if digit.isdecimal() else digit for digit in f"{number:010d}")


def _number(history: list[Obj]) -> int:
    return int(history[-1]["revision"]) if history else 0
