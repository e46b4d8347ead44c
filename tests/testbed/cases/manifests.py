"""A case's workload as plain manifests, so that kubectl and helm can be asked to do the same."""

import copy
import json
from collections.abc import Mapping
from typing import Any, Literal

from tests.testbed.cases.case import Case, Object

NAME = "web"
"""Of the workload and of its container."""
Version = Literal["v1", "detour", "v2"]
Images = Mapping[str, str]
"""Version to image reference; `other` is the image that somebody else sets."""


def manifest(case: Case, version: Version, images: Images) -> Object:
    """The whole workload of that version, as `kubectl apply` takes it, without a namespace."""
    spec = _spec(case)
    if version != "v1":
        spec = merged(spec, case.then)
    if version == "v2" and not case.same:
        spec = merged(spec, {"template": {"spec": _changed_pod(case, spec["template"]["spec"])}})
    image = images["v1" if version == "v2" and case.same else version]
    kind = {"deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet"}[case.kind]
    body = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": NAME}, "spec": spec}
    return replaced(body, {"IMAGE": image})


def change(case: Case, version: Version, images: Images) -> Object:
    """The merge patch from the version before: the template's pod spec and nothing else."""
    pod = manifest(case, version, images)["spec"]["template"]["spec"]
    return {"spec": {"template": {"spec": pod}}}


def merged(under: Object, over: Object) -> Object:
    """A copy of `under` with `over` laid on it, map by map; lists are replaced."""
    result = copy.deepcopy(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else copy.deepcopy(value)
    return result


def replaced(body: Object, texts: Mapping[str, str]) -> Object:
    """A copy in which some whole words of the values are others."""
    text = json.dumps(body)
    for word, other in texts.items():
        text = text.replace(f'"{word}"', json.dumps(other))
    result: Object = json.loads(text)
    return result


def _spec(case: Case) -> Object:
    labels = {"app": NAME}
    container: dict[str, Any] = {"name": NAME, "image": "IMAGE"}
    if case.probe:
        container["readinessProbe"] = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}
    pod = {"containers": [container], "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 2}
    spec: Object = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
    if case.kind != "daemonset":
        spec["replicas"] = case.replicas
    if case.kind == "statefulset":
        spec["serviceName"] = NAME
    return merged(spec, case.spec)


def _changed_pod(case: Case, pod: Object) -> Object:
    """Lists are not merged, so the one container is written whole."""
    return merged(merged(pod, {"containers": [merged(pod["containers"][0], case.container)]}), case.pod)
