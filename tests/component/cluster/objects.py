"""Kubernetes objects as the API server sends them."""

from typing import Any

DIGEST = "sha256:" + "a" * 64
IMAGE = f"reg.example/web:v2@{DIGEST}"


def deployment(name: str = "web", *, image: str = "reg.example/web:v1", **meta: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": "team-a",
            "uid": f"uid-{name}",
            "generation": 3,
            "resourceVersion": "11",
            "annotations": {"deployment.kubernetes.io/revision": "2"},
            **meta,
        },
        "spec": {
            "replicas": 2,
            "progressDeadlineSeconds": 600,
            "template": {
                "metadata": {"creationTimestamp": None},
                "spec": {
                    "containers": [
                        {"name": "sidecar", "image": "side:1"},
                        {"name": "web", "image": image, "readinessProbe": {"httpGet": {"path": "/", "port": 8080}}},
                    ]
                },
            },
        },
        "status": {
            "observedGeneration": 3,
            "replicas": 2,
            "updatedReplicas": 2,
            "readyReplicas": 1,
            "availableReplicas": 1,
            "conditions": [
                {
                    "type": "Progressing",
                    "status": "True",
                    "reason": "NewReplicaSetAvailable",
                    "message": "done",
                    "lastTransitionTime": "2026-11-21T12:00:00Z",
                    "lastUpdateTime": "2026-11-21T12:03:00Z",
                }
            ],
        },
    }


def replica_set(name: str = "web-1", *, owner: str = "uid-web", revision: str = "2") -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "resourceVersion": "12",
            "annotations": {"deployment.kubernetes.io/revision": revision},
            "ownerReferences": [{"uid": owner, "kind": "Deployment", "name": "web", "controller": True}],
        },
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "web", "image": IMAGE}]}}},
        "status": {"replicas": 2},
    }


def stateful_set(name: str = "db", *, partition: int = 0, start: int = 0, **meta: Any) -> dict[str, Any]:
    container = {"name": "web", "image": IMAGE, "readinessProbe": {"tcpSocket": {"port": 5432}}}
    return {
        "metadata": {
            "name": name,
            "namespace": "team-a",
            "uid": f"uid-{name}",
            "generation": 4,
            "resourceVersion": "21",
            **meta,
        },
        "spec": {
            "replicas": 3,
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}},
            "ordinals": {"start": start},
            "template": {"spec": {"containers": [container]}},
        },
        "status": {
            "observedGeneration": 4,
            "replicas": 3,
            "readyReplicas": 2,
            "updatedReplicas": 1,
            "availableReplicas": 2,
            "currentRevision": f"{name}-old",
            "updateRevision": f"{name}-new",
        },
    }


def daemon_set(name: str = "agent", **meta: Any) -> dict[str, Any]:
    container = {"name": "web", "image": IMAGE, "readinessProbe": {"grpc": {"port": 9000, "service": ""}}}
    return {
        "metadata": {
            "name": name,
            "namespace": "team-a",
            "uid": f"uid-{name}",
            "generation": 4,
            "resourceVersion": "31",
            **meta,
        },
        "spec": {
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
            "template": {"spec": {"containers": [container]}},
        },
        "status": {
            "observedGeneration": 4,
            "desiredNumberScheduled": 5,
            "currentNumberScheduled": 4,
            "updatedNumberScheduled": 3,
            "numberReady": 2,
            "numberAvailable": 1,
            "numberMisscheduled": 0,
        },
    }


def controller_revision(
    name: str, *, owner: str = "uid-db", number: int = 1, image: str = IMAGE, hash_: str = ""
) -> dict[str, Any]:
    template = {"$patch": "replace", "spec": {"containers": [{"name": "web", "image": image}]}}
    return {
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "resourceVersion": "22",
            "labels": {"controller-revision-hash": hash_ or name},
            "ownerReferences": [{"uid": owner, "controller": True}],
        },
        "revision": number,
        "data": {"spec": {"template": template}},
    }


def said(about: str, *, name: str = "", version: str = "41", **changes: Any) -> dict[str, Any]:
    """An event about the object of that uid."""
    return {
        "metadata": {"name": name or f"{about}.1", "uid": f"event-{name or about}", "resourceVersion": version},
        "involvedObject": {"kind": "Pod", "namespace": "team-a", "name": about.removeprefix("uid-"), "uid": about},
        "reason": "FailedMount",
        "message": "no such secret",
        "type": "Warning",
        "count": 1,
        "firstTimestamp": "2026-11-21T12:00:00Z",
        "lastTimestamp": "2026-11-21T12:01:00Z",
        "eventTime": None,
        **changes,
    }


def pod(
    name: str = "web-1-a", *, owner: str = "uid-web-1", waiting: str = "", version: str = "13", hash_: str = ""
) -> dict[str, Any]:
    state = (
        {"waiting": {"reason": waiting, "message": "why"}}
        if waiting
        else {"running": {"startedAt": "2026-11-21T12:00:05Z"}}
    )
    return {
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "resourceVersion": version,
            "creationTimestamp": "2026-11-21T12:00:01Z",
            "labels": {"controller-revision-hash": hash_} if hash_ else None,
            "ownerReferences": [{"uid": owner}],
        },
        "spec": {"nodeName": "node-1"},
        "status": {
            "phase": "Running",
            "startTime": "2026-11-21T12:00:02Z",
            "conditions": [
                {
                    "type": "Ready",
                    "status": "False" if waiting else "True",
                    "lastTransitionTime": "2026-11-21T12:00:06Z",
                }
            ],
            "containerStatuses": [
                {
                    "name": "web",
                    "image": IMAGE,
                    "imageID": "" if waiting else f"reg.example/web@{DIGEST}",
                    "ready": not waiting,
                    "restartCount": 1,
                    "state": state,
                    "lastState": {
                        "terminated": {"exitCode": 3, "reason": "Error", "finishedAt": "2026-11-21T12:00:04Z"}
                    },
                }
            ],
        },
    }
