"""Rollouts on the simulated cluster and on a real one: what the simulation shows must be what Kubernetes shows."""
# ruff: noqa: F401, F811 - fixtures are imported, as the folder's conftest belongs to the test bed

import asyncio
from typing import Any

from tests.cluster.lab import Lab, lab, node, progressing, replace_image
from tests.cluster.rawapi import until


async def test_a_rollout_ends_complete_with_the_new_digest_everywhere(node: Lab) -> None:
    node.push("v1", "ok")
    digest = node.push("v2", "ok")
    await node.deploy(node.image("v1"))
    before = await until(node.rolled_out, seconds=40, what="first rollout")

    answer = await node.api.patch(f"{node.deployments}/web", replace_image(node.image("v2", digest)))
    after = await until(node.rolled_out, seconds=40, what="second rollout")

    assert answer.status == 200
    assert answer.body["metadata"]["generation"] == before["metadata"]["generation"] + 1
    assert answer.body["status"]["observedGeneration"] < answer.body["metadata"]["generation"]
    assert before["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    assert after["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    sets = (await node.api.get(f"/apis/apps/v1/namespaces/{node.namespace}/replicasets"))["items"]
    new = next(each for each in sets if each["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2")
    name = new["metadata"]["name"]
    assert name == f"web-{new['metadata']['labels']['pod-template-hash']}"
    assert progressing(after)["message"] == f'ReplicaSet "{name}" has successfully progressed.'
    assert {each["type"]: each["reason"] for each in after["status"]["conditions"]} == {
        "Available": "MinimumReplicasAvailable",
        "Progressing": "NewReplicaSetAvailable",
    }
    statuses = await node.containers()
    assert [each["imageID"].partition("@")[2] for each in statuses] == [digest] * 2
    assert [(each["ready"], each["started"], each["restartCount"]) for each in statuses] == [(True, True, 0)] * 2
    assert all(each["containerID"].startswith("containerd://") for each in statuses)
    assert all(list(each["state"]) == ["running"] for each in statuses)


async def test_old_pods_are_counted_as_terminating_until_they_are_gone(node: Lab) -> None:
    node.push("v1", "ok")
    node.push("v2", "ok")
    await node.deploy(node.image("v1"))
    await until(node.rolled_out, seconds=40, what="first rollout")

    seen: set[int] = set()
    await node.api.patch(f"{node.deployments}/web", replace_image(node.image("v2")))
    async with asyncio.timeout(40):
        async for event in node.api.watch(node.deployments, fieldSelector="metadata.name=web"):
            status = event["object"]["status"]
            seen.add(status.get("terminatingReplicas", 0))
            if status.get("observedGeneration") == 2 and status.get("replicas") == 2 and 0 in seen and len(seen) > 1:
                break

    assert max(seen) >= 1


async def test_a_missing_tag_is_an_image_pull_error_that_says_not_found(node: Lab) -> None:
    node.push("v1", "ok")
    await node.deploy(node.image("v1"))
    await until(node.rolled_out, seconds=40, what="first rollout")

    async def waiting() -> Any:
        states = [each["state"].get("waiting", {}) for each in await node.containers()]
        return next((each for each in states if each.get("reason") in {"ErrImagePull", "ImagePullBackOff"}), None)

    await node.api.patch(f"{node.deployments}/web", replace_image(node.image("nope")))
    first = await until(waiting, seconds=20, what="image pull error")

    image = node.image("nope")
    words = f'failed to pull and unpack image "{image}": failed to resolve image: {image}: not found'
    assert first == {"reason": "ErrImagePull", "message": f"rpc error: code = NotFound desc = {words}"}
    live = await node.read()
    assert live["status"]["availableReplicas"] == 2
    assert live["status"]["unavailableReplicas"] == 1


async def test_a_registry_that_is_down_is_an_image_pull_error_with_the_connection_error(node: Lab) -> None:
    await node.deploy("127.0.0.1:1/team/web:v1", replicas=1)

    async def waiting() -> Any:
        states = [each["state"].get("waiting", {}) for each in await node.containers()]
        return next((each for each in states if each.get("reason") == "ErrImagePull"), None)

    found = await until(waiting, seconds=20, what="image pull error")
    assert found["message"].endswith(
        'failed to do request: Head "https://127.0.0.1:1/v2/team/web/manifests/v1": '
        "dial tcp 127.0.0.1:1: connect: connection refused"
    )


async def test_an_image_name_that_is_none_is_said_at_once(node: Lab) -> None:
    await node.deploy("BAD IMAGE", replicas=1)

    async def waiting() -> Any:
        states = [each["state"].get("waiting", {}) for each in await node.containers()]
        return next((each for each in states if each.get("reason") != "ContainerCreating"), None)

    found = await until(waiting, seconds=20, what="invalid image name")
    assert found["reason"] == "InvalidImageName"
    assert 'couldn\'t parse image name "BAD IMAGE": invalid reference format' in found["message"]


async def test_a_crash_at_start_shows_two_failed_exits_and_its_last_words(node: Lab) -> None:
    node.push("v1", "crash-at-start")
    await node.deploy(node.image("v1"), replicas=1)

    async def crashed_twice() -> Any:
        for each in await node.containers():
            if (
                {"terminated", "waiting"} & set(each["state"])
                and "terminated" in each["lastState"]
                and each["restartCount"]
            ):
                return each
        return None

    status = await until(crashed_twice, seconds=20, what="second failed exit")
    pod = (await node.api.get(node.pods))["items"][0]
    log = f"{node.pods}/{pod['metadata']['name']}/log"
    ended = "terminated" in status["state"]
    last_words = await node.api.call("GET", log, previous=str(not ended).lower(), tailLines="5")

    assert status["restartCount"] == 1
    assert status["ready"] is False
    last = status["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (3, "Error")
    assert last_words.body == "fatal: cannot reach database at db:5432\n"
    assert pod["status"]["phase"] == "Running"


async def test_the_log_before_the_last_is_gone_and_the_answer_is_not_an_error(node: Lab) -> None:
    """A node keeps one dead container: between the second exit and its back-off, `previous` has nothing to give."""
    node.push("v1", "crash-at-start")
    await node.deploy(node.image("v1"), replicas=1)

    async def gone() -> Any:
        for pod in (await node.api.get(node.pods))["items"]:
            answer = await node.api.call("GET", f"{node.pods}/{pod['metadata']['name']}/log", previous="true")
            if str(answer.body).startswith("unable to retrieve container logs for containerd://"):
                return answer
        return None

    answer = await until(gone, seconds=60, what="log that is gone")

    assert answer.status == 200


async def test_without_a_probe_a_crash_comes_after_the_rollout_counts_as_complete(node: Lab) -> None:
    node.push("v1", "crash-later")
    await node.deploy(node.image("v1"), replicas=1, probe=False)

    await until(node.rolled_out, seconds=20, what="rollout")

    async def restarted() -> Any:
        return next((each for each in await node.containers() if each["restartCount"]), None)

    status = await until(restarted, seconds=20, what="restart")
    assert status["lastState"]["terminated"]["exitCode"] == 2


async def test_a_pod_that_never_gets_ready_exceeds_the_progress_deadline(node: Lab) -> None:
    node.push("v1", "never-ready")
    await node.deploy(node.image("v1"), replicas=1, progressDeadlineSeconds=3)

    async def late() -> Any:
        found = await node.read()
        return found if progressing(found)["status"] == "False" else None

    found = await until(late, seconds=30, what="exceeded deadline")
    sets = (await node.api.get(f"/apis/apps/v1/namespaces/{node.namespace}/replicasets"))["items"]
    assert progressing(found)["reason"] == "ProgressDeadlineExceeded"
    assert progressing(found)["message"] == f'ReplicaSet "{sets[0]["metadata"]["name"]}" has timed out progressing.'
    [status] = await node.containers()
    assert (list(status["state"]), status["ready"], status["started"]) == (["running"], False, True)
    [pod] = (await node.api.get(node.pods))["items"]
    ready = next(each for each in pod["status"]["conditions"] if each["type"] == "Ready")
    assert (ready["reason"], ready["message"]) == ("ContainersNotReady", "containers with unready status: [web]")
    words = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    event = await until(lambda: _event(node, words), seconds=10, what="event of the probe")
    assert (event["reason"], event["type"], event["involvedObject"]["kind"]) == ("Unhealthy", "Warning", "Pod")


async def _event(lab: Lab, message: str) -> Any:
    events = (await lab.api.get(f"/api/v1/namespaces/{lab.namespace}/events"))["items"]
    return next((each for each in events if each["message"] == message), None)


async def test_the_same_content_from_another_repository_may_go_by_that_name(node: Lab) -> None:
    """A node tells one name, the alphabetically first: so what runs is compared by digest, never by repository."""
    digest = node.push("v1", "ok")
    node.push("v1", "ok", "copy")
    copied = f"{node.repository}-copy:v1@{digest}"
    await node.deploy(copied, replicas=1)
    await until(node.rolled_out, seconds=40, what="first rollout")

    await node.api.patch(f"{node.deployments}/web", replace_image(node.image("v1", digest)))
    await until(node.rolled_out, seconds=40, what="second rollout")
    [status] = await node.containers()

    assert status["imageID"].partition("@")[2] == digest
    assert not status["imageID"].startswith(f"{node.repository}@")


async def test_a_log_that_does_not_exist_yet_is_a_bad_request(node: Lab) -> None:
    await node.deploy(node.image("nope"), replicas=1)

    async def asked() -> Any:
        pods = (await node.api.get(node.pods))["items"]
        if not pods or not await node.containers():
            return None
        answer = await node.api.call("GET", f"{node.pods}/{pods[0]['metadata']['name']}/log")
        return answer if "image can't be pulled" in answer.body["message"] else None

    answer = await until(asked, seconds=20, what="refusal for a missing image")
    [pod] = (await node.api.get(node.pods))["items"]
    name = pod["metadata"]["name"]
    assert answer.status == 400
    assert answer.body["reason"] == "BadRequest"
    assert answer.body["message"] == f'container "web" in pod "{name}" is waiting to start: image can\'t be pulled'
    wrong = await node.api.call("GET", f"{node.pods}/{name}/log", container="nope")
    assert (wrong.status, wrong.body["message"]) == (400, f"container nope is not valid for pod {name}")
    previous = await node.api.call("GET", f"{node.pods}/{name}/log", previous="true")
    assert previous.status == 400
    assert previous.body["message"] == f'previous terminated container "web" in pod "{name}" not found'


async def test_a_deleted_workload_takes_its_replica_sets_and_pods_with_it(node: Lab) -> None:
    node.push("v1", "ok")
    await node.deploy(node.image("v1"), replicas=1)
    await until(node.rolled_out, seconds=40, what="rollout")

    answer = await node.api.call("DELETE", f"{node.deployments}/web")

    async def empty() -> bool:
        return not (await node.api.get(node.pods))["items"]

    await until(empty, seconds=30, what="end of the pods")
    assert (answer.status, answer.body["status"]) == (200, "Success")
    assert answer.body["details"]["kind"] == "deployments"


async def test_a_quota_on_pods_is_told_as_a_replica_failure(lab: Lab) -> None:
    quota = {"metadata": {"name": "few"}, "spec": {"hard": {"pods": "1"}}}
    await lab.api.call("POST", f"/api/v1/namespaces/{lab.namespace}/resourcequotas", quota)

    async def limited() -> Any:
        found = await lab.api.get(f"/api/v1/namespaces/{lab.namespace}/resourcequotas/few")
        return found.get("status", {}).get("hard")

    await until(limited, seconds=10, what="quota in force")
    await lab.deploy("example.com/team/web:v1", replicas=2)

    async def failure() -> Any:
        conditions = (await lab.read()).get("status", {}).get("conditions", [])
        return next((each for each in conditions if each["type"] == "ReplicaFailure"), None)

    found = await until(failure, seconds=20, what="replica failure")
    assert (found["status"], found["reason"]) == ("True", "FailedCreate")
    assert found["message"].endswith(
        "is forbidden: exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1"
    )
