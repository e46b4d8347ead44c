"""What becomes of pods that cannot start, on the simulated cluster and on a real one."""
# ruff: noqa: F401, F811 - fixtures are imported, as the folder's conftest belongs to the test bed

from typing import Any

import pytest

from tests.cluster.lab import Lab, lab, node, workload
from tests.cluster.rawapi import until

RUNTIME = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: "
)


async def create(
    lab: Lab, image: str, *, container: dict[str, Any] | None = None, pod: dict[str, Any] | None = None
) -> None:
    """The Deployment `web` of one pod, with more in its container or in its pod."""
    body = workload(image, replicas=1)
    spec = body["spec"]["template"]["spec"]
    spec["containers"][0] |= container or {}
    spec |= {"terminationGracePeriodSeconds": 1, **(pod or {})}
    answer = await lab.api.call("POST", lab.deployments, body)
    assert answer.status == 201, answer


async def the_pod(lab: Lab) -> Any:
    """The only pod, or None."""
    found = (await lab.api.get(lab.pods))["items"]
    return found[0] if found else None


async def status_of(lab: Lab, *, init: bool = False) -> Any:
    """Status of the only pod's first container, or of its first init container; empty before the node tells."""
    pod = await the_pod(lab)
    statuses = (pod or {}).get("status", {}).get("initContainerStatuses" if init else "containerStatuses", [])
    return statuses[0] if statuses else {}


async def waiting(lab: Lab, reason: str, *, init: bool = False) -> Any:
    """The container's status once it waits for that reason."""

    async def reached() -> Any:
        status = await status_of(lab, init=init)
        return status if status.get("state", {}).get("waiting", {}).get("reason") == reason else None

    return await until(reached, seconds=40, what=reason)


def condition(pod: Any, kind: str) -> Any:
    return next((each for each in pod["status"].get("conditions", []) if each["type"] == kind), {})


async def event(lab: Lab, reason: str) -> Any:
    """The first event about the pod with that reason."""

    async def told() -> Any:
        found = (await lab.api.get(f"/api/v1/namespaces/{lab.namespace}/events"))["items"]
        return next((each for each in found if each["reason"] == reason), None)

    return await until(told, seconds=60, what=f"event {reason}")


async def keep(lab: Lab, plural: str, body: dict[str, Any]) -> None:
    answer = await lab.api.call("POST", f"/api/v1/namespaces/{lab.namespace}/{plural}", body)
    assert answer.status == 201, answer


def variable(**source: Any) -> dict[str, Any]:
    return {"env": [{"name": "X", "valueFrom": source}]}


@pytest.mark.parametrize(
    ("container", "message"),
    [
        (variable(configMapKeyRef={"name": "nope", "key": "k"}), 'configmap "nope" not found'),
        (variable(secretKeyRef={"name": "nope", "key": "k"}), 'secret "nope" not found'),
        (variable(configMapKeyRef={"name": "there", "key": "k"}), "couldn't find key k in ConfigMap {namespace}/there"),
        (variable(secretKeyRef={"name": "there", "key": "k"}), "couldn't find key k in Secret {namespace}/there"),
        ({"envFrom": [{"configMapRef": {"name": "nope"}}]}, 'configmap "nope" not found'),
        ({"envFrom": [{"secretRef": {"name": "nope"}}]}, 'secret "nope" not found'),
    ],
)
async def test_a_missing_reference_in_the_environment_is_a_configuration_error(
    node: Lab, container: dict[str, Any], message: str
) -> None:
    node.push("v1", "ok")
    await keep(node, "configmaps", {"metadata": {"name": "there"}, "data": {"a": "1"}})
    await keep(node, "secrets", {"metadata": {"name": "there"}, "stringData": {"a": "1"}})

    await create(node, node.image("v1"), container=container)
    status = await waiting(node, "CreateContainerConfigError")

    assert status["state"]["waiting"]["message"] == message.format(namespace=node.namespace)
    assert (status["lastState"], status["restartCount"], status["started"]) == ({}, 0, False)
    assert (await the_pod(node))["status"]["phase"] == "Pending"


async def test_a_pod_starts_when_what_it_refers_to_is_made(node: Lab) -> None:
    node.push("v1", "ok")
    await create(node, node.image("v1"), container=variable(secretKeyRef={"name": "late", "key": "k"}))
    await waiting(node, "CreateContainerConfigError")

    await keep(node, "secrets", {"metadata": {"name": "late"}, "stringData": {"k": "1"}})

    await until(node.rolled_out, seconds=60, what="rollout")


async def test_an_optional_reference_may_be_missing(node: Lab) -> None:
    node.push("v1", "ok")
    optional = {"name": "nope", "key": "k", "optional": True}

    await create(node, node.image("v1"), container=variable(configMapKeyRef=optional))

    await until(node.rolled_out, seconds=40, what="rollout")


async def test_a_missing_secret_in_a_volume_is_told_by_an_event_only(node: Lab) -> None:
    node.push("v1", "ok")
    volumes = [{"name": "keys", "secret": {"secretName": "ghost"}}]
    mounts = [{"name": "keys", "mountPath": "/keys"}]

    await create(node, node.image("v1"), container={"volumeMounts": mounts}, pod={"volumes": volumes})
    told = await event(node, "FailedMount")
    status = await until(lambda: status_of(node), seconds=20, what="status")

    assert told["message"] == 'MountVolume.SetUp failed for volume "keys" : secret "ghost" not found'
    assert (told["type"], told["source"]["component"], bool(told["source"]["host"])) == ("Warning", "kubelet", True)
    assert status["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert condition(await the_pod(node), "PodReadyToStartContainers")["status"] == "False"


async def test_a_volume_that_no_container_mounts_may_lack_its_secret(node: Lab) -> None:
    node.push("v1", "ok")
    volumes = [{"name": "keys", "secret": {"secretName": "ghost"}}]

    await create(node, node.image("v1"), pod={"volumes": volumes})

    await until(node.rolled_out, seconds=40, what="rollout")


@pytest.mark.parametrize(
    ("requests", "lacking"),
    [
        ({"cpu": "500"}, "1 Insufficient cpu"),
        ({"cpu": "500", "memory": "5000Gi"}, "1 Insufficient cpu, 1 Insufficient memory"),
    ],
)
async def test_a_pod_that_asks_for_too_much_is_unschedulable(node: Lab, requests: dict[str, str], lacking: str) -> None:
    await create(node, "example.com/web:v1", container={"resources": {"requests": requests}})

    async def refused() -> Any:
        pod = await the_pod(node)
        return pod if pod and condition(pod, "PodScheduled").get("status") == "False" else None

    pod = await until(refused, seconds=20, what="refusal")
    told = await event(node, "FailedScheduling")

    found = condition(pod, "PodScheduled")
    assert (found["reason"], pod["status"]["phase"], pod["status"]["qosClass"]) == (
        "Unschedulable",
        "Pending",
        "Burstable",
    )
    end = (
        "no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    )
    assert found["message"] == told["message"] == f"0/1 nodes are available: {lacking}. {end}"
    assert "containerStatuses" not in pod["status"]
    assert "nodeName" not in pod["spec"]
    assert (told["lastTimestamp"], told["firstTimestamp"], "count" in told) == (None, None, False)
    assert told["eventTime"]
    assert (told["reportingComponent"], told["source"]) == ("default-scheduler", {})


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("/nope", 'exec: "/nope": stat /nope: no such file or directory'),
        ("nope", 'exec: "nope": executable file not found in $PATH'),
    ],
)
async def test_a_command_that_is_not_in_the_image_is_a_start_error(node: Lab, command: str, why: str) -> None:
    node.push("v1", "ok")
    await create(node, node.image("v1"), container={"command": [command]})

    status = await waiting(node, "RunContainerError")
    end = status["lastState"]["terminated"]

    assert status["state"]["waiting"]["message"] == end["message"] == RUNTIME + why
    assert (end["reason"], end["exitCode"], end["startedAt"]) == ("StartError", 128, "1970-01-01T00:00:00Z")
    assert (await the_pod(node))["status"]["phase"] == "Running"
    again = await waiting(node, "CrashLoopBackOff")
    assert again["restartCount"] >= 1
    assert again["lastState"]["terminated"]["reason"] == "StartError"


async def test_an_image_that_may_not_be_pulled_and_is_not_there_is_told_so(node: Lab) -> None:
    await create(node, node.image("nope"), container={"imagePullPolicy": "Never"})

    status = await waiting(node, "ErrImageNeverPull")

    words = f'Container image "{node.image("nope")}" is not present with pull policy of Never'
    assert status["state"]["waiting"]["message"] == words


async def test_a_container_beyond_its_memory_limit_is_killed_by_the_kernel(node: Lab) -> None:
    node.push("v1", "out-of-memory")
    await create(node, node.image("v1"), container={"resources": {"limits": {"memory": "48Mi"}}})

    async def killed() -> Any:
        status = await status_of(node)
        return status.get("lastState", {}).get("terminated")

    end = await until(killed, seconds=40, what="end")

    assert (end["reason"], end["exitCode"]) == ("OOMKilled", 137)
    assert (await the_pod(node))["spec"]["containers"][0]["resources"]["requests"] == {"memory": "48Mi"}


async def test_the_pod_waits_for_an_init_container_that_fails(node: Lab) -> None:
    node.push("v1", "ok")
    node.push("bad", "crash-at-start")
    await create(node, node.image("v1"), pod={"initContainers": [{"name": "migrate", "image": node.image("bad")}]})

    async def failed_twice() -> Any:
        status = await status_of(node, init=True)
        return status if status.get("restartCount") and "running" not in status["state"] else None

    status = await until(failed_twice, seconds=40, what="second failure")
    pod = await the_pod(node)

    assert (status["lastState"]["terminated"]["exitCode"], status["ready"]) == (3, False)
    assert pod["status"]["phase"] == "Pending"
    main = pod["status"]["containerStatuses"][0]
    assert main["state"] == {"waiting": {"reason": "PodInitializing"}}
    found = condition(pod, "Initialized")
    words = "containers with incomplete status: [migrate]"
    assert (found["status"], found["reason"], found["message"]) == ("False", "ContainersNotInitialized", words)
    name = pod["metadata"]["name"]
    log = await node.api.call("GET", f"{node.pods}/{name}/log", container="migrate")
    assert (log.status, log.body) == (200, "fatal: cannot reach database at db:5432\n")


async def test_the_containers_start_when_the_init_containers_have_ended_well(node: Lab) -> None:
    node.push("v1", "ok")
    node.push("once", "exit-zero")
    await create(node, node.image("v1"), pod={"initContainers": [{"name": "migrate", "image": node.image("once")}]})

    await until(node.rolled_out, seconds=40, what="rollout")
    status = await status_of(node, init=True)

    end = status["state"]["terminated"]
    assert (end["reason"], end["exitCode"], status["ready"], status["restartCount"]) == ("Completed", 0, True, 0)
    assert condition(await the_pod(node), "Initialized")["status"] == "True"


async def test_an_init_container_without_its_image_keeps_the_pod_waiting(node: Lab) -> None:
    node.push("v1", "ok")
    await create(node, node.image("v1"), pod={"initContainers": [{"name": "migrate", "image": node.image("nope")}]})

    status = await waiting(node, "ErrImagePull", init=True)

    assert status["state"]["waiting"]["message"].endswith(": not found")
    assert (await status_of(node))["state"] == {"waiting": {"reason": "PodInitializing"}}


async def test_a_sidecar_that_crashes_makes_the_pod_unready_though_its_container_runs(node: Lab) -> None:
    node.push("v1", "ok")
    node.push("bad", "crash-at-start")
    sidecar = {"name": "proxy", "image": node.image("bad"), "restartPolicy": "Always"}
    await create(node, node.image("v1"), pod={"initContainers": [sidecar]})

    async def crashed() -> Any:
        proxy, web = await status_of(node, init=True), await status_of(node)
        broken = proxy.get("restartCount") and "running" not in proxy["state"]
        return proxy if broken and web.get("ready") and not proxy["ready"] else None

    await until(crashed, seconds=40, what="crashed sidecar")
    pod = await the_pod(node)

    assert pod["status"]["phase"] == "Running"
    assert condition(pod, "Initialized")["status"] == "True"
    assert condition(pod, "Ready")["message"] == "containers with unready status: [proxy]"


async def test_a_failed_liveness_probe_restarts_the_container(node: Lab) -> None:
    node.push("v1", "ok")
    probe = {"httpGet": {"path": "/healthz", "port": 8081}, "periodSeconds": 1, "failureThreshold": 1}
    await create(node, node.image("v1"), container={"livenessProbe": probe})

    async def restarted() -> Any:
        status = await status_of(node)
        return status if status.get("restartCount") else None

    status = await until(restarted, seconds=40, what="restart")
    told = await event(node, "Killing")

    assert told["message"] == "Container web failed liveness probe, will be restarted"
    assert status["lastState"]["terminated"]["exitCode"] == 0


async def test_the_last_words_of_a_container_are_its_message_where_the_pod_asks_for_it(node: Lab) -> None:
    node.push("v1", "crash-at-start")
    await create(node, node.image("v1"), container={"terminationMessagePolicy": "FallbackToLogsOnError"})

    async def ended() -> Any:
        return (await status_of(node)).get("lastState", {}).get("terminated")

    end = await until(ended, seconds=40, what="end")

    assert end["message"] == "fatal: cannot reach database at db:5432\n"
