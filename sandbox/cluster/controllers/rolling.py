"""How many pods a rolling update may have: the arithmetic of pkg/controller/deployment/rolling.go."""

from __future__ import annotations

import math

from sandbox.cluster.documents import Obj


def wanted(item: Obj) -> int:
    return int(item["spec"]["replicas"])


def status_count(item: Obj, field: str) -> int:
    return int(item.get("status", {}).get(field) or 0)


def max_surge(deployment: Obj) -> int:
    if deployment["spec"]["strategy"]["type"] != "RollingUpdate":
        return 0
    return scaled(deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"], wanted(deployment), up=True)


def max_unavailable(deployment: Obj) -> int:
    """At least one when there is no surge either, for otherwise nothing could ever move."""
    if deployment["spec"]["strategy"]["type"] != "RollingUpdate" or wanted(deployment) == 0:
        return 0
    value = deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"]
    resolved = scaled(value, wanted(deployment), up=False)
    if resolved == 0 and max_surge(deployment) == 0:
        return 1
    return min(resolved, wanted(deployment))


def new_size(deployment: Obj, all_sets: list[Obj], current: int) -> int:
    """What the new replica set, now at `current`, may be scaled to."""
    if deployment["spec"]["strategy"]["type"] != "RollingUpdate":
        return wanted(deployment)
    if current > wanted(deployment):
        return wanted(deployment)
    room = wanted(deployment) + max_surge(deployment) - sum(wanted(item) for item in all_sets)
    if room <= 0:
        return current
    return current + min(room, wanted(deployment) - current)


def old_sizes(deployment: Obj, old_sets: list[Obj], new_set: Obj) -> dict[str, int]:
    """Sizes by name for the old replica sets that may shrink: broken pods first, then as availability allows."""
    everything = [*old_sets, new_set]
    minimum = wanted(deployment) - max_unavailable(deployment)
    not_yet = wanted(new_set) - status_count(new_set, "availableReplicas")
    spare = sum(wanted(item) for item in everything) - minimum - not_yet
    sizes = {item["metadata"]["name"]: wanted(item) for item in old_sets}
    if spare <= 0 or not any(sizes.values()):
        return {}
    _drop_unhealthy(old_sets, sizes, spare)
    surplus = sum(status_count(item, "availableReplicas") for item in everything) - minimum
    for item in sorted(old_sets, key=lambda one: str(one["metadata"]["creationTimestamp"])):
        name = item["metadata"]["name"]
        cut = min(sizes[name], max(0, surplus))
        sizes[name] -= cut
        surplus -= cut
    return {item["metadata"]["name"]: sizes[item["metadata"]["name"]] for item in old_sets
            if sizes[item["metadata"]["name"]] != wanted(item)}  # fmt: skip


def _drop_unhealthy(old_sets: list[Obj], sizes: dict[str, int], spare: int) -> None:
    for item in old_sets:
        name = item["metadata"]["name"]
        cut = min(spare, max(0, sizes[name] - status_count(item, "availableReplicas")))
        sizes[name] -= cut
        spare -= cut


def scaled(value: int | str, of: int, *, up: bool) -> int:
    """An amount given as a number or as a share of `of`, rounded."""
    if isinstance(value, int):
        return value
    share = of * int(value.rstrip("%")) / 100
    return math.ceil(share) if up else math.floor(share)
