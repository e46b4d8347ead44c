"""The container image, built by its Dockerfile and started on the real node the way an operator would."""

import fcntl
import hashlib
import hmac
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.testbed.bed import TestBed
from tests.testbed.fixtures import need
from tests.testbed.images.dockerfile import builder
from tests.testbed.needs import missing_for_image_build
from tests.testbed.processes import wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.dockerfile]
ROOT = Path(__file__).parents[2]
SECRET = "a webhook secret for this test only"
REVISION = "1" * 40
CANARY = "packages.invalid"
"""In pip's configuration while the image is built; a host that is trusted but never asked."""
CATALOG = """version: 1
teams:
  payments:
    github: acme/payments
    apps:
      checkout:
        repository: acme/checkout
        image: registry.example/payments/checkout
        tag: "{sha}"
        environments:
          staging: {namespace: payments-staging, workload: deployment/checkout, container: web, deploy: on-merge}
"""
PROBE = """
import importlib, os, pathlib
for name in ("bot.errors", "bot.storage.schema", "aiohttp", "kubernetes_asyncio", "asyncpg", "cryptography"):
    importlib.import_module(name)
print("uid", os.getuid(), "pip.conf", pathlib.Path("/etc/pip.conf").exists())
for place in ("/app/x", "/opt/greenlane/x", "/etc/x", "/data/x", "/tmp/x"):
    try:
        pathlib.Path(place).write_text("x")
        print(place, "written")
    except OSError as error:
        print(place, type(error).__name__, error.errno)
"""


@pytest.fixture(scope="module")
def image(testbed: TestBed, run_folder: Path) -> dict[str, str]:
    """Facts of the image, built and pushed once a run: `name` to pull it by, `user`, `health`, `history`, `revision`."""
    need(missing_for_image_build())
    facts = run_folder / "image.json"
    with (run_folder / "image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not facts.exists():
            facts.write_text(json.dumps(build_and_push(testbed)))
    found: dict[str, str] = json.loads(facts.read_text())
    return found


def build_and_push(testbed: TestBed) -> dict[str, str]:
    tag = f"greenlane-{uuid.uuid4().hex[:8]}"
    target = f"{testbed.registry.host}/platform/greenlane:1"
    with builder() as buildah, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_TRUSTED_HOST", CANARY)
        buildah.build(ROOT, tag, revision=REVISION)
        try:
            buildah.push(tag, target)
            return {
                "name": target,
                "user": buildah.inspect(tag, "{{.Docker.Config.User}}"),
                "health": buildah.inspect(tag, "{{.Docker.Config.Healthcheck}}"),
                "history": buildah.inspect(tag, "{{.Docker.History}} {{.Docker.Config}}"),
                "revision": buildah.inspect(tag, '{{index .Docker.Config.Labels "org.opencontainers.image.revision"}}'),
            }
        finally:
            buildah.remove(tag)


def test_image_is_not_root_and_says_how_it_is(image: dict[str, str]) -> None:
    assert image["user"] == "65532:65532"
    assert "/healthz" in image["health"]
    assert image["revision"] == REVISION


def test_image_does_not_tell_where_packages_came_from(image: dict[str, str]) -> None:
    assert "65532" in image["history"]
    assert CANARY not in image["history"]


def test_code_starts_without_root_on_a_read_only_file_system(
    real_node: TestBed, namespace: str, image: dict[str, str]
) -> None:
    pod = {
        "metadata": {"name": "probe"},
        "spec": spec(image["name"], command=["python", "-c", PROBE]) | {"restartPolicy": "Never"},
    }
    real_node.api.create(f"/api/v1/namespaces/{namespace}/pods", pod)
    place = f"/api/v1/namespaces/{namespace}/pods/probe"

    def ended() -> bool:
        phase: str = real_node.api.get(place)["status"]["phase"]
        return phase in {"Succeeded", "Failed"}

    wait_until(ended, seconds=180, what="the end of the probe")
    # 30 is EROFS, "Read-only file system".
    assert real_node.api.logs(namespace, "probe").splitlines() == [
        "uid 65532 pip.conf False",
        "/app/x OSError 30",
        "/opt/greenlane/x OSError 30",
        "/etc/x OSError 30",
        "/data/x written",
        "/tmp/x written",  # noqa: S108 - a volume of the pod
    ]


def test_bot_starts_on_the_node_and_takes_a_delivery(real_node: TestBed, namespace: str, image: dict[str, str]) -> None:
    pod = greenlane(real_node, namespace, image["name"])
    real_node.api.create(f"/api/v1/namespaces/{namespace}/pods", pod)
    place = f"/api/v1/namespaces/{namespace}/pods/greenlane"

    def address() -> str:
        status = real_node.api.get(place)["status"]
        assert status["phase"] != "Failed", real_node.api.logs(namespace, "greenlane")
        return f"http://{status.get('podIP', 'not-yet.invalid')}:8080"

    wait_until(lambda: status_of(f"{address()}/readyz") == 200, seconds=180, what="/readyz saying 200", pause=0.5)
    assert status_of(f"{address()}/healthz") == 200
    assert status_of(signed_ping(f"{address()}/webhook")) == 202
    assert SECRET not in real_node.api.logs(namespace, "greenlane")


def greenlane(bed: TestBed, namespace: str, image: str) -> dict[str, Any]:
    """The pod; makes its Secret and its catalog first."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    secrets = {"private-key": key.decode(), "webhook-secret": SECRET}
    bed.api.create(f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": "app"}, "stringData": secrets})
    catalog = {"metadata": {"name": "catalog"}, "data": {"greenlane.yaml": CATALOG}}
    bed.api.create(f"/api/v1/namespaces/{namespace}/configmaps", catalog)
    environment = {
        # Nobody listens there: to be ready means to take deliveries, also while GitHub can't be reached.
        "GREENLANE_GITHUB_API_URL": "http://127.0.0.1:9",
        "GREENLANE_GITHUB_APP_ID": "1",
        "GREENLANE_GITHUB_PRIVATE_KEY_FILE": "/secrets/private-key",
        "GREENLANE_WEBHOOK_SECRET_FILE": "/secrets/webhook-secret",
        "GREENLANE_CATALOG": "/catalog/greenlane.yaml",
    }
    return {
        "metadata": {"name": "greenlane"},
        "spec": spec(image, environment=environment) | {"restartPolicy": "Never"},
    }


def spec(image: str, *, command: Sequence[str] = (), environment: dict[str, str] | None = None) -> dict[str, Any]:
    """A pod that may do as little as Kubernetes' restricted standard asks."""
    mounts = {"data": "/data", "tmp": "/tmp"}  # noqa: S108 - a volume of the pod
    volumes: list[dict[str, Any]] = [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}]
    if environment:
        mounts |= {"secrets": "/secrets", "catalog": "/catalog"}
        volumes += [{"name": "secrets", "secret": {"secretName": "app"}}]
        volumes += [{"name": "catalog", "configMap": {"name": "catalog"}}]
    container = {
        "name": "greenlane",
        "image": image,
        "command": list(command) or None,
        "env": [{"name": name, "value": value} for name, value in (environment or {}).items()],
        "securityContext": {
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": name, "mountPath": path} for name, path in mounts.items()],
    }
    return {
        "securityContext": {"runAsNonRoot": True, "fsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": volumes,
    }


def signed_ping(address: str) -> urllib.request.Request:
    """A delivery as GitHub sends it."""
    body = json.dumps({"zen": "Keep it logically awesome.", "hook_id": 1}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "ping",
        "X-GitHub-Delivery": str(uuid.uuid4()),
        "X-GitHub-Hook-ID": "1",
        "X-Hub-Signature-256": f"sha256={signature}",
    }
    return urllib.request.Request(address, body, headers, method="POST")  # noqa: S310 - a pod of ours


def status_of(request: str | urllib.request.Request) -> int:
    """HTTP status of an answer; 0 when nobody answers."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0
