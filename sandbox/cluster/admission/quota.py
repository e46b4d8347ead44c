"""ResourceQuotas over pods, CPU and memory (plugin ResourceQuota)."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from sandbox.cluster.answers import forbidden
from sandbox.cluster.documents import Obj, name_of, namespace_of
from sandbox.cluster.quantities import Amounts, of_container, of_pod, parse, show
from sandbox.cluster.resources import PODS, QUOTAS
from sandbox.cluster.store import Store

_COMPUTE: Final = {
    "cpu": ("requests", "cpu"),
    "memory": ("requests", "memory"),
    "requests.cpu": ("requests", "cpu"),
    "requests.memory": ("requests", "memory"),
    "limits.cpu": ("limits", "cpu"),
    "limits.memory": ("limits", "memory"),
}
"""Key of a quota to what it counts in a container."""
_OVER: Final = ("Succeeded", "Failed")


def check(store: Store, pod: Obj) -> None:
    """Raises `ApiError` 403; a quota counts once its controller has put its limits into its status."""
    for quota in store.list(QUOTAS, namespace_of(pod)):
        hard: Obj = quota.get("status", {}).get("hard", {})
        name = str(pod["metadata"]["name"])
        missing = [text for key in sorted(hard) if (text := _unsaid(key, pod))]
        if missing:
            raise forbidden(PODS, name, f"failed quota: {name_of(quota)}: must specify {'; '.join(missing)}")
        used, asked = usage(store, namespace_of(pod), hard), _of_pod(pod, hard)
        over = [key for key in sorted(asked) if asked[key] and used[key] + asked[key] > parse(hard[key])]
        if over:
            requested, already = _listed(asked, over), _listed(used, over)
            limited = ",".join(f"{key}={hard[key]}" for key in over)
            why = f"requested: {requested}, used: {already}, limited: {limited}"
            raise forbidden(PODS, name, f"exceeded quota: {name_of(quota)}, {why}")


def usage(store: Store, namespace: str, hard: Obj) -> Amounts:
    """What the namespace's pods take of the known keys; pods that are over take nothing."""
    total = {key: Fraction(0) for key in hard if key == "pods" or key in _COMPUTE}
    for pod in store.list(PODS, namespace):
        if pod.get("status", {}).get("phase") not in _OVER:
            for key, amount in _of_pod(pod, hard).items():
                total[key] += amount
    return total


def shown(key: str, amount: Fraction) -> str:
    """`2Gi` for memory, `500m` for CPU."""
    return show(amount, binary=key.endswith("memory"))


def _of_pod(pod: Obj, hard: Obj) -> Amounts:
    amounts = {"pods": Fraction(1)} if "pods" in hard else {}
    for key in hard:
        if key in _COMPUTE:
            kind, resource = _COMPUTE[key]
            amounts[key] = of_pod(pod["spec"], kind).get(resource, Fraction(0))
    return amounts


def _unsaid(key: str, pod: Obj) -> str:
    """Which containers do not say what the quota counts."""
    if key not in _COMPUTE:
        return ""
    kind, resource = _COMPUTE[key]
    containers = [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    silent = [item["name"] for item in containers if resource not in of_container(item, kind)]
    return f"{key} for: {','.join(silent)}" if silent else ""


def _listed(amounts: Amounts, keys: list[str]) -> str:
    return ",".join(f"{key}={shown(key, amounts[key])}" for key in keys)
