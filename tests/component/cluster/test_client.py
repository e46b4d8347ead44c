"""Every answer of the API server has one meaning, and every call an end."""

from datetime import timedelta

import aiohttp
import pytest

from bot import __version__
from bot.cluster.answers import ConflictError, ForbiddenError, GoneError, MissingError, RefusedError
from bot.cluster.client import Client
from bot.cluster.connection import connect
from bot.cluster.objects import PodObject
from bot.cluster.request import DEPLOYMENTS, NODES, PODS, Request
from bot.cluster.workload_objects import DeploymentObject
from bot.errors import BrokenError, TransientError
from tests.component.cluster.api import give, items, page, silence, status
from tests.component.cluster.conftest import write_kubeconfig
from tests.component.cluster.objects import deployment, pod

WEB = "/apis/apps/v1/namespaces/team-a/deployments/web"
GET = Request(verb="get", resource=DEPLOYMENTS, namespace="team-a", name="web")
PODS_PATH = "/api/v1/namespaces/team-a/pods"
LIST = Request(verb="list", resource=PODS, namespace="team-a")
RBAC = 'deployments.apps "web" is forbidden: User "bot" cannot get resource "deployments" in API group "apps"'


@pytest.mark.parametrize(
    ("code", "message", "error", "reason"),
    [
        (401, "Unauthorized", ForbiddenError, "cluster_forbidden"),
        (403, RBAC, ForbiddenError, "cluster_forbidden"),
        (403, 'admission webhook "x" denied the request: no', RefusedError, "admission_denied"),
        (400, "ValidatingAdmissionPolicy 'p' denied request: tag", RefusedError, "admission_denied"),
        (404, "not found", MissingError, "not_found"),
        (422, 'Deployment.apps "web" is invalid: spec', RefusedError, "cluster_refused"),
    ],
)
async def test_a_no_is_told_with_its_reason(client, api, code, message, error, reason):
    api.on("GET", WEB, status(code, message))

    with pytest.raises(error) as caught:
        await client.get(GET, DeploymentObject)

    assert caught.value.reason == reason


@pytest.mark.parametrize("code", [400, 403, 422], ids=["policy", "webhook", "validation"])
async def test_what_a_rule_quotes_of_a_pod_is_told_without_its_secrets(client, api, code):
    image = f"registry.example/web:1@sha256:{'a1' * 32}"
    quoted = f'{{"image":"{image}","env":[{{"name":"DB_PASSWORD","value":"hunter2"}}],"url":"db://a:hunter3@db/x"}}'
    api.on("GET", WEB, status(code, f'admission webhook "x" denied the request: {quoted}'))

    with pytest.raises(RefusedError) as caught:
        await client.get(GET, DeploymentObject)

    assert "hunter" not in f"{caught.value.sentence} {caught.value.message}"
    assert image in caught.value.sentence


async def test_a_missing_right_is_named_with_verb_resource_and_namespace(client, api):
    api.on("GET", WEB, status(403, RBAC))

    with pytest.raises(ForbiddenError) as caught:
        await client.get(GET, DeploymentObject)

    assert (
        caught.value.sentence == "The cluster does not allow Greenlane to get deployments.apps in namespace `team-a`."
    )
    assert caught.value.hint == "Grant the verb `get` on `deployments.apps` to the bot's account in namespace `team-a`."


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (status(409, "conflict"), ConflictError),
        (status(410, "too old"), GoneError),
        (status(429, "slow down"), TransientError),
        (status(500, "oops"), TransientError),
        (page(502), TransientError),
        (page(200), TransientError),
        (give(["not", "an", "object"]), TransientError),
    ],
)
async def test_what_says_nothing_about_the_workload_is_transient(client, api, answer, error):
    api.on("GET", WEB, answer)

    with pytest.raises(error):
        await client.get(GET, DeploymentObject)


async def test_retry_after_is_kept(client, api):
    api.on("GET", WEB, status(429, "slow down", Retry_After="7"))

    with pytest.raises(TransientError) as caught:
        await client.get(GET, DeploymentObject)

    assert caught.value.retry_after == timedelta(seconds=7)


async def test_an_unreachable_server_is_transient(tmp_path, unused_tcp_port):
    connection = await connect(write_kubeconfig(tmp_path / "k", f"http://127.0.0.1:{unused_tcp_port}"))

    with pytest.raises(TransientError, match="can't be reached"):
        await Client(connection.api).get(GET, DeploymentObject)

    await connection.aclose()


async def test_a_silent_server_does_not_hold_a_call(kubeconfig, api):
    api.on("GET", WEB, silence())
    connection = await connect(kubeconfig)
    hasty = Client(connection.api, limit=aiohttp.ClientTimeout(total=0.05))

    with pytest.raises(TransientError, match="did not answer in time"):
        await hasty.get(GET, DeploymentObject)

    await connection.aclose()


async def test_calls_carry_the_token_and_our_name(client, api):
    api.on("GET", WEB, give(deployment()))

    await client.get(GET, DeploymentObject)

    headers = api.asked[0].headers
    assert headers["Authorization"] == "Bearer t0ken"
    assert headers["User-Agent"] == f"greenlane/{__version__}"


async def test_all_pages_are_read(client, api):
    api.on("GET", PODS_PATH, items(pod("a"), next_page="more"), items(pod("b"), version="99"))

    version, found = await client.list_all(LIST, PodObject)

    assert (version, [each.metadata.name for each in found]) == ("99", ["a", "b"])
    assert [each.query.get("continue") for each in api.asked] == [None, "more"]


async def test_an_empty_list_may_be_null(client, api):
    api.on("GET", PODS_PATH, give({"metadata": {"resourceVersion": "1"}, "items": None}))

    assert await client.list_all(LIST, PodObject) == ("1", [])


def test_a_name_cannot_leave_its_place_in_the_path():
    sly = Request(verb="get", resource=PODS, namespace="../../kube-system", name="a/../../secrets?x")

    assert sly.path == "/api/v1/namespaces/..%2F..%2Fkube-system/pods/a%2F..%2F..%2Fsecrets%3Fx"


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_made_of_dots_is_refused(name):
    with pytest.raises(BrokenError):
        _ = Request(verb="get", resource=PODS, namespace="a", name=name).path


def test_cluster_wide_requests_say_so():
    assert str(Request(verb="list", resource=NODES, namespace=None)) == "list nodes in the whole cluster"


async def test_quoted_names_reach_the_server_quoted(client, api):
    with pytest.raises(MissingError):
        await client.get(Request(verb="get", resource=PODS, namespace="a", name="b/c"), PodObject)

    assert api.asked[0].path == "/api/v1/namespaces/a/pods/b%2Fc"


async def test_what_is_kept_of_a_long_list_is_bounded_page_by_page(client, api):
    api.on("GET", PODS_PATH, items(pod("a"), pod("b"), next_page="2"), items(pod("c"), version="12"))
    lengths = []

    def keep(found):
        lengths.append(len(found))
        return found[-1:]

    version, found = await client.list_all(LIST, PodObject, keep=keep)

    assert (version, [each.metadata.name for each in found]) == ("12", ["c"])
    assert lengths == [2, 2]
