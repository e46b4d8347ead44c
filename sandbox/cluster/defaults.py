"""What the API server fills in and refuses on workloads, as far as Greenlane's objects go."""

from __future__ import annotations

import base64
import json
import re
from typing import Final

from sandbox.cluster.admission.limits import fill_range
from sandbox.cluster.answers import invalid
from sandbox.cluster.documents import Obj, meta, without_nulls
from sandbox.cluster.quantities import of_container
from sandbox.cluster.resources import (
    DAEMON_SETS,
    DEPLOYMENTS,
    LIMIT_RANGES,
    PODS,
    REPLICA_SETS,
    SECRETS,
    STATEFUL_SETS,
    Resource,
)

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_NAME_RULE: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
TEMPLATE_GENERATION: Final = "deprecated.daemonset.template.generation"
_TEMPLATED: Final = (DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, DAEMON_SETS)
_CHANGEABLE: Final = ("replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
                      "persistentVolumeClaimRetentionPolicy", "minReadySeconds")  # fmt: skip
"""What may change in the specification of a StatefulSet."""
_Cause = tuple[str, str, str]


def fill(resource: Resource, obj: Obj) -> None:
    """Set the defaults of the kind on `obj`."""
    obj["apiVersion"], obj["kind"] = resource.api_version, resource.kind
    obj.update({part: without_nulls(obj[part]) for part in ("metadata", "spec") if part in obj})
    if resource == PODS:
        _fill_pod_spec(obj.setdefault("spec", {}))
        obj["spec"].setdefault("enableServiceLinks", True)
        obj["spec"].setdefault("preemptionPolicy", "PreemptLowerPriority")
        obj["spec"].setdefault("priority", 0)
        obj["spec"].setdefault("serviceAccountName", "default")
        for container in [*obj["spec"].get("initContainers", []), *obj["spec"].get("containers", [])]:
            _fill_requests(container)
    elif resource in _TEMPLATED:
        _fill_workload(resource, obj)
    elif resource == LIMIT_RANGES:
        fill_range(obj)
    elif resource == SECRETS:
        _fill_secret(obj)
    if resource.subresources:
        obj.setdefault("status", {})


def prepare(resource: Resource, obj: Obj) -> None:
    """What a new object starts with, once admission has changed it."""
    if resource == PODS:
        obj["status"] = {"phase": "Pending", "qosClass": _qos_class(obj["spec"])}


def check(resource: Resource, obj: Obj, before: Obj | None = None) -> None:
    """Raises `ApiError` 422 that lists every fault; `before` is what an update replaces."""
    causes = _faults_of_name(str(meta(obj).get("name", "")))
    if resource == PODS:
        causes += _faults_of_containers(obj["spec"], "spec")
    elif resource in _TEMPLATED:
        causes += _faults_of_selector(obj["spec"], before)
        causes += _faults_of_containers(obj["spec"]["template"]["spec"], "spec.template.spec")
    if resource == STATEFUL_SETS and before is not None:
        causes += _faults_of_change(obj["spec"], before["spec"])
    if causes:
        raise invalid(resource, str(meta(obj).get("name", "")), causes)


def _faults_of_name(name: str) -> list[_Cause]:
    if not name:
        return [("metadata.name", "FieldValueRequired", "Required value: name or generateName is required")]
    if not _NAME.fullmatch(name):
        return [("metadata.name", "FieldValueInvalid", f'Invalid value: "{name}": {_NAME_RULE}')]
    return []


def _faults_of_selector(spec: Obj, before: Obj | None) -> list[_Cause]:
    labels = spec["template"].get("metadata", {}).get("labels", {})
    wanted = spec.get("selector", {}).get("matchLabels", {})
    causes: list[_Cause] = []
    if not wanted:
        causes.append(("spec.selector", "FieldValueRequired", "Required value"))
    elif any(labels.get(key) != value for key, value in wanted.items()):
        text = f"Invalid value: {_shown(labels)}: `selector` does not match template `labels`"
        causes.append(("spec.template.metadata.labels", "FieldValueInvalid", text))
    if before is not None and spec.get("selector") != before["spec"]["selector"]:
        text = f"Invalid value: {_shown(spec.get('selector'))}: field is immutable"
        causes.append(("spec.selector", "FieldValueInvalid", text))
    return causes


def _faults_of_change(spec: Obj, before: Obj) -> list[_Cause]:
    fixed = {key for key in {*spec, *before} if key not in _CHANGEABLE and spec.get(key) != before.get(key)}
    if not fixed - {"selector"}:
        return []
    named = ", ".join(f"'{key}'" for key in _CHANGEABLE[:-1])
    text = f"Forbidden: updates to statefulset spec for fields other than {named} and '{_CHANGEABLE[-1]}' are forbidden"
    return [("spec", "FieldValueForbidden", text)]


def _shown(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _faults_of_containers(spec: Obj, path: str) -> list[_Cause]:
    if not spec.get("containers"):
        return [(f"{path}.containers", "FieldValueRequired", "Required value")]
    causes: list[_Cause] = []
    seen: set[str] = set()
    for index, container in enumerate(spec["containers"]):
        at = f"{path}.containers[{index}]"
        name = container.get("name", "")
        causes += [(f"{at}.{key}", "FieldValueRequired", "Required value") for key in ("name", "image")
                   if not container.get(key)]  # fmt: skip
        if name in seen:
            causes.append((f"{at}.name", "FieldValueDuplicate", f'Duplicate value: "{name}"'))
        image = str(container.get("image", ""))
        if image != image.strip() and path == "spec":  # only of pods: templates are taken as they are
            text = f'Invalid value: "{image}": must not have leading or trailing whitespace'
            causes.append((f"{at}.image", "FieldValueInvalid", text))
        causes += _faults_of_resources(container, at)
        seen.add(name)
    return causes


def _faults_of_resources(container: Obj, at: str) -> list[_Cause]:
    requests, limits = of_container(container, "requests"), of_container(container, "limits")
    shown = container.get("resources", {})
    causes: list[_Cause] = []
    for key in sorted(requests.keys() & limits.keys()):
        if requests[key] > limits[key]:
            rule = f"must be less than or equal to {key} limit of {shown['limits'][key]}"
            text = f'Invalid value: "{shown["requests"][key]}": {rule}'
            causes.append((f"{at}.resources.requests", "FieldValueInvalid", text))
    return causes


def _fill_workload(resource: Resource, obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    _fill_pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))
    if resource != DAEMON_SETS:
        spec.setdefault("replicas", 1)
    if resource == DEPLOYMENTS:
        _fill_deployment(spec)
    elif resource == STATEFUL_SETS:
        _fill_stateful_set(obj)
    elif resource == DAEMON_SETS:
        _fill_daemon_set(obj)


def _fill_stateful_set(obj: Obj) -> None:
    spec = obj["spec"]
    spec.setdefault("podManagementPolicy", "OrderedReady")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Retain", "whenScaled": "Retain"})
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    obj.setdefault("status", {"replicas": 0, "availableReplicas": 0})


def _fill_daemon_set(obj: Obj) -> None:
    spec = obj["spec"]
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 0 if rolling.get("maxSurge") else 1)
        rolling.setdefault("maxSurge", 0)
    obj["metadata"].setdefault("annotations", {}).setdefault(TEMPLATE_GENERATION, "1")
    zero = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
    obj.setdefault("status", dict.fromkeys(zero, 0))


def _fill_deployment(spec: Obj) -> None:
    spec.setdefault("progressDeadlineSeconds", 600)
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxSurge", "25%")
        rolling.setdefault("maxUnavailable", "25%")


def _fill_pod_spec(spec: Obj) -> None:
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    for container in [*spec.get("containers", []), *spec.get("initContainers", [])]:
        _fill_container(container)


def _fill_container(container: Obj) -> None:
    container.setdefault("imagePullPolicy", _pull_policy(str(container.get("image", ""))))
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    for port in container.get("ports", []):
        port.setdefault("protocol", "TCP")
    for kind in ("readinessProbe", "livenessProbe", "startupProbe"):
        if kind in container:
            _fill_probe(container[kind])


def _fill_probe(probe: Obj) -> None:
    for key, value in {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}.items():
        probe.setdefault(key, value)
    if "httpGet" in probe:
        probe["httpGet"].setdefault("path", "/")
        probe["httpGet"].setdefault("scheme", "HTTP")


def _fill_requests(container: Obj) -> None:
    """Of pods only: what is limited and not asked for is asked for as much."""
    resources = container["resources"]
    if "limits" in resources:
        resources["requests"] = {**resources["limits"], **resources.get("requests", {})}


def _qos_class(spec: Obj) -> str:
    resources = [item["resources"] for item in [*spec.get("containers", []), *spec.get("initContainers", [])]]
    if not any(item.get("requests") or item.get("limits") for item in resources):
        return "BestEffort"
    equal = all(item.get("requests") == item.get("limits") for item in resources)
    full = all(set(item.get("limits", {})) >= {"cpu", "memory"} for item in resources)
    return "Guaranteed" if equal and full else "Burstable"


def _fill_secret(obj: Obj) -> None:
    obj.setdefault("type", "Opaque")
    for key, text in obj.pop("stringData", {}).items():
        obj.setdefault("data", {})[key] = base64.b64encode(str(text).encode()).decode()


def _pull_policy(image: str) -> str:
    _, at, _ = image.partition("@")
    tag = image.rpartition("/")[2].partition(":")[2]
    return "IfNotPresent" if at or tag not in {"", "latest"} else "Always"
