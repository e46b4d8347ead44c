"""The narrow write: what it may touch, and what it does when others write too."""

import msgspec
import pytest

from bot.cluster.patch import image_patch, write_image
from bot.cluster.workload_objects import DeploymentObject
from bot.domain.intent import Target
from bot.errors import BrokenError, RejectedError, TransientError
from tests.component.cluster.api import give, status
from tests.component.cluster.objects import IMAGE, deployment

PATH = "/apis/apps/v1/namespaces/team-a/deployments/web"
TARGET = Target(namespace="team-a", kind="deployment", name="web", container="web")
NOTES = {"greenlane.dev/intent": "7", "greenlane.dev/commit": "abc"}
TEST_FAILED = status(422, "the server rejected our request due to an error in our request")


def parsed(**changes):
    return msgspec.convert(deployment(**changes), type=DeploymentObject, strict=False)


async def write(client, time, **changes):
    wish = {"uid": "uid-web", "expected_image": "reg.example/web:v1", "image": IMAGE, "annotations": NOTES, **changes}
    return await write_image(client, time.pace, TARGET, **wish)


def test_only_image_and_our_annotations_are_written_under_tests():
    operations = image_patch(parsed(), "web", uid="uid-web", image=IMAGE, annotations=NOTES)

    assert operations == [
        {"op": "test", "path": "/metadata/uid", "value": "uid-web"},
        {"op": "test", "path": "/spec/template/spec/containers/1/name", "value": "web"},
        {"op": "test", "path": "/spec/template/spec/containers/1/image", "value": "reg.example/web:v1"},
        {"op": "replace", "path": "/spec/template/spec/containers/1/image", "value": IMAGE},
        {"op": "test", "path": "/metadata/resourceVersion", "value": "11"},
        {"op": "add", "path": "/metadata/annotations/greenlane.dev~1commit", "value": "abc"},
        {"op": "add", "path": "/metadata/annotations/greenlane.dev~1intent", "value": "7"},
    ]


def test_another_intent_that_was_here_meanwhile_makes_it_fail():
    theirs = parsed(annotations={"greenlane.dev/intent": "6"})
    operations = image_patch(theirs, "web", uid="uid-web", image=IMAGE, annotations=NOTES)

    assert {"op": "test", "path": "/metadata/annotations/greenlane.dev~1intent", "value": "6"} in operations


async def test_a_worker_that_was_overtaken_does_not_write_even_over_the_image_it_read(client, api, time):
    api.on("GET", PATH, give(deployment(annotations={"greenlane.dev/intent": "8"})))

    with pytest.raises(TransientError, match="another deploy"):
        await write(client, time, expected_intent="6")

    assert api.count("PATCH") == 0


def test_missing_annotations_are_added_whole_only_at_the_version_that_was_read():
    operations = image_patch(parsed(annotations=None), "web", uid="uid-web", image=IMAGE, annotations=NOTES)

    assert operations[4:] == [
        {"op": "test", "path": "/metadata/resourceVersion", "value": "11"},
        {"op": "add", "path": "/metadata/annotations", "value": NOTES},
    ]


def test_keys_are_escaped_as_pointers():
    operations = image_patch(parsed(), "web", uid="uid-web", image=IMAGE, annotations={"greenlane.dev/a~b": "1"})

    assert operations[-1]["path"] == "/metadata/annotations/greenlane.dev~1a~0b"


def test_other_peoples_annotations_are_never_written():
    with pytest.raises(BrokenError, match="kubectl"):
        image_patch(parsed(), "web", uid="uid-web", image=IMAGE, annotations={"kubectl.kubernetes.io/x": "1"})


def test_a_missing_container_is_named_with_those_that_exist():
    with pytest.raises(RejectedError) as caught:
        image_patch(parsed(), "wep", uid="uid-web", image=IMAGE, annotations=NOTES)

    assert caught.value.reason == "container_not_found"
    assert caught.value.sentence == "`web` has no container `wep`; it has `sidecar`, `web`."


async def test_it_is_a_json_patch_in_our_name(client, api, time):
    api.on("GET", PATH, give(deployment()))
    api.on("PATCH", PATH, give(deployment(image=IMAGE, generation=4)))

    written = await write(client, time)

    asked = api.asked[-1]
    assert asked.headers["Content-Type"] == "application/json-patch+json"
    assert asked.query == {"fieldManager": "greenlane"}
    assert asked.body[3]["value"] == IMAGE
    assert (written.changed, written.workload.metadata.generation) == (True, 4)


async def test_a_repeated_patch_changed_nothing(client, api, time):
    api.on("GET", PATH, give(deployment(image=IMAGE)))
    api.on("PATCH", PATH, give(deployment(image=IMAGE)))

    assert (await write(client, time)).changed is False


async def test_an_overtaken_worker_does_not_write(client, api, time):
    api.on("GET", PATH, give(deployment(image="reg.example/web:newer")))

    with pytest.raises(TransientError, match="changed since it was read"):
        await write(client, time)

    assert api.count("PATCH") == 0


async def test_a_newer_image_that_comes_in_between_stays(client, api, time):
    api.on("GET", PATH, give(deployment()), give(deployment(image="reg.example/web:newer")))
    api.on("PATCH", PATH, TEST_FAILED)

    with pytest.raises(TransientError, match="changed since it was read"):
        await write(client, time)

    assert api.count("PATCH") == 1


async def test_a_recreated_workload_is_refused_unpatched(client, api, time):
    api.on("GET", PATH, give(deployment(uid="uid-other")))

    with pytest.raises(RejectedError) as caught:
        await write(client, time)

    assert caught.value.reason == "workload_recreated"
    assert api.count("PATCH") == 0


@pytest.mark.parametrize("answer", [status(409, "conflict"), TEST_FAILED], ids=["409", "test failed"])
async def test_a_lost_race_is_read_again_and_repeated(client, api, time, answer):
    moved = deployment()
    moved["spec"]["template"]["spec"]["containers"].reverse()
    api.on("GET", PATH, give(deployment()), give(moved))
    api.on("PATCH", PATH, answer, give(deployment(image=IMAGE)))

    written = await write(client, time)

    assert written.changed
    places = [each.body[3]["path"] for each in api.asked if each.method == "PATCH"]
    assert places == ["/spec/template/spec/containers/1/image", "/spec/template/spec/containers/0/image"]


async def test_a_race_lost_for_ever_ends(client, api, time):
    api.on("GET", PATH, give(deployment()))
    api.on("PATCH", PATH, status(409, "conflict"))

    with pytest.raises(TransientError, match="others keep changing"):
        await write(client, time)

    assert api.count("PATCH") == 4


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (status(422, 'Deployment.apps "web" is invalid: spec.x: Required value'), "cluster_refused"),
        (status(422, "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no tag"), "admission_denied"),
        (status(403, 'admission webhook "w" denied the request: `@all` no'), "admission_denied"),
        (status(403, 'User "bot" cannot patch resource "deployments"'), "cluster_forbidden"),
    ],
)
async def test_a_refused_patch_is_told_once(client, api, time, answer, reason):
    api.on("GET", PATH, give(deployment()))
    api.on("PATCH", PATH, answer)

    with pytest.raises(RejectedError) as caught:
        await write(client, time)

    assert caught.value.reason == reason
    assert api.count("PATCH") == 1


async def test_a_rules_text_stays_inside_a_code_span(client, api, time):
    api.on("GET", PATH, give(deployment()))
    api.on("PATCH", PATH, status(403, "admission webhook denied the request: `@all\nno"))

    with pytest.raises(RejectedError) as caught:
        await write(client, time)

    assert caught.value.sentence.endswith("`admission webhook denied the request: '@all no`.")


async def test_an_unavailable_server_is_transient(client, api, time):
    api.on("GET", PATH, give(deployment()))
    api.on("PATCH", PATH, status(503, "starting"))

    with pytest.raises(TransientError):
        await write(client, time)
