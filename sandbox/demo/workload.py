"""The Deployment that stands for a team's app, as a team would write it: two replicas, a probe, no privileges."""

from typing import Any

JSON = dict[str, Any]

MANAGED = {"app.kubernetes.io/managed-by": "greenlane-sandbox"}
"""On what the sandbox made, so that it never takes away anything else."""


def namespace(name: str) -> JSON:
    labels = MANAGED | {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def deployment(*, namespace: str, name: str, container: str, image: str, replicas: int) -> JSON:
    labels = {"app.kubernetes.io/name": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels | MANAGED},
        "spec": {
            "replicas": replicas,
            "progressDeadlineSeconds": 60,
            "revisionHistoryLimit": 5,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {"metadata": {"labels": labels}, "spec": _pod(container, image)},
        },
    }


def _pod(container: str, image: str) -> JSON:
    web: JSON = {
        "name": container,
        "image": image,
        # Named, so that the image's own arguments do not come along: the program is told by its environment.
        "command": ["/app"],
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    return {
        "terminationGracePeriodSeconds": 2,
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [web],
    }
