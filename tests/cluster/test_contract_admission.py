"""What a namespace's rules refuse, and how it is told, on the simulated cluster and on a real one."""
# ruff: noqa: F401, F811 - fixtures are imported, as the folder's conftest belongs to the test bed

from typing import Any

import pytest

from tests.cluster.lab import Lab, lab, node, replace_image, workload
from tests.cluster.rawapi import MERGE_PATCH, RawApi, until

RESTRICTED = (
    'allowPrivilegeEscalation != false (container "web" must set securityContext.allowPrivilegeEscalation=false), '
    'unrestricted capabilities (container "web" must set securityContext.capabilities.drop=["ALL"]), '
    'runAsNonRoot != true (pod or container "web" must set securityContext.runAsNonRoot=true), '
    'seccompProfile (pod or container "web" must set securityContext.seccompProfile.type to "RuntimeDefault" or '
    '"Localhost")'
)
IMAGE = "example.com/team/web:v1"


def one(*, container: dict[str, Any] | None = None, pod: dict[str, Any] | None = None, **spec: Any) -> Any:
    """The Deployment `web` with more in its container or in its pod."""
    body = workload(IMAGE, **{"replicas": 1, **spec})
    template = body["spec"]["template"]["spec"]
    template["containers"][0] |= container or {}
    template |= pod or {}
    return body


def resources(**values: Any) -> dict[str, Any]:
    return {"resources": values}


async def refusal(lab: Lab, body: Any) -> str:
    """Create the Deployment and wait for the reason why its pods are refused."""
    answer = await lab.api.call("POST", lab.deployments, body)
    assert answer.status == 201, answer

    async def failed() -> Any:
        conditions = (await lab.read()).get("status", {}).get("conditions", [])
        return next((each for each in conditions if each["type"] == "ReplicaFailure"), None)

    found = await until(failed, seconds=30, what="replica failure")
    assert (found["status"], found["reason"]) == ("True", "FailedCreate")
    return str(found["message"])


async def set_quota(lab: Lab, **hard: str) -> str:
    """The quota `q`, in force; gives its path."""
    path = f"/api/v1/namespaces/{lab.namespace}/resourcequotas"
    limits = {key.replace("_", "."): value for key, value in hard.items()}
    await lab.api.call("POST", path, {"metadata": {"name": "q"}, "spec": {"hard": limits}})

    async def in_force() -> Any:
        return (await lab.api.get(f"{path}/q")).get("status", {}).get("hard")

    await until(in_force, seconds=20, what="quota in force")
    return f"{path}/q"


async def set_limits(lab: Lab, **item: Any) -> Any:
    """A LimitRange for containers, seen by the API server's cache; gives it as it is stored."""
    path = f"/api/v1/namespaces/{lab.namespace}/limitranges"
    body = {"metadata": {"name": "range"}, "spec": {"limits": [{"type": "Container", **item}]}}
    answer = await lab.api.call("POST", path, body)
    assert answer.status == 201, answer
    probe = {"metadata": {"name": "probe"}, "spec": {"containers": [{"name": "c", "image": IMAGE}]}}

    async def seen() -> bool:
        tried = await lab.api.call("POST", lab.pods, probe, dryRun="All")
        return tried.status == 403 or "kubernetes.io/limit-ranger" in tried.body["metadata"].get("annotations", {})

    await until(seen, seconds=20, what="limits in force")
    return answer.body["spec"]["limits"][0]


async def set_level(lab: Lab, **labels: str) -> None:
    """Pod Security labels of the namespace: `enforce`, `warn`."""
    wanted = {f"pod-security.kubernetes.io/{key}": value for key, value in labels.items()}
    path = f"/api/v1/namespaces/{lab.namespace}"
    answer = await lab.api.patch(path, {"metadata": {"labels": wanted}}, MERGE_PATCH)
    assert answer.status == 200, answer


async def warnings(api: RawApi, method: str, path: str, body: Any, kind: str) -> tuple[int, list[str]]:
    """Status and `Warning` headers of an answer."""
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": kind}
    async with api.session.request(method, path, json=body, headers=headers, ssl=api.tls) as answer:
        return answer.status, answer.headers.getall("Warning", [])


async def test_a_quota_on_requests_tells_what_was_asked_used_and_allowed(lab: Lab) -> None:
    path = await set_quota(lab, requests_cpu="1", requests_memory="2Gi", pods="5")
    asked = resources(requests={"cpu": "500m", "memory": "1Gi"})

    message = await refusal(lab, one(container=asked, replicas=3))

    assert message.startswith('pods "web-')
    assert message.endswith(
        "is forbidden: exceeded quota: q, requested: requests.cpu=500m,requests.memory=1Gi, "
        "used: requests.cpu=1,requests.memory=2Gi, limited: requests.cpu=1,requests.memory=2Gi"
    )

    async def counted() -> Any:
        status = (await lab.api.get(path))["status"]
        return status if status["used"]["pods"] == "2" else None

    status = await until(counted, seconds=20, what="counted quota")
    assert status["used"] == {"pods": "2", "requests.cpu": "1", "requests.memory": "2Gi"}
    assert status["hard"] == {"pods": "5", "requests.cpu": "1", "requests.memory": "2Gi"}


async def test_a_quota_on_resources_wants_every_container_to_say_what_it_needs(lab: Lab) -> None:
    await set_quota(lab, requests_cpu="1", limits_cpu="1")
    early = [{"name": "migrate", "image": IMAGE}]

    message = await refusal(lab, one(container=resources(requests={"cpu": "1"}), pod={"initContainers": early}))

    words = "must specify limits.cpu for: migrate,web; requests.cpu for: migrate"
    assert message.endswith(f"is forbidden: failed quota: q: {words}")


async def test_a_deleted_pod_makes_room_in_the_quota(node: Lab) -> None:
    node.push("v1", "ok")
    await set_quota(node, pods="1")
    await node.deploy(node.image("v1"), replicas=1)
    await until(node.rolled_out, seconds=40, what="rollout")
    [before] = (await node.api.get(node.pods))["items"]

    await node.api.call("DELETE", f"{node.pods}/{before['metadata']['name']}", {"gracePeriodSeconds": 1})

    async def replaced() -> Any:
        pods = (await node.api.get(node.pods))["items"]
        return [pod for pod in pods if pod["metadata"]["uid"] != before["metadata"]["uid"]]

    assert await until(replaced, seconds=60, what="new pod")


async def test_a_request_above_the_default_limit_makes_the_pod_invalid(lab: Lab) -> None:
    kept = await set_limits(lab, max={"memory": "1Gi"})

    message = await refusal(lab, one(container=resources(requests={"memory": "2Gi"})))

    assert (kept["default"], kept["defaultRequest"]) == ({"memory": "1Gi"}, {"memory": "1Gi"})
    words = (
        'spec.containers[0].resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi'
    )
    assert message.startswith('Pod "web-')
    assert message.endswith(f"is invalid: {words}")


@pytest.mark.parametrize(
    ("limits", "asked", "words"),
    [
        (
            {"max": {"memory": "1Gi"}},
            {"limits": {"memory": "2Gi"}},
            "maximum memory usage per Container is 1Gi, but limit is 2Gi",
        ),
        (
            {"min": {"cpu": "10m"}},
            {"requests": {"cpu": "5m"}},
            "minimum cpu usage per Container is 10m, but request is 5m",
        ),
    ],
)
async def test_what_is_outside_a_limit_range_is_forbidden(lab: Lab, limits: Any, asked: Any, words: str) -> None:
    await set_limits(lab, **limits)

    message = await refusal(lab, one(container=resources(**asked)))

    assert message.endswith(f"is forbidden: {words}")


async def test_a_limit_range_gives_its_defaults_to_containers_that_say_nothing(lab: Lab) -> None:
    await set_limits(lab, default={"memory": "256Mi", "cpu": "200m"}, defaultRequest={"memory": "128Mi", "cpu": "100m"})

    await lab.api.call("POST", lab.deployments, one())

    async def made() -> Any:
        return (await lab.api.get(lab.pods))["items"]

    [pod] = await until(made, seconds=20, what="pod")
    assert pod["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "200m", "memory": "256Mi"},
        "requests": {"cpu": "100m", "memory": "128Mi"},
    }
    assert pod["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu, memory request for container web; cpu, memory limit for container web"
    )
    assert pod["status"]["qosClass"] == "Burstable"
    assert (await lab.read())["spec"]["template"]["spec"]["containers"][0]["resources"] == {}


async def test_a_request_above_its_own_limit_is_refused_in_the_workload_already(lab: Lab) -> None:
    asked = resources(requests={"cpu": "2"}, limits={"cpu": "1"})

    answer = await lab.api.call("POST", lab.deployments, one(container=asked))

    assert answer.status == 422
    where = "spec.template.spec.containers[0].resources.requests"
    words = f'{where}: Invalid value: "2": must be less than or equal to cpu limit of 1'
    assert answer.body["message"] == f'Deployment.apps "web" is invalid: {words}'


async def test_a_plain_pod_violates_the_restricted_level(lab: Lab) -> None:
    await set_level(lab, enforce="restricted")

    message = await refusal(lab, one())

    assert message.endswith(f'is forbidden: violates PodSecurity "restricted:latest": {RESTRICTED}')


async def test_the_baseline_level_lists_everything_that_reaches_for_the_node(lab: Lab) -> None:
    await set_level(lab, enforce="baseline")
    container = {
        "securityContext": {"privileged": True, "capabilities": {"add": ["SYS_ADMIN"]}},
        "ports": [{"containerPort": 80, "hostPort": 80}],
    }
    pod = {"hostNetwork": True, "hostPID": True, "volumes": [{"name": "h", "hostPath": {"path": "/tmp"}}]}  # noqa: S108

    message = await refusal(lab, one(container=container, pod=pod))

    assert message.endswith(
        'violates PodSecurity "baseline:latest": non-default capabilities (container "web" must not include '
        '"SYS_ADMIN" in securityContext.capabilities.add), host namespaces (hostNetwork=true, hostPID=true), hostPath '
        'volumes (volume "h"), hostPort (container "web" uses hostPort 80), privileged (container "web" must not set '
        "securityContext.privileged=true)"
    )


async def test_a_pod_that_sets_what_the_restricted_level_asks_for_is_admitted(lab: Lab) -> None:
    await set_level(lab, enforce="restricted")
    container = {"securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}
    pod = {"securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}}

    status, told = await warnings(
        lab.api, "POST", lab.deployments, one(container=container, pod=pod), "application/json"
    )

    async def made() -> Any:
        return (await lab.api.get(lab.pods))["items"]

    assert (status, told) == (201, [])
    assert await until(made, seconds=20, what="pod")


@pytest.mark.parametrize("labels", [{"enforce": "restricted"}, {"enforce": "baseline", "warn": "restricted"}])
async def test_a_workload_is_taken_with_a_warning_in_the_answers_header(lab: Lab, labels: dict[str, str]) -> None:
    await set_level(lab, **labels)
    escaped = RESTRICTED.replace('"', '\\"')
    expected = [f'299 - "would violate PodSecurity \\"restricted:latest\\": {escaped}"']

    async def in_force() -> list[str]:
        """Admission learns of new labels by a watch of its own."""
        tried = f"{lab.deployments}?dryRun=All"
        return (await warnings(lab.api, "POST", tried, one(replicas=0), "application/json"))[1]

    await until(in_force, seconds=20, what="labels in force")
    created = await warnings(lab.api, "POST", lab.deployments, one(replicas=0), "application/json")
    note = {"metadata": {"annotations": {"note": "1"}}}
    patched = await warnings(lab.api, "PATCH", f"{lab.deployments}/web", note, MERGE_PATCH)

    assert created == (201, expected)
    assert patched == (200, expected)


async def test_a_missing_service_account_is_told_before_the_pod_has_a_name(lab: Lab) -> None:
    message = await refusal(lab, one(pod={"serviceAccountName": "ghost"}))

    sets = (await lab.api.get(f"/apis/apps/v1/namespaces/{lab.namespace}/replicasets"))["items"]
    account = f"{lab.namespace}/ghost"
    words = f'error looking up service account {account}: serviceaccount "ghost" not found'
    assert message == f'pods "{sets[0]["metadata"]["name"]}-" is forbidden: {words}'


async def test_events_of_refused_pods_are_combined_after_ten_names(lab: Lab) -> None:
    await set_quota(lab, pods="0")
    await refusal(lab, one())

    async def combined() -> Any:
        found = (await lab.api.get(f"/api/v1/namespaces/{lab.namespace}/events"))["items"]
        refused = [each["message"] for each in found if each["reason"] == "FailedCreate"]
        return refused if any(text.startswith("(combined from similar events): Error") for text in refused) else None

    assert len(await until(combined, seconds=60, what="combined event")) == 10


async def test_a_dry_run_answers_as_the_change_would_and_changes_nothing(lab: Lab) -> None:
    await set_level(lab, enforce="restricted")
    await lab.api.call("POST", lab.deployments, one(replicas=0))
    before = await lab.read()
    path = f"{lab.deployments}/web"

    tried = await lab.api.patch(path, replace_image("example.com/team/web:v2"), dryRun="All")
    dry = f"{path}?dryRun=All"
    told = await warnings(lab.api, "PATCH", dry, {"spec": {"minReadySeconds": 1}}, MERGE_PATCH)
    refused = await lab.api.patch(path, replace_image(""), dryRun="All")
    unknown = await lab.api.patch(path, replace_image("x"), dryRun="Some")

    assert tried.status == 200
    assert tried.body["metadata"]["generation"] == before["metadata"]["generation"] + 1
    assert tried.body["spec"]["template"]["spec"]["containers"][0]["image"] == "example.com/team/web:v2"
    assert (told[0], len(told[1])) == (200, 1)
    after = await lab.read()
    assert (after["spec"], after["metadata"]["generation"]) == (before["spec"], before["metadata"]["generation"])
    assert (refused.status, refused.body["reason"]) == (422, "Invalid")
    assert unknown.status == 422
    words = 'PatchOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"'
    assert unknown.body["message"] == words
