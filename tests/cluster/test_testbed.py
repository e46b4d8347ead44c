"""The test bed itself: its containers are real, its failures are real, and it leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.testbed.api import JSON_PATCH, Api
from tests.testbed.bed import TestBed
from tests.testbed.build import IMAGES, built
from tests.testbed.fixtures import need
from tests.testbed.images.build import INDEX, build_index, push
from tests.testbed.images.demo import Behaviour, demo_image, push_demo
from tests.testbed.processes import Program, TestBedError, wait_until
from tests.testbed.registry import RealRegistry

pytestmark = pytest.mark.cluster
ROOT = Path(__file__).parents[2]


def workload(image: str, *, replicas: int = 2) -> dict[str, Any]:
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}
    container = {"name": "web", "image": image, "readinessProbe": probe}
    return {
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}},
        },
    }


def deploy(bed: TestBed, namespace: str, image: str, *, replicas: int = 2) -> None:
    bed.api.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", workload(image, replicas=replicas))


def living_pods(bed: TestBed, namespace: str) -> list[dict[str, Any]]:
    pods = bed.api.items(f"/api/v1/namespaces/{namespace}/pods")
    return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def is_rolled_out(bed: TestBed, namespace: str) -> bool:
    found = bed.api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/web")
    status, wanted = found["status"], found["spec"]["replicas"]
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return status.get("observedGeneration") == found["metadata"]["generation"] and counts == [wanted] * 3


def container_state(bed: TestBed, namespace: str) -> dict[str, Any]:
    """State of the first container of the first pod; empty before there is one."""
    for pod in living_pods(bed, namespace):
        for status in pod["status"].get("containerStatuses", []):
            return {**status["lastState"], **status["state"]}
    return {}


def answer(address: str) -> dict[str, str]:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=5) as response:
        found: dict[str, str] = json.load(response)
        return found


def push_version(bed: TestBed, version: str, behaviour: Behaviour = "ok") -> tuple[str, str]:
    """The image's name by tag, and its digest."""
    digest = push_demo(bed.registry.url, "team/web", version, version=version, behaviour=behaviour)
    return f"{bed.registry.host}/team/web:{version}", digest


def test_new_image_replaces_the_containers_that_answer(real_node: TestBed, namespace: str) -> None:
    first, _ = push_version(real_node, "v1")
    second, digest = push_version(real_node, "v2")
    deploy(real_node, namespace, first)
    wait_until(lambda: is_rolled_out(real_node, namespace), seconds=60, what="the first rollout")
    assert {
        answer(f"http://{pod['status']['podIP']}:8080/")["version"] for pod in living_pods(real_node, namespace)
    } == {"v1"}

    change = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": f"{second}@{digest}"}]
    real_node.api.patch(f"/apis/apps/v1/namespaces/{namespace}/deployments/web", change, JSON_PATCH)
    wait_until(lambda: is_rolled_out(real_node, namespace), seconds=60, what="the second rollout")

    pods = living_pods(real_node, namespace)
    assert [answer(f"http://{pod['status']['podIP']}:8080/")["version"] for pod in pods] == ["v2", "v2"]
    # Any name of these bytes: what a node pulled under another name before, it may tell under that one.
    assert {pod["status"]["containerStatuses"][0]["imageID"].partition("@")[2] for pod in pods} == {digest}
    assert "version v2 listens on :8080" in real_node.api.logs(namespace, pods[0]["metadata"]["name"])


def test_missing_tag_is_seen_at_the_container(real_node: TestBed, namespace: str) -> None:
    deploy(real_node, namespace, f"{real_node.registry.host}/team/web:never-pushed", replicas=1)

    def reason() -> str:
        return str(container_state(real_node, namespace).get("waiting", {}).get("reason", ""))

    wait_until(lambda: reason() in {"ErrImagePull", "ImagePullBackOff"}, seconds=30, what="the failed pull")
    message = container_state(real_node, namespace)["waiting"]["message"]
    assert "never-pushed" in message


def test_crash_shows_its_exit_code_and_last_line(real_node: TestBed, namespace: str) -> None:
    image, _ = push_version(real_node, "crash", "crash-at-start")
    deploy(real_node, namespace, image, replicas=1)

    wait_until(lambda: "terminated" in container_state(real_node, namespace), seconds=30, what="the crash")
    assert container_state(real_node, namespace)["terminated"]["exitCode"] == 3
    pod = living_pods(real_node, namespace)[0]["metadata"]["name"]
    assert real_node.api.logs(namespace, pod).splitlines()[-1] == "fatal: cannot reach database at db:5432"


def test_container_that_is_never_ready_is_never_available(real_node: TestBed, namespace: str) -> None:
    image, _ = push_version(real_node, "shy", "never-ready")
    deploy(real_node, namespace, image, replicas=1)

    def refuses() -> bool:
        events = real_node.api.items(f"/api/v1/namespaces/{namespace}/events")
        return any(event["reason"] == "Unhealthy" and "503" in event["message"] for event in events)

    wait_until(refuses, seconds=30, what="the failed readiness probe")
    assert not is_rolled_out(real_node, namespace)


def test_pretended_node_runs_a_rollout_and_names_the_digest() -> None:
    with TestBed.start(node="kwok") as bed:
        bed.new_namespace("demo")
        digest = f"sha256:{'a' * 64}"

        deploy(bed, "demo", f"{bed.registry.host}/team/web:v1@{digest}")
        wait_until(lambda: is_rolled_out(bed, "demo"), seconds=30, what="the rollout")

        found = {pod["status"]["containerStatuses"][0]["imageID"] for pod in living_pods(bed, "demo")}
        assert found == {f"{bed.registry.host}/team/web@{digest}"}


@pytest.fixture
def killed_bed(real_node: TestBed, tmp_path: Path) -> Path:
    """State folder of a test bed that ran a container when its owner was killed without a chance to tidy up."""
    with (tmp_path / "stderr").open("w") as errors:
        owner = subprocess.Popen(
            [sys.executable, "-m", "tests.testbed", "up"], cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert owner.stdout is not None
    with owner:
        facts = json.loads(owner.stdout.readline())
        api = Api.of(Path(facts["kubeconfig"]))
        digest = push_demo(f"http://{facts['registry']}", "team/web", "v1", version="v1")
        pod = {"containers": [{"name": "web", "image": f"{facts['registry']}/team/web@{digest}"}]}
        api.create("/api/v1/namespaces/default/pods", {"metadata": {"name": "left"}, "spec": pod})
        place = "/api/v1/namespaces/default/pods/left"
        wait_until(lambda: api.get(place)["status"]["phase"] == "Running", seconds=30, what="the container")
        owner.send_signal(signal.SIGKILL)
    return Path(facts["state"])


def test_killed_test_bed_is_swept_by_the_next(killed_bed: Path, tmp_path: Path) -> None:
    containers = first_processes(killed_bed)
    assert marked(killed_bed)
    assert len(containers) == 2

    with TestBed.start(tmp_path / "next", node="kwok") as bed:
        assert bed.node_kind == "kwok"

    assert not killed_bed.exists()
    assert not marked(killed_bed)
    assert not [process for process in containers if Path(f"/proc/{process}").exists()]
    assert str(killed_bed) not in Path("/proc/self/mountinfo").read_text()


def first_processes(state: Path) -> list[int]:
    """Process 1 of each container: the pod's pause and the application."""
    return [int(file.read_text()) for file in state.glob("run/io.containerd.runtime.v2.task/k8s.io/*/init.pid")]


def marked(state: Path) -> list[int]:
    """Processes that were started for `state`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"GREENLANE_TESTBED={state}".encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return [process for process in found if process != os.getpid()]


def test_index_with_two_platforms_and_attestations_is_taken_by_a_registry() -> None:
    images = [demo_image(version="v1", platform=f"linux/{name}") for name in ("amd64", "arm64")]
    with RealRegistry.start() as registry:
        digest = push(registry.url, "team/web", "multi", build_index(images, attest=True))

        address = f"{registry.url}/v2/team/web/manifests/multi"
        request = urllib.request.Request(address, headers={"Accept": INDEX})  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - loopback
            index = json.load(response)
            assert response.headers["Docker-Content-Digest"] == digest
    assert [entry["platform"]["architecture"] for entry in index["manifests"]] == [
        "amd64",
        "arm64",
        "unknown",
        "unknown",
    ]


def test_missing_part_skips_here_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="lacks runc"):
        need(["runc"])

    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="lacks runc"):
        need(["runc"])
    need([])


def test_program_that_ends_too_early_is_told_with_its_last_lines(tmp_path: Path) -> None:
    program = Program.start("broken", ["sh", "-c", "echo the disk is full; exit 7"], state=tmp_path)

    with pytest.raises(TestBedError, match="broken ended with exit code 7; its last lines:\nthe disk is full"):
        program.wait_ready(lambda: False, seconds=10)
    program.stop()


def test_same_image_twice_has_the_same_digest() -> None:
    assert demo_image(version="v1").digest == demo_image(version="v1").digest
    assert demo_image(version="v1").digest != demo_image(version="v2").digest


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["--behaviour=crash-at-start", "--version=v9"], {}),
        (["crash-at-start"], {}),
        ([], {"APP_BEHAVIOUR": "crash-at-start"}),
        (["--behaviour=crash-at-start"], {"APP_BEHAVIOUR": "ok"}),
    ],
)
def test_demo_application_takes_its_behaviour_from_flag_argument_or_environment(
    arguments: list[str], environment: dict[str, str]
) -> None:
    ended = subprocess.run(
        [built(IMAGES) / "app", *arguments], env=environment, capture_output=True, text=True, timeout=20, check=False
    )

    assert (ended.returncode, ended.stderr) == (3, "fatal: cannot reach database at db:5432\n")


def test_changed_source_in_a_folder_below_is_built_anew(tmp_path: Path) -> None:
    source = tmp_path / "app" / "main.go"
    source.parent.mkdir()
    source.write_text("package main")
    recipe = replace(IMAGES, folder=tmp_path)
    before = recipe.key

    source.write_text("package main // changed")

    assert recipe.key != before
