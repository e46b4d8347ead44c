"""What clients ask before they ask for anything: versions, groups, resources, their own rights."""

from __future__ import annotations

from typing import Final

from sandbox.cluster.auth import User, may
from sandbox.cluster.documents import Obj
from sandbox.cluster.resources import ALL

VERSION: Final[Obj] = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.3+sandbox",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2026-11-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "linux/amd64",
}
ACCESS_REVIEW: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

_CORE_VERBS: Final = ["create", "delete", "get", "list", "patch", "update", "watch"]
_SHORT: Final = {
    "deployments": ["deploy"],
    "replicasets": ["rs"],
    "statefulsets": ["sts"],
    "daemonsets": ["ds"],
    "pods": ["po"],
    "namespaces": ["ns"],
    "nodes": ["no"],
    "events": ["ev"],
    "configmaps": ["cm"],
    "services": ["svc"],
    "serviceaccounts": ["sa"],
    "resourcequotas": ["quota"],
    "limitranges": ["limits"],
}


def document(path: str) -> Obj | None:
    """The discovery document at that path, if it is one."""
    match path.rstrip("/"):
        case "/version":
            return VERSION
        case "/api":
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case "/apis":
            return {
                "kind": "APIGroupList",
                "apiVersion": "v1",
                "groups": [_group("apps"), _group("authorization.k8s.io")],
            }
        case "/api/v1" | "/apis/apps/v1":
            return _resources("apps" if "apps" in path else "")
        case "/apis/authorization.k8s.io/v1":
            review = {"name": "selfsubjectaccessreviews", "singularName": "", "namespaced": False}
            entry = {**review, "kind": "SelfSubjectAccessReview", "verbs": ["create"]}
            return _resource_list("authorization.k8s.io/v1", [entry])
    return None


def review_access(user: User, body: Obj) -> Obj:
    """The answer to a SelfSubjectAccessReview."""
    asked = body.get("spec", {}).get("resourceAttributes", {})
    resource = asked.get("resource", "") + (f"/{asked['subresource']}" if asked.get("subresource") else "")
    allowed = may(user, asked.get("verb", ""), resource, asked.get("namespace", ""), asked.get("name", ""))
    kind = {"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {}}
    return {**kind, "spec": body.get("spec", {}), "status": {"allowed": allowed}}


def _group(name: str) -> Obj:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


def _resources(group: str) -> Obj:
    mine = [item for item in ALL if item.group == group]
    entries: list[Obj] = []
    for item in mine:
        entry: Obj = {"name": item.plural, "namespaced": item.namespaced, "kind": item.kind, "verbs": _CORE_VERBS}
        entries.append({**entry, "singularName": item.kind.lower(), "shortNames": _SHORT.get(item.plural, [])})
        entries += [{**entry, "name": f"{item.plural}/{sub}", "singularName": ""} for sub in item.subresources]
    return _resource_list(f"{group}/v1" if group else "v1", entries)


def _resource_list(version: str, entries: list[Obj]) -> Obj:
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": entries}
