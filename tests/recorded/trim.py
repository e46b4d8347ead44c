"""What of an object is worth keeping: what says how the rollout goes, without this machine's names."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.testbed.cases.case import Object

_CONTAINERS = ("f:spec", "f:template", "f:spec", "f:containers")
_META = frozenset(
    {"name", "namespace", "uid", "generation", "creationTimestamp", "deletionTimestamp", "labels", "annotations",
     "ownerReferences", "managedFields"}
)  # fmt: skip
_POD_SPEC = frozenset({"containers", "initContainers", "volumes", "nodeName", "nodeSelector", "serviceAccountName"})
_POD_STATUS = frozenset(
    {"phase", "reason", "message", "startTime", "conditions", "containerStatuses", "initContainerStatuses"}
)
_EVENT = (
    "apiVersion", "kind", "metadata", "involvedObject", "reason", "message", "type", "count", "firstTimestamp",
    "lastTimestamp", "eventTime", "series",
)  # fmt: skip
_NOISE = frozenset(
    {"terminationMessagePath", "terminationMessagePolicy", "containerID", "allocatedResources", "user", "volumeMounts",
     "dnsPolicy", "schedulerName", "securityContext", "resourceVersion", "blockOwnerDeletion", "lastProbeTime",
     "imagePullPolicy", "terminationGracePeriodSeconds", "automountServiceAccountToken",
     "fullyLabeledReplicas", "deployment.kubernetes.io/desired-replicas",
     "deployment.kubernetes.io/max-replicas", "successThreshold", "timeoutSeconds"}
)  # fmt: skip
_ROUTINE = frozenset(
    {"Scheduled", "Pulling", "Pulled", "Created", "Started", "SuccessfulCreate", "SuccessfulDelete", "ScalingReplicaSet",
     "BackOff", "MissingClusterDNS"}
)  # fmt: skip


def trim_workload(item: Object) -> Object:
    """Keeps who wrote the template; managed fields of the status are left out."""
    kept = _common(item)
    fields = item["metadata"].get("managedFields", [])
    kept["metadata"]["managedFields"] = [_template_of(each) for each in fields if each.get("subresource") != "status"]
    return kept


def trim_revision(item: Object) -> Object:
    return _without_managed_fields(_common(item))


def trim_pod(item: Object) -> Object:
    kept = _without_managed_fields(_common(item))
    kept["spec"] = {key: value for key, value in kept["spec"].items() if key in _POD_SPEC}
    kept["status"] = {key: value for key, value in kept["status"].items() if key in _POD_STATUS}
    return kept


def is_telling(event: Object) -> bool:
    """Whether it may be worth reading, unlike those of every rollout, or of this test bed."""
    return event.get("reason") not in _ROUTINE


def trim_event(item: Object) -> Object:
    kept = {key: item[key] for key in _EVENT if item.get(key) is not None}
    kept["metadata"] = {key: item["metadata"][key] for key in ("name", "namespace", "uid", "creationTimestamp")}
    cleaned: Object = _cleaned(kept)
    return cleaned


def renamed(body: Any, names: Mapping[str, str]) -> Any:
    """With this machine's addresses and paths replaced, the longest first."""
    text = json.dumps(body)
    for here in sorted(names, key=len, reverse=True):
        text = text.replace(here, names[here])
    return json.loads(re.sub(r"10\.204\.\d+\.", "10.0.0.", text))


def _common(item: Object) -> Object:
    kept: Object = {key: item[key] for key in ("apiVersion", "kind") if key in item}
    kept["metadata"] = {key: value for key, value in item["metadata"].items() if key in _META}
    kept |= {key: item[key] for key in ("spec", "status", "data", "revision") if key in item}
    cleaned: Object = _cleaned(kept)
    return cleaned


def _template_of(entry: Object) -> Object:
    """Which of the template's containers' fields a writer owns; what else it owns is left out."""
    here = entry.get("fieldsV1", {})
    for key in _CONTAINERS:
        here = here.get(key, {})
    for key in reversed(_CONTAINERS):
        here = {key: here}
    return {**entry, "fieldsV1": here}


def _without_managed_fields(item: Object) -> Object:
    item["metadata"].pop("managedFields", None)
    return item


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _cleaned(each) for key, each in value.items() if key not in _NOISE and each != {}} | _states(value)
    return [_cleaned(each) for each in value] if isinstance(value, list) else value


def _states(value: Mapping[str, Any]) -> dict[str, Any]:
    """A container's two states are always written, empty or not: as the API server does."""
    return {key: _cleaned(value[key]) for key in ("state", "lastState") if key in value}


def sorted_by_name(items: Iterable[Object]) -> list[Object]:
    return sorted(items, key=lambda each: str(each["metadata"]["name"]))
