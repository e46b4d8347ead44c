"""Every change to an object goes through here: identity, generation, defaults, conflicts and field ownership."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Final

from sandbox.cluster import defaults
from sandbox.cluster.admission.chain import Admission
from sandbox.cluster.answers import already_exists, conflict, forbidden, not_found
from sandbox.cluster.clock import Clock
from sandbox.cluster.documents import Obj, clone, is_terminating, meta, name_of, namespace_of, uid_of, without_nulls
from sandbox.cluster.managed import with_writer
from sandbox.cluster.resources import (
    CONFIG_MAPS,
    DAEMON_SETS,
    DEPLOYMENTS,
    NAMESPACES,
    PODS,
    REPLICA_SETS,
    SERVICE_ACCOUNTS,
    STATEFUL_SETS,
    Resource,
)
from sandbox.cluster.store import Store

_GENERATED: Final = "bcdfghjklmnpqrstvwxz2456789"
_COUNTED: Final = (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, REPLICA_SETS, PODS)
"""Kinds whose specification is counted in `metadata.generation`."""
_FIXED: Final = ("name", "namespace", "uid", "creationTimestamp", "generation", "deletionTimestamp",
                 "deletionGracePeriodSeconds", "managedFields", "resourceVersion")  # fmt: skip


class Writes:
    """Creates, updates and deletes as the API server does for clients and controllers alike."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self._admission = Admission(store)

    def create(self, resource: Resource, obj: Obj, *, manager: str, dry_run: bool = False) -> Obj:
        """Raises `ApiError` 404 for a missing namespace, 409 for a taken name, 422 for a faulty object."""
        obj = clone(obj)
        obj["metadata"] = info = without_nulls(meta(obj))
        defaults.fill(resource, obj)
        info = meta(obj)
        if resource.namespaced:
            self._check_namespace(resource, obj)
        self._admission.change(resource, obj)
        defaults.prepare(resource, obj)
        if not info.get("name") and info.get("generateName"):
            info["name"] = info["generateName"] + generated_suffix()
        defaults.check(resource, obj)
        self._admission.check(resource, obj)
        if self.store.get(resource, namespace_of(obj), name_of(obj)):
            raise already_exists(resource, name_of(obj))
        info["uid"] = str(uuid.uuid4())
        info["creationTimestamp"] = self.clock.now()
        if resource in _COUNTED:
            info["generation"] = 1
        if resource == NAMESPACES:
            _fill_namespace(obj)
        with_writer(obj, None, manager=manager, subresource="", now=self.clock.now())
        stored = obj if dry_run else self.store.put(resource, obj)
        if resource == NAMESPACES and not dry_run:
            self._furnish(name_of(stored))
        return stored

    def update(
        self, resource: Resource, obj: Obj, *, manager: str, subresource: str = "", dry_run: bool = False
    ) -> Obj:
        """Replace; raises `ApiError` 404, 409 for a stale version or another uid, 422. A no-op changes nothing."""
        before = self.store.get(resource, namespace_of(obj), name_of(obj))
        if before is None:
            raise not_found(resource, name_of(obj))
        _check_identity(resource, obj, before)
        new = _merged_status(obj, before) if subresource == "status" else _merged_spec(resource, obj, before)
        if not subresource:
            defaults.fill(resource, new)
            defaults.check(resource, new, before)
            _count_generation(resource, new, before)
        if new == before:
            return before
        with_writer(new, before, manager=manager, subresource=subresource, now=self.clock.now())
        return new if dry_run else self.store.put(resource, new)

    def delete(self, resource: Resource, namespace: str, name: str, *, grace: int | None = None) -> Obj:
        """Delete at once, or begin the graceful end of a pod or a namespace; gives the object as it then is."""
        obj = self.store.get(resource, namespace, name)
        if obj is None:
            raise not_found(resource, name)
        if resource == PODS and grace != 0 and obj["spec"].get("nodeName"):
            return self._begin_end(obj, grace)
        if resource == NAMESPACES and not is_terminating(obj):
            return self._begin_namespace_end(obj)
        return self.store.remove(resource, namespace, name)

    def _check_namespace(self, resource: Resource, obj: Obj) -> None:
        namespace = self.store.get(NAMESPACES, "", namespace_of(obj))
        if namespace is None:
            raise not_found(NAMESPACES, namespace_of(obj))
        if is_terminating(namespace):
            text = f"unable to create new content in namespace {namespace_of(obj)} because it is being terminated"
            raise forbidden(resource, name_of(obj), text)

    def warnings(self, resource: Resource, obj: Obj) -> list[str]:
        """What a client that wrote `obj` is told beside the answer."""
        return self._admission.warnings(resource, obj)

    def _begin_namespace_end(self, namespace: Obj) -> Obj:
        ending = clone(namespace)
        ending["metadata"].setdefault("deletionTimestamp", self.clock.now())
        ending["status"] = {"phase": "Terminating"}
        return self.store.put(NAMESPACES, ending)

    def _begin_end(self, pod: Obj, grace: int | None) -> Obj:
        if is_terminating(pod):
            return pod
        seconds = pod["spec"]["terminationGracePeriodSeconds"] if grace is None else grace
        ending = clone(pod)
        end = datetime.now(UTC) + timedelta(seconds=seconds)
        ending["metadata"]["deletionTimestamp"] = end.strftime("%Y-%m-%dT%H:%M:%SZ")
        ending["metadata"]["deletionGracePeriodSeconds"] = seconds
        ending["metadata"]["generation"] += 1
        return self.store.put(PODS, ending)

    def _furnish(self, namespace: str) -> None:
        for resource, name in ((SERVICE_ACCOUNTS, "default"), (CONFIG_MAPS, "kube-root-ca.crt")):
            held = {"metadata": {"name": name, "namespace": namespace}}
            self.create(resource, held, manager="kube-controller-manager")


def generated_suffix(length: int = 5) -> str:
    """What Kubernetes appends to `generateName`."""
    return "".join(random.choices(_GENERATED, k=length))


def _fill_namespace(obj: Obj) -> None:
    obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name_of(obj)
    obj["spec"] = {"finalizers": ["kubernetes"]}
    obj["status"] = {"phase": "Active"}


def _check_identity(resource: Resource, obj: Obj, before: Obj) -> None:
    info = obj["metadata"]
    if info.get("uid", uid_of(before)) != uid_of(before):
        why = f"Precondition failed: UID in precondition: {info['uid']}, UID in object meta: {uid_of(before)}"
        raise conflict(resource, name_of(before), why)
    if info.get("resourceVersion", before["metadata"]["resourceVersion"]) != before["metadata"]["resourceVersion"]:
        raise conflict(resource, name_of(before))


def _merged_spec(resource: Resource, obj: Obj, before: Obj) -> Obj:
    new = _with_fixed(clone(obj), before)
    if "status" in resource.subresources:
        new["status"] = clone(before.get("status", {}))
    return new


def _merged_status(obj: Obj, before: Obj) -> Obj:
    """The status endpoint takes the status and the annotations; for the rest the stored object counts."""
    new = clone(before)
    new["status"] = clone(obj.get("status", {}))
    annotations = obj["metadata"].get("annotations")
    if annotations is not None:
        new["metadata"]["annotations"] = dict(annotations)
    return new


def _with_fixed(new: Obj, before: Obj) -> Obj:
    for key in _FIXED:
        new["metadata"].pop(key, None)
        if key in before["metadata"]:
            new["metadata"][key] = before["metadata"][key]
    return new


def _count_generation(resource: Resource, new: Obj, before: Obj) -> None:
    """A Deployment's annotations count too (pkg/registry/apps/deployment/strategy.go, PrepareForUpdate)."""
    if resource not in _COUNTED:
        return
    changed = new["spec"] != before["spec"]
    if resource == DEPLOYMENTS:
        changed = changed or new["metadata"].get("annotations") != before["metadata"].get("annotations")
    if changed:
        new["metadata"]["generation"] = before["metadata"]["generation"] + 1
    if resource == DAEMON_SETS:
        _count_template(new, before)


def _count_template(new: Obj, before: Obj) -> None:
    """A DaemonSet counts its templates in an annotation, which clients cannot set."""
    number = int(before["metadata"]["annotations"][defaults.TEMPLATE_GENERATION])
    number += new["spec"]["template"] != before["spec"]["template"]
    new["metadata"].setdefault("annotations", {})[defaults.TEMPLATE_GENERATION] = str(number)
