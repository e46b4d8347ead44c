"""The API of the simulated cluster and of a real one: the same refusals, versions, pages and watches, word for word."""
# ruff: noqa: F401, F811 - fixtures are imported, as the folder's conftest belongs to the test bed

from typing import Any

import pytest

from tests.cluster.lab import Lab, lab, progressing, replace_image
from tests.cluster.rawapi import MERGE_PATCH, STRATEGIC_MERGE_PATCH, until

REFUSED_PATCH = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Failure",
    "message": "the server rejected our request due to an error in our request",
    "reason": "Invalid",
    "details": {},
    "code": 422,
}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/metadata/uid", "value": "another"},
        {"op": "test", "path": "/spec/template/spec/containers/0/name", "value": "another"},
        {"op": "test", "path": "/metadata/nothing", "value": "x"},
        {"op": "replace", "path": "/spec/template/spec/containers/7/image", "value": "x"},
        {"op": "test", "path": "/spec/template/spec/containers/7/name", "value": "web"},
    ],
    ids=["uid", "name", "nothing-there", "no-such-container", "test-no-such-container"],
)
async def test_a_json_patch_that_does_not_fit_is_refused_whole(lab: Lab, operation: Any) -> None:
    made = await lab.deploy("example.com/team/web:v1", replicas=0)

    answer = await lab.api.patch(f"{lab.deployments}/web", [operation, *replace_image("example.com/team/web:v2")])

    assert (answer.status, answer.body) == (422, REFUSED_PATCH)
    live = await lab.read()
    assert live["spec"]["template"] == made["spec"]["template"]


async def test_an_empty_image_is_refused_by_validation(lab: Lab) -> None:
    await lab.deploy("example.com/team/web:v1", replicas=0)

    answer = await lab.api.patch(f"{lab.deployments}/web", replace_image(""))

    assert answer.status == 422
    field = "spec.template.spec.containers[0].image"
    assert answer.body["message"] == f'Deployment.apps "web" is invalid: {field}: Required value'
    assert answer.body["details"]["causes"] == [
        {"reason": "FieldValueRequired", "message": "Required value", "field": field}
    ]


async def test_a_stale_version_is_a_conflict(lab: Lab) -> None:
    await lab.deploy("example.com/team/web:v1", replicas=0)

    answer = await lab.api.patch(f"{lab.deployments}/web", {"metadata": {"resourceVersion": "1"}}, MERGE_PATCH)

    assert (answer.status, answer.body["reason"]) == (409, "Conflict")
    assert answer.body["message"] == (
        'Operation cannot be fulfilled on deployments.apps "web": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )


async def test_what_is_missing_is_named(lab: Lab) -> None:
    answers = [
        await lab.api.call("GET", f"{lab.deployments}/nope"),
        await lab.api.call("GET", "/apis/apps/v1/namespaces/nope/deployments/web"),
        await lab.api.call("GET", "/api/v1/namespaces/nope"),
        await lab.api.patch(f"{lab.deployments}/nope", replace_image("x")),
        await lab.api.call("GET", f"{lab.pods}/nope/log"),
    ]

    assert {(each.status, each.body["reason"]) for each in answers} == {(404, "NotFound")}
    assert [each.body["message"] for each in answers] == [
        'deployments.apps "nope" not found',
        'deployments.apps "web" not found',
        'namespaces "nope" not found',
        'deployments.apps "nope" not found',
        'pods "nope" not found',
    ]
    assert answers[0].body["details"] == {"name": "nope", "group": "apps", "kind": "deployments"}
    assert (await lab.api.get("/apis/apps/v1/namespaces/nope/deployments"))["items"] == []


async def test_a_right_that_is_missing_is_named(lab: Lab) -> None:
    answers = [
        await lab.nobody.call("GET", f"{lab.deployments}/web"),
        await lab.nobody.call("GET", lab.pods),
        await lab.nobody.call("GET", lab.pods, watch="true"),
        await lab.nobody.patch(f"{lab.deployments}/web", replace_image("x")),
        await lab.nobody.call("GET", f"{lab.pods}/x/log"),
        await lab.nobody.call("GET", "/api/v1/nodes"),
        await lab.nobody.call("GET", f"/api/v1/namespaces/{lab.namespace}"),
    ]

    who, where = f"system:serviceaccount:{lab.namespace}:nobody", f'in the namespace "{lab.namespace}"'
    assert [each.status for each in answers] == [403] * 7
    texts = [str(each.body) for each in answers]
    for text, words in zip(
        texts,
        [
            f'deployments.apps "web" is forbidden: User "{who}" cannot get resource "deployments" in API group "apps" {where}',
            f'pods is forbidden: User "{who}" cannot list resource "pods" in API group "" {where}',
            "cannot watch resource",
            f'cannot patch resource "deployments" in API group "apps" {where}',
            f'pods "x" is forbidden: User "{who}" cannot get resource "pods/log" in API group "" {where}',
            f'nodes is forbidden: User "{who}" cannot list resource "nodes" in API group "" at the cluster scope',
            f'namespaces "{lab.namespace}" is forbidden: User "{who}" cannot get resource "namespaces"',
        ],
        strict=True,
    ):
        assert words in text


async def test_an_unknown_token_is_unauthorized(lab: Lab) -> None:
    stranger = type(lab.api)(lab.api.session, "wrong", lab.api.tls)

    answer = await stranger.call("GET", lab.deployments)

    assert (answer.status, answer.body["message"], answer.body["reason"]) == (401, "Unauthorized", "Unauthorized")


async def test_a_patch_that_changes_nothing_moves_nothing(lab: Lab) -> None:
    await lab.deploy("example.com/team/web:v1", replicas=0)
    before = await until(lab.rolled_out, seconds=20, what="settled deployment")

    answer = await lab.api.patch(
        f"{lab.deployments}/web", replace_image("example.com/team/web:v1"), fieldManager="greenlane"
    )

    assert answer.body["metadata"] == before["metadata"]


async def test_an_annotation_moves_the_generation_of_a_deployment(lab: Lab) -> None:
    await lab.deploy("example.com/team/web:v1", replicas=0)
    await until(lab.rolled_out, seconds=20, what="settled deployment")

    answer = await lab.api.patch(f"{lab.deployments}/web", {"metadata": {"annotations": {"x": "1"}}}, MERGE_PATCH)

    assert answer.body["metadata"]["generation"] == 2


async def test_the_writer_of_the_image_is_on_record(lab: Lab) -> None:
    await lab.deploy("example.com/team/web:v1", replicas=0)
    await until(lab.rolled_out, seconds=20, what="settled deployment")

    await lab.api.patch(f"{lab.deployments}/web", replace_image("example.com/team/web:v2"), fieldManager="greenlane")
    owners = _image_owners(await lab.read())
    await lab.api.patch(f"{lab.deployments}/web", replace_image("example.com/team/web:v3"))
    later = _image_owners(await lab.read())

    assert owners == ["greenlane"]
    assert later == ["contract"]


def _image_owners(deployment: Any) -> list[str]:
    owners = []
    for entry in deployment["metadata"]["managedFields"]:
        containers = entry["fieldsV1"].get("f:spec", {}).get("f:template", {}).get("f:spec", {}).get("f:containers", {})
        if "f:image" in containers.get('k:{"name":"web"}', {}):
            assert (entry["operation"], entry["apiVersion"], entry["fieldsType"]) == ("Update", "apps/v1", "FieldsV1")
            owners.append(entry["manager"])
    return owners


async def test_defaults_are_filled_in(lab: Lab) -> None:
    made = await lab.deploy("example.com/team/web:v1", replicas=0)

    spec = made["spec"]
    assert made["metadata"]["generation"] == 1
    assert spec["progressDeadlineSeconds"] == 600
    assert spec["revisionHistoryLimit"] == 10
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    [container] = spec["template"]["spec"]["containers"]
    assert container == {
        "name": "web",
        "image": "example.com/team/web:v1",
        "resources": {},
        "imagePullPolicy": "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "readinessProbe": {
            "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"},
            "periodSeconds": 1,
            "timeoutSeconds": 1,
            "successThreshold": 1,
            "failureThreshold": 3,
        },
    }


async def test_a_dry_run_and_a_strategic_merge_by_name(lab: Lab) -> None:
    await lab.deploy("example.com/team/web:v1", replicas=0)
    change = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "example.com/team/web:v9"}]}}}}

    answer = await lab.api.patch(f"{lab.deployments}/web", change, STRATEGIC_MERGE_PATCH, dryRun="All")

    [container] = answer.body["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "example.com/team/web:v9"
    assert "readinessProbe" in container
    live = await lab.read()
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "example.com/team/web:v1"


async def test_a_paused_deployment_says_so_and_makes_no_new_replica_set(lab: Lab) -> None:
    await lab.deploy("example.com/team/web:v1", replicas=0)
    await until(lab.rolled_out, seconds=20, what="settled deployment")
    await lab.api.patch(f"{lab.deployments}/web", {"spec": {"paused": True}}, MERGE_PATCH)

    await lab.api.patch(f"{lab.deployments}/web", replace_image("example.com/team/web:v2"))

    async def seen() -> Any:
        found = await lab.read()
        return found if found["status"]["observedGeneration"] == found["metadata"]["generation"] else None

    found = await until(seen, seconds=20, what="observed generation")
    condition = progressing(found)
    assert (condition["status"], condition["reason"], condition["message"]) == (
        "Unknown",
        "DeploymentPaused",
        "Deployment is paused",
    )
    sets = (await lab.api.get(f"/apis/apps/v1/namespaces/{lab.namespace}/replicasets"))["items"]
    assert len(sets) == 1


async def test_a_list_comes_in_pages_of_one_version(lab: Lab) -> None:
    for name in ("a", "b", "c"):
        await lab.api.call("POST", _config_maps(lab), {"metadata": {"name": name, "labels": {"which": name}}})
    first = await lab.api.get(_config_maps(lab), limit="2", labelSelector="which in (a,b,c)")
    await lab.api.call("DELETE", f"{_config_maps(lab)}/c")

    second = await lab.api.get(
        _config_maps(lab), limit="2", labelSelector="which in (a,b,c)", **{"continue": first["metadata"]["continue"]}
    )

    assert [each["metadata"]["name"] for each in first["items"]] == ["a", "b"]
    assert [each["metadata"]["name"] for each in second["items"]] == ["c"]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert "continue" not in second["metadata"]
    assert "kind" not in first["items"][0]


def _config_maps(lab: Lab) -> str:
    return f"/api/v1/namespaces/{lab.namespace}/configmaps"


@pytest.mark.parametrize("spelling", ["true", "True", "1"])
async def test_a_watch_tells_what_happened_after_its_version(lab: Lab, spelling: str) -> None:
    start = (await lab.api.get(_config_maps(lab)))["metadata"]["resourceVersion"]
    await lab.api.call("POST", _config_maps(lab), {"metadata": {"name": "a"}, "data": {"x": "1"}})
    await lab.api.patch(f"{_config_maps(lab)}/a", {"data": {"x": "2"}}, MERGE_PATCH)
    await lab.api.call("DELETE", f"{_config_maps(lab)}/a")

    options = {"resourceVersion": start, "timeoutSeconds": "1", "fieldSelector": "metadata.name=a"}
    events = [event async for event in lab.api.watch(_config_maps(lab), **{**options, "watch": spelling})]

    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(set(versions))
    assert events[0]["object"]["kind"] == "ConfigMap"


async def test_an_object_that_leaves_the_selection_is_deleted_for_the_watch(lab: Lab) -> None:
    start = (await lab.api.get(_config_maps(lab)))["metadata"]["resourceVersion"]
    await lab.api.call("POST", _config_maps(lab), {"metadata": {"name": "a", "labels": {"team": "x"}}})
    await lab.api.patch(f"{_config_maps(lab)}/a", {"metadata": {"labels": {"team": "y"}}}, MERGE_PATCH)
    await lab.api.patch(f"{_config_maps(lab)}/a", {"metadata": {"labels": {"team": "x"}}}, MERGE_PATCH)

    events = [
        event["type"]
        async for event in lab.api.watch(
            _config_maps(lab), resourceVersion=start, timeoutSeconds="1", labelSelector="team=x"
        )
    ]

    assert events == ["ADDED", "DELETED", "ADDED"]


async def test_a_watch_from_nothing_begins_with_what_is_there_and_gets_bookmarks(lab: Lab) -> None:
    await lab.deploy("example.com/team/web:v1", replicas=0)
    await until(lab.rolled_out, seconds=20, what="settled deployment")

    async def watched() -> Any:
        """A bookmark before the time-out is a courtesy: a real API server now and then leaves it out."""
        events = [each async for each in lab.api.watch(lab.deployments, timeoutSeconds="4", allowWatchBookmarks="1")]
        return events if [each["type"] for each in events].count("BOOKMARK") > 1 else None

    events = await until(watched, seconds=25, what="second bookmark")

    assert [event["type"] for event in events if event["type"] != "BOOKMARK"] == ["ADDED"]
    first, *rest = [event["object"] for event in events if event["type"] == "BOOKMARK"]
    assert first["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    last = rest[-1]
    assert last["metadata"].keys() == {"resourceVersion"}
    assert (last["kind"], last["spec"]["selector"], last["spec"]["template"]["spec"]) == (
        "Deployment",
        None,
        {"containers": None},
    )


async def test_a_watch_from_a_forgotten_version_is_gone(lab: Lab) -> None:
    events = f"/api/v1/namespaces/{lab.namespace}/events"
    await lab.api.call("POST", _config_maps(lab), {"metadata": {"name": "later"}})
    await lab.forget_history()

    told = [event async for event in lab.api.watch(events, resourceVersion="1", timeoutSeconds="2")]

    assert [event["type"] for event in told] == ["ERROR"]
    status = told[0]["object"]
    assert (status["kind"], status["status"], status["reason"], status["code"]) == ("Status", "Failure", "Expired", 410)


async def test_a_version_from_the_future_times_out(lab: Lab) -> None:
    answer = await lab.api.call("GET", lab.deployments, resourceVersion="99999999")

    assert (answer.status, answer.body["reason"]) == (504, "Timeout")
    assert answer.body["details"]["causes"] == [
        {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    ]
