"""The order in which admission looks at an object."""

from __future__ import annotations

from sandbox.cluster.admission import limits, podsecurity, quota
from sandbox.cluster.answers import forbidden
from sandbox.cluster.documents import Obj, name_of, namespace_of
from sandbox.cluster.resources import NAMESPACES, PODS, SERVICE_ACCOUNTS, WORKLOADS, Resource
from sandbox.cluster.store import Store


class Admission:
    """Changes and refuses pods; warns of pod templates, and lets them pass."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def change(self, resource: Resource, obj: Obj) -> None:
        """Before the name is made and the fields are checked; raises `ApiError` 403."""
        if resource != PODS:
            return
        limits.set_defaults(self._store, obj)
        account = str(obj["spec"]["serviceAccountName"])
        if self._store.get(SERVICE_ACCOUNTS, namespace_of(obj), account) is None:
            place = f"{namespace_of(obj)}/{account}"
            why = f'error looking up service account {place}: serviceaccount "{account}" not found'
            raise forbidden(PODS, str(obj["metadata"].get("name") or obj["metadata"].get("generateName", "")), why)

    def check(self, resource: Resource, obj: Obj) -> None:
        """Of the finished object; raises `ApiError` 403."""
        if resource != PODS:
            return
        limits.check(self._store, obj)
        found = podsecurity.violation(self._labels(obj), "enforce", obj["spec"])
        if found:
            raise forbidden(PODS, name_of(obj), f"violates {found}")
        quota.check(self._store, obj)

    def warnings(self, resource: Resource, obj: Obj) -> list[str]:
        """What a client is told beside the answer."""
        if resource != PODS and resource not in WORKLOADS:
            return []
        spec = obj["spec"] if resource == PODS else obj["spec"]["template"]["spec"]
        found = podsecurity.violation(self._labels(obj), "warn", spec)
        return [f"would violate {found}"] if found else []

    def _labels(self, obj: Obj) -> Obj:
        namespace = self._store.get(NAMESPACES, "", namespace_of(obj)) or {"metadata": {}}
        labels: Obj = namespace["metadata"].get("labels", {})
        return labels
