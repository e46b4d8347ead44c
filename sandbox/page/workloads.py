"""Kubernetes objects as a person wants to see them: what runs where, which version, since when."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

JSON = dict[str, Any]
Link = Callable[[str], tuple[str, str]]
"""A commit's SHA → its words and its page."""

_SYSTEM = re.compile(r"kube-.*|default|local-path-storage")
_SHA = re.compile(r"[0-9a-f]{40}")


def show_namespaces(objects: Mapping[str, list[JSON]], link: Link) -> list[JSON]:
    """One card a namespace, the cluster's own left out."""
    names = [each["metadata"]["name"] for each in objects["namespaces"]]
    return [
        {
            "name": name,
            "workloads": [
                _show_workload(each, objects, link) for each in objects["deployments"] if _namespace(each) == name
            ],
        }
        for name in sorted(names)
        if not _SYSTEM.fullmatch(name)
    ]


def _show_workload(workload: JSON, objects: Mapping[str, list[JSON]], link: Link) -> JSON:
    """`ready` counts pods of the wanted image only: old ones that still serve are `updating`."""
    containers = workload["spec"]["template"]["spec"]["containers"]
    repository, tag, digest = split_image(containers[0]["image"])
    words, page = link(tag) if _SHA.fullmatch(tag) else (tag, "")
    pods = [each for each in objects["pods"] if _belongs(each, workload)]
    shown = [_show_pod(each, link) for each in sorted(pods, key=_age, reverse=True)]
    return {
        "name": workload["metadata"]["name"],
        "image": containers[0]["image"],
        "repository": repository,
        "version": words,
        "link": page,
        "digest": digest,
        "replicas": workload["spec"].get("replicas", 1),
        "ready": sum(each["mood"] == "good" and each["image"] == containers[0]["image"] for each in shown),
        "updating": any(each["image"] != containers[0]["image"] for each in shown),
        "pods": shown,
    }


def _show_pod(pod: JSON, link: Link) -> JSON:
    status = pod.get("status", {})
    containers: list[JSON] = status.get("containerStatuses") or []
    state, mood = _state_of(pod, containers)
    _, tag, _ = split_image(pod["spec"]["containers"][0]["image"])
    return {
        "name": pod["metadata"]["name"],
        "state": state,
        "mood": mood,
        "restarts": sum(each.get("restartCount", 0) for each in containers),
        "version": link(tag)[0] if _SHA.fullmatch(tag) else tag,
        "image": pod["spec"]["containers"][0]["image"],
        "started_at": status.get("startTime") or pod["metadata"].get("creationTimestamp"),
    }


def _state_of(pod: JSON, containers: Iterable[JSON]) -> tuple[str, str]:
    """A word for the pod and its mood: good, busy, bad or off."""
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating", "off"
    for container in containers:
        state = container.get("state", {})
        if reason := state.get("waiting", {}).get("reason"):
            ended = container.get("lastState", {}).get("terminated")
            said = f"{reason} (exit {ended['exitCode']})" if ended else reason
            return said, "busy" if reason in {"ContainerCreating", "PodInitializing"} else "bad"
        if terminated := state.get("terminated"):
            return f"{terminated.get('reason', 'Ended')} (exit {terminated.get('exitCode')})", "bad"
        if "running" in state:
            return ("Running", "good") if container.get("ready") else ("Not ready", "busy")
    return pod.get("status", {}).get("phase", "Pending"), "busy"


def split_image(image: str) -> tuple[str, str, str]:
    """Repository, tag and digest; either of the last two may be empty."""
    name, _, digest = image.partition("@")
    head, colon, tag = name.rpartition(":")
    return (head, tag, digest) if colon and "/" not in tag else (name, "", digest)


def _belongs(pod: JSON, workload: JSON) -> bool:
    wanted = workload["spec"].get("selector", {}).get("matchLabels", {})
    labels = pod["metadata"].get("labels", {})
    return _namespace(pod) == _namespace(workload) and all(labels.get(key) == value for key, value in wanted.items())


def _namespace(obj: JSON) -> str:
    return str(obj["metadata"].get("namespace", ""))


def _age(pod: JSON) -> tuple[str, str]:
    return str(pod["metadata"].get("creationTimestamp", "")), str(pod["metadata"]["name"])
