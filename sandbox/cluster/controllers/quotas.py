"""The quota controller: what a namespace may use and uses, in the status of its ResourceQuotas."""

from __future__ import annotations

from sandbox.cluster.admission.quota import shown, usage
from sandbox.cluster.controllers.pods import MANAGER
from sandbox.cluster.controllers.workqueue import Key
from sandbox.cluster.documents import Obj, clone, namespace_of
from sandbox.cluster.resources import PODS, QUOTAS
from sandbox.cluster.store import Change
from sandbox.cluster.writes import Writes


class QuotaController:
    """Counts a whole namespace at a time."""

    def __init__(self, writes: Writes) -> None:
        self._writes = writes

    def concern_of(self, change: Change) -> Key | None:
        """The namespace whose quotas a change may move."""
        return (namespace_of(change.obj), "") if change.resource in {PODS, QUOTAS} else None

    def sync(self, key: Key) -> float | None:
        """Bring the status of every quota of the namespace up to date."""
        for quota in self._writes.store.list(QUOTAS, key[0]):
            hard: Obj = quota["spec"].get("hard", {})
            used = usage(self._writes.store, key[0], hard)
            new = clone(quota)
            new["metadata"].pop("resourceVersion", None)
            new["status"] = {"hard": hard, "used": {name: shown(name, used[name]) for name in sorted(used)}}
            self._writes.update(QUOTAS, new, manager=MANAGER, subresource="status")
        return None
