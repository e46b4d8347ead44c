"""Credentials: taken only from where they are meant to come from, never silently narrowed or widened, and kept fresh."""

import json
import stat
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from kubernetes_asyncio.config import incluster_config

from bot.cluster import connection as connection_module
from bot.cluster.client import Client
from bot.cluster.connection import connect
from bot.cluster.request import DEPLOYMENTS, PODS, Request
from bot.cluster.workload_objects import DeploymentObject
from bot.errors import SettingsError
from tests.component.cluster.api import event, give, stream
from tests.component.cluster.conftest import T0, until, write_kubeconfig
from tests.component.cluster.objects import deployment, pod

WEB = "/apis/apps/v1/namespaces/team-a/deployments/web"
PODS_PATH = "/api/v1/namespaces/team-a/pods"
GET = Request(verb="get", resource=DEPLOYMENTS, namespace="team-a", name="web")


@pytest.fixture(autouse=True)
def outside_a_pod(monkeypatch):
    for name in ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def url(api, aiohttp_server):
    api.on("GET", WEB, give(deployment()))
    server = await aiohttp_server(api.app(), shutdown_timeout=0.1)
    return str(server.make_url("")).rstrip("/")


async def ask(kubeconfig, **options):
    connection = await connect(kubeconfig, **options)
    try:
        await Client(connection.api).get(GET, DeploymentObject)
    finally:
        await connection.aclose()


async def test_without_any_credentials_it_says_what_is_missing():
    with pytest.raises(SettingsError, match="KUBECONFIG"):
        await connect(None)


async def test_the_variable_names_the_file_when_not_in_a_pod(url, api, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(write_kubeconfig(tmp_path / "k", url)))

    await ask(None)

    assert api.asked[0].headers["Authorization"] == "Bearer t0ken"


@pytest.mark.parametrize("key", ["as", "as-groups", "as-uid", "as-user-extra"])
async def test_impersonation_that_would_be_ignored_is_refused(tmp_path, key):
    path = write_kubeconfig(tmp_path / "k", "http://127.0.0.1:1", user={"token": "t0ken", key: ["someone"]})

    with pytest.raises(SettingsError, match="impersonation"):
        await connect(path)


async def test_a_login_that_could_not_be_renewed_is_refused(tmp_path):
    path = write_kubeconfig(tmp_path / "k", "http://127.0.0.1:1", user={"auth-provider": {"name": "oidc"}})

    with pytest.raises(SettingsError, match="auth-provider"):
        await connect(path)


@pytest.mark.parametrize("text", ["", "[]", "a: [", "current-context: x", "token: s3cret"])
async def test_a_broken_file_is_told_without_its_content(tmp_path, text):
    path = tmp_path / "k"
    path.write_text(text)

    with pytest.raises(SettingsError) as caught:
        await connect(path)

    assert str(path) in str(caught.value)
    assert "s3cret" not in str(caught.value)


async def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(SettingsError, match="no such file"):
        await connect(tmp_path / "nowhere")


async def test_proxies_of_the_environment_are_for_other_traffic(url, api, tmp_path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    await ask(write_kubeconfig(tmp_path / "k", url))

    assert len(api.asked) == 1


@pytest.mark.parametrize("use_proxies", [False, True])
async def test_a_watch_line_may_be_as_long_as_the_largest_object(url, api, tmp_path, use_proxies):
    long = event("ADDED", {**pod("a"), "note": "x" * 2_000_000})
    api.on("WATCH", PODS_PATH, stream(long))
    connection = await connect(write_kubeconfig(tmp_path / "k", url), use_proxies=use_proxies)
    watch = Request(verb="watch", resource=PODS, namespace="team-a")
    query = (("watch", "true"),)

    lines = [each async for each in Client(connection.api).lines(watch, query=query, seconds=5, silence=5)]
    await connection.aclose()

    assert [json.loads(line) for line in lines] == [long]


@pytest.mark.parametrize("use_proxies", [False, True])
async def test_our_session_reads_proxies_only_when_asked_to(url, tmp_path, use_proxies):
    connection = await connect(write_kubeconfig(tmp_path / "k", url), use_proxies=use_proxies)
    trusts = connection.api.rest_client.pool_manager.trust_env
    await connection.aclose()

    assert trusts is use_proxies


async def test_an_exec_plugin_is_run_again_before_its_token_ends(url, api, tmp_path, monkeypatch):
    monkeypatch.setattr(connection_module, "_REFRESH", 0.01)
    plugin = tmp_path / "plugin"
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    expiry = "2020-01-01T00:00:00Z"
    body = json.dumps({**answer, "status": {"token": "COUNT", "expirationTimestamp": expiry}})
    plugin.write_text(
        f"#!/bin/sh\necho x >> {tmp_path}/runs\necho '{body}' | sed s/COUNT/$(wc -l < {tmp_path}/runs)/\n"
    )
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    user = {"exec": {"apiVersion": answer["apiVersion"], "command": str(plugin), "interactiveMode": "Never"}}

    connection = await connect(write_kubeconfig(tmp_path / "k", url, user=user))
    await until(lambda: connection.api.configuration.api_key["BearerToken"] == "Bearer 3")
    await connection.aclose()

    assert connection.refresh is not None
    assert connection.refresh.done()


async def test_a_plugin_that_fails_once_is_tried_again(url, tmp_path, monkeypatch):
    monkeypatch.setattr(connection_module, "_REFRESH", 0.01)
    token = tmp_path / "token"
    token.write_text("one")
    connection = await connect(write_kubeconfig(tmp_path / "k", url, user={"tokenFile": str(token)}))
    tokens = connection.api.configuration.api_key

    token.unlink()
    await until(lambda: tokens["BearerToken"] == "Bearer one")
    token.write_text("two")

    await until(lambda: tokens["BearerToken"] == "Bearer two")
    await connection.aclose()


def certificate():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, T0, T0 + timedelta(days=1))
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


async def test_in_a_pod_its_own_account_is_used_before_any_file(tmp_path, monkeypatch):
    (tmp_path / "token").write_text("pod")
    (tmp_path / "ca.crt").write_bytes(certificate())
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    monkeypatch.setattr(incluster_config, "TOKEN_REFRESH_PERIOD", timedelta(0))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setenv("KUBECONFIG", str(write_kubeconfig(tmp_path / "k", "http://127.0.0.1:1")))

    connection = await connect(None)
    configuration = connection.api.configuration
    first = (await configuration.auth_settings())["BearerToken"]["value"]
    (tmp_path / "token").write_text("rotated")
    second = (await configuration.auth_settings())["BearerToken"]["value"]
    await connection.aclose()

    assert configuration.host == "https://10.0.0.1:443"
    assert (first, second) == ("Bearer pod", "Bearer rotated")


async def test_watches_cannot_use_up_the_connections(url, tmp_path):
    connection = await connect(write_kubeconfig(tmp_path / "k", url))

    assert connection.api.rest_client.pool_manager.connector.limit == 0
    await connection.aclose()
