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
                        {"name": "web", "image": image, "readinessProbe": {"httpGet": {"path": "/"}}},
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


def pod(name: str = "web-1-a", *, owner: str = "uid-web-1", waiting: str = "", version: str = "13") -> dict[str, Any]:
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
