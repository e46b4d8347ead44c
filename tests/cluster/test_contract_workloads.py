"""StatefulSets and DaemonSets on the simulated cluster and on a real one."""
# ruff: noqa: F401, F811 - fixtures are imported, as the folder's conftest belongs to the test bed

from typing import Any

from tests.cluster.lab import Lab, lab, node, replace_image, workload
from tests.cluster.rawapi import until

APPS = "/apis/apps/v1/namespaces"


async def create(lab: Lab, plural: str, image: str, *, replicas: int | None = 3, **spec: Any) -> Any:
    """The workload `web` of that kind; `replicas` None leaves the field out, as a DaemonSet must."""
    body = workload(image, replicas=replicas or 0, **spec)
    kinds = {"statefulsets": "StatefulSet", "daemonsets": "DaemonSet"}
    body["kind"] = kinds[plural]
    body["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 1
    if replicas is None:
        del body["spec"]["replicas"]
    answer = await lab.api.call("POST", f"{APPS}/{lab.namespace}/{plural}", body)
    assert answer.status == 201, answer
    return answer.body


async def read(lab: Lab, plural: str) -> Any:
    return await lab.api.get(f"{APPS}/{lab.namespace}/{plural}/web")


async def set_image(lab: Lab, plural: str, image: str) -> None:
    answer = await lab.api.patch(f"{APPS}/{lab.namespace}/{plural}/web", replace_image(image))
    assert answer.status == 200, answer


async def counts(lab: Lab, plural: str, wanted: dict[str, Any], *, what: str) -> Any:
    """The workload once its newest generation is seen and its status says so; a count that is not there is 0."""

    async def reached() -> Any:
        found = await read(lab, plural)
        status = found.get("status", {})
        fresh = status.get("observedGeneration") == found["metadata"]["generation"]
        return found if fresh and all(status.get(key, 0) == value for key, value in wanted.items()) else None

    return await until(reached, seconds=60, what=what)


async def pods(lab: Lab) -> dict[str, Any]:
    """Pods by name, those that stop left out."""
    found = (await lab.api.get(lab.pods))["items"]
    return {pod["metadata"]["name"]: pod for pod in found if "deletionTimestamp" not in pod["metadata"]}


async def reason_of(lab: Lab, name: str) -> str:
    """Why a pod's first container waits, or an empty text."""
    statuses = (await pods(lab)).get(name, {}).get("status", {}).get("containerStatuses", [])
    return str(statuses[0]["state"].get("waiting", {}).get("reason", "")) if statuses else ""


async def events(lab: Lab, kind: str) -> list[tuple[str, str, str]]:
    """Type, reason and message of the events about objects of that kind."""
    found = (await lab.api.get(f"/api/v1/namespaces/{lab.namespace}/events"))["items"]
    return [(each["type"], each["reason"], each["message"]) for each in found if each["involvedObject"]["kind"] == kind]


def complete(size: int) -> dict[str, int]:
    return dict.fromkeys(("replicas", "readyReplicas", "availableReplicas", "updatedReplicas"), size)


async def test_a_stateful_set_numbers_its_pods_and_starts_one_after_the_other(node: Lab) -> None:
    node.push("v1", "ok")
    made = await create(node, "statefulsets", node.image("v1"), replicas=2, serviceName="web")
    seen: list[list[str]] = []

    async def noted() -> Any:
        seen.append(sorted(await pods(node)))
        return (await read(node, "statefulsets"))["status"].get("availableReplicas") == 2

    await until(noted, seconds=60, what="two pods")
    status = (await read(node, "statefulsets"))["status"]
    first = (await pods(node))["web-0"]

    assert made["status"] == {"replicas": 0, "availableReplicas": 0}
    assert made["spec"]["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    assert (made["spec"]["podManagementPolicy"], made["spec"]["revisionHistoryLimit"]) == ("OrderedReady", 10)
    assert ["web-0"] in seen
    assert seen[-1] == ["web-0", "web-1"]
    assert first["metadata"]["labels"] == {
        "app": "web",
        "apps.kubernetes.io/pod-index": "0",
        "controller-revision-hash": status["updateRevision"],
        "statefulset.kubernetes.io/pod-name": "web-0",
    }
    assert (first["spec"]["hostname"], first["spec"]["subdomain"]) == ("web-0", "web")
    assert status == {
        **complete(2),
        "currentReplicas": 2,
        "observedGeneration": 1,
        "currentRevision": status["updateRevision"],
        "updateRevision": status["updateRevision"],
        "collisionCount": 0,
    }
    told = await events(node, "StatefulSet")
    assert ("Normal", "SuccessfulCreate", "Create Pod web-1 in StatefulSet web successful") in told


async def test_a_stateful_set_replaces_the_highest_pod_first_and_keeps_the_old_revision_till_the_end(
    node: Lab,
) -> None:
    for tag in ("v1", "v2"):
        node.push(tag, "ok")
    await create(node, "statefulsets", node.image("v1"), replicas=2)
    before = (await counts(node, "statefulsets", complete(2), what="first rollout"))["status"]
    order: list[str] = []

    async def noted() -> Any:
        for name, pod in (await pods(node)).items():
            if pod["metadata"]["labels"]["controller-revision-hash"] != before["updateRevision"] and name not in order:
                order.append(name)
        status = (await read(node, "statefulsets"))["status"]
        if status["updateRevision"] != before["updateRevision"] and status.get("updatedReplicas", 0) < 2:
            assert status["currentRevision"] == before["currentRevision"]
        return len(order) == 2

    await set_image(node, "statefulsets", node.image("v2"))
    await until(noted, seconds=60, what="two new pods")
    after = (await counts(node, "statefulsets", complete(2), what="second rollout"))["status"]
    revisions = (await node.api.get(f"{APPS}/{node.namespace}/controllerrevisions"))["items"]

    assert order == ["web-1", "web-0"]
    assert after["currentRevision"] == after["updateRevision"] != before["updateRevision"]
    assert {each["metadata"]["name"]: each["revision"] for each in revisions} == {
        before["updateRevision"]: 1,
        after["updateRevision"]: 2,
    }
    kept = next(each for each in revisions if each["revision"] == 1)
    assert kept["data"]["spec"]["template"]["spec"]["containers"][0]["image"] == node.image("v1")
    assert kept["metadata"]["labels"]["controller.kubernetes.io/hash"] == before["updateRevision"].rpartition("-")[2]


async def test_a_broken_pod_of_a_stateful_set_stays_when_the_template_is_put_back_until_it_is_deleted(
    node: Lab,
) -> None:
    node.push("v1", "ok")
    await create(node, "statefulsets", node.image("v1"), replicas=2)
    await counts(node, "statefulsets", complete(2), what="first rollout")
    await set_image(node, "statefulsets", node.image("nope"))
    await until(lambda: reason_of(node, "web-1"), seconds=30, what="waiting pod")

    await set_image(node, "statefulsets", node.image("v1"))
    back = await counts(node, "statefulsets", {"updatedReplicas": 1}, what="template put back")
    broken = (await pods(node))["web-1"]
    path, uid = f"{node.pods}/web-1", broken["metadata"]["uid"]

    assert back["status"]["currentRevision"] == back["status"]["updateRevision"]
    assert broken["metadata"]["labels"]["controller-revision-hash"] != back["status"]["updateRevision"]
    wrong = await node.api.call("DELETE", path, {"preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}})
    assert (wrong.status, (await pods(node))["web-1"]["metadata"]["uid"]) == (409, uid)
    deleted = await node.api.call("DELETE", path, {"preconditions": {"uid": uid}})
    assert (deleted.status, deleted.body["kind"]) == (200, "Pod")
    await counts(node, "statefulsets", complete(2), what="healed rollout")
    assert (await pods(node))["web-1"]["metadata"]["uid"] != uid


async def test_a_parallel_stateful_set_replaces_its_broken_pod_by_itself_and_leaves_the_partition_alone(
    node: Lab,
) -> None:
    for tag in ("v1", "v2"):
        node.push(tag, "ok")
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    image = node.image("v1")
    await create(node, "statefulsets", image, podManagementPolicy="Parallel", updateStrategy=strategy)
    first = await counts(node, "statefulsets", complete(3), what="first rollout")
    await set_image(node, "statefulsets", node.image("nope"))
    await until(lambda: reason_of(node, "web-2"), seconds=30, what="waiting pod")

    await set_image(node, "statefulsets", node.image("v2"))
    wanted = {**complete(3), "updatedReplicas": 2, "currentReplicas": 1}
    after = await counts(node, "statefulsets", wanted, what="second rollout")

    assert after["status"]["currentRevision"] == first["status"]["updateRevision"] != after["status"]["updateRevision"]
    assert {name: pod["spec"]["containers"][0]["image"] for name, pod in (await pods(node)).items()} == {
        "web-0": node.image("v1"),
        "web-1": node.image("v2"),
        "web-2": node.image("v2"),
    }


async def test_with_on_delete_a_pod_changes_when_somebody_deletes_it(node: Lab) -> None:
    for tag in ("v1", "v2"):
        node.push(tag, "ok")
    await create(node, "statefulsets", node.image("v1"), replicas=2, updateStrategy={"type": "OnDelete"})
    before = (await counts(node, "statefulsets", complete(2), what="first rollout"))["status"]

    await set_image(node, "statefulsets", node.image("v2"))
    await counts(node, "statefulsets", {"updatedReplicas": 0, "availableReplicas": 2}, what="seen template")
    await node.api.call("DELETE", f"{node.pods}/web-0")
    wanted = {"updatedReplicas": 1, "currentReplicas": 1, "availableReplicas": 2}
    after = (await counts(node, "statefulsets", wanted, what="one new pod"))["status"]

    assert after["currentRevision"] == before["updateRevision"] != after["updateRevision"]
    images = {name: pod["spec"]["containers"][0]["image"] for name, pod in (await pods(node)).items()}
    assert images == {"web-0": node.image("v2"), "web-1": node.image("v1")}


async def test_a_stateful_set_scales_down_from_the_highest_number(node: Lab) -> None:
    node.push("v1", "ok")
    await create(node, "statefulsets", node.image("v1"), replicas=2)
    await counts(node, "statefulsets", complete(2), what="rollout")

    scale = [{"op": "replace", "path": "/spec/replicas", "value": 1}]
    await node.api.patch(f"{APPS}/{node.namespace}/statefulsets/web", scale)
    await counts(node, "statefulsets", complete(1), what="one pod")

    assert list(await pods(node)) == ["web-0"]


async def test_a_stateful_set_refuses_to_change_what_is_fixed(lab: Lab) -> None:
    await create(lab, "statefulsets", "example.com/web:v1", replicas=0, serviceName="web")

    change = [{"op": "replace", "path": "/spec/serviceName", "value": "other"}]
    answer = await lab.api.patch(f"{APPS}/{lab.namespace}/statefulsets/web", change)

    assert answer.status == 422
    assert answer.body["message"] == (
        'StatefulSet.apps "web" is invalid: spec: Forbidden: updates to statefulset spec for fields other than '
        "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
        "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
    )


async def test_annotations_do_not_count_as_a_generation_of_a_stateful_set_or_daemon_set(lab: Lab) -> None:
    await create(lab, "statefulsets", "example.com/web:v1", replicas=0)
    await create(lab, "daemonsets", "example.com/web:v1", replicas=None)

    note = {"metadata": {"annotations": {"note": "1"}}}
    kind = "application/merge-patch+json"
    answers = [
        await lab.api.patch(f"{APPS}/{lab.namespace}/{plural}/web", note, kind)
        for plural in ("statefulsets", "daemonsets")
    ]

    assert [answer.body["metadata"]["generation"] for answer in answers] == [1, 1]


def on_one_node(**more: int) -> dict[str, int]:
    names = ("desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled", "numberAvailable")
    return dict.fromkeys(names, 1) | {"numberReady": 1, "numberUnavailable": 0} | more


async def test_a_daemon_set_runs_one_pod_on_the_node_and_replaces_it_for_a_new_template(node: Lab) -> None:
    for tag in ("v1", "v2"):
        node.push(tag, "ok")
    made = await create(node, "daemonsets", node.image("v1"), replicas=None)
    first = await counts(node, "daemonsets", on_one_node(), what="first rollout")
    [old] = (await pods(node)).values()

    await set_image(node, "daemonsets", node.image("v2"))
    await counts(node, "daemonsets", on_one_node(), what="second rollout")
    [new] = (await pods(node)).values()
    revisions = (await node.api.get(f"{APPS}/{node.namespace}/controllerrevisions"))["items"]

    generation = "deprecated.daemonset.template.generation"
    assert made["metadata"]["annotations"] == {generation: "1"}
    assert made["spec"]["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 0}
    assert first["status"]["numberMisscheduled"] == 0
    by_number = {each["revision"]: each["metadata"] for each in revisions}
    assert sorted(by_number) == [1, 2]
    for number, pod in ((1, old), (2, new)):
        labels = pod["metadata"]["labels"]
        assert labels["pod-template-generation"] == str(number)
        assert by_number[number]["labels"]["controller-revision-hash"] == labels["controller-revision-hash"]
        assert by_number[number]["name"] == f"web-{labels['controller-revision-hash']}"
    assert new["spec"]["containers"][0]["image"] == node.image("v2")
    told = await events(node, "DaemonSet")
    assert ("Normal", "SuccessfulDelete", f"Deleted pod: {old['metadata']['name']}") in told


async def test_a_daemon_set_replaces_a_broken_pod_at_once(node: Lab) -> None:
    node.push("v1", "ok")
    await create(node, "daemonsets", node.image("nope"), replicas=None)
    await until(lambda: _any_reason(node), seconds=30, what="waiting pod")

    await set_image(node, "daemonsets", node.image("v1"))

    await counts(node, "daemonsets", on_one_node(), what="rollout")


async def _any_reason(lab: Lab) -> str:
    return "".join([await reason_of(lab, name) for name in await pods(lab)]).replace("ContainerCreating", "")


async def test_a_daemon_set_with_surge_starts_the_new_pod_before_the_old_one_goes(node: Lab) -> None:
    for tag in ("v1", "v2"):
        node.push(tag, "ok")
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    await create(node, "daemonsets", node.image("v1"), replicas=None, updateStrategy=strategy)
    await counts(node, "daemonsets", on_one_node(), what="first rollout")
    seen: set[int] = set()

    async def noted() -> Any:
        seen.add(len(await pods(node)))
        status = (await read(node, "daemonsets"))["status"]
        assert status["numberReady"] == 1
        return status["observedGeneration"] == 2 and status.get("updatedNumberScheduled")

    await set_image(node, "daemonsets", node.image("v2"))
    await until(noted, seconds=60, what="second rollout")

    assert 2 in seen


async def test_a_daemon_set_that_fits_no_node_wants_no_pod(lab: Lab) -> None:
    body = workload("example.com/web:v1")
    body["kind"] = "DaemonSet"
    del body["spec"]["replicas"]
    body["spec"]["template"]["spec"]["nodeSelector"] = {"no-such": "label"}
    await lab.api.call("POST", f"{APPS}/{lab.namespace}/daemonsets", body)

    found = await counts(lab, "daemonsets", {"desiredNumberScheduled": 0}, what="status")

    assert found["status"]["currentNumberScheduled"] == 0


async def test_refused_pods_of_both_kinds_are_told_by_events_only(lab: Lab) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    quotas = f"/api/v1/namespaces/{lab.namespace}/resourcequotas"
    await lab.api.call("POST", quotas, quota)

    async def in_force() -> Any:
        return (await lab.api.get(f"{quotas}/none")).get("status", {}).get("hard")

    await until(in_force, seconds=10, what="quota in force")
    await create(lab, "statefulsets", "example.com/web:v1", replicas=1)
    await create(lab, "daemonsets", "example.com/web:v1", replicas=None)

    async def refused() -> Any:
        found = [*await events(lab, "StatefulSet"), *await events(lab, "DaemonSet")]
        return found if len({reason for _, reason, _ in found} & {"FailedCreate"}) and len(found) > 1 else None

    await until(refused, seconds=20, what="refusals")
    stateful = await until(lambda: events(lab, "StatefulSet"), seconds=20, what="event of the StatefulSet")
    daemons = await until(lambda: events(lab, "DaemonSet"), seconds=20, what="event of the DaemonSet")
    words = "is forbidden: exceeded quota: none, requested: pods=1, used: pods=0, limited: pods=0"
    failed = f'Create Pod web-0 in StatefulSet web failed error: pods "web-0" {words}'
    assert stateful[0] == ("Warning", "FailedCreate", failed)
    assert (daemons[0][:2], daemons[0][2].endswith(words)) == (("Warning", "FailedCreate"), True)
    assert daemons[0][2].startswith('Error creating: pods "web-')
    assert "conditions" not in (await read(lab, "statefulsets"))["status"]
    assert "conditions" not in (await read(lab, "daemonsets"))["status"]
