"""Who is told what: tokens are kept and renewed, and a login goes nowhere but to its registry."""

import pytest

from bot.errors import BrokenError, RejectedError, TransientError
from bot.registry.client import OciRegistry
from bot.registry.credentials import Credentials
from sandbox.registry import Fault, SandboxRegistry
from tests.component.registry.push import PASSWORD, USER


@pytest.fixture
async def serve():
    """Starts sandbox registries, each with one image `app:v1`."""
    running = []

    async def start(*args, **wishes) -> SandboxRegistry:
        registry = await SandboxRegistry(*args, users={USER: PASSWORD}, **wishes).start()
        running.append(registry)
        registry.push("app", "v1", version="1", platforms=["linux/amd64", "linux/arm64"])
        return registry

    yield start
    for registry in running:
        await registry.aclose()


@pytest.fixture
async def client_for(credentials_file):
    """A client with the right login for a registry (and other logins beside it)."""
    clients = []

    def make(registry, *, password=PASSWORD, **wishes) -> OciRegistry:
        path = credentials_file({registry.host: {"username": USER, "password": password}})
        clients.append(OciRegistry(credentials=Credentials(path), **wishes))
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()


def logins(registry: SandboxRegistry) -> list[tuple[str, str]]:
    """(first part of the path, scheme) of every request."""
    return [(each.path.split("/")[1], each.login) for each in registry.requests]


async def test_a_login_is_sent_only_after_the_registry_asked_for_it(serve, client_for):
    registry = await serve("basic")

    await client_for(registry).resolve(repository=f"{registry.host}/app", tag="v1")

    assert logins(registry)[0] == ("v2", "")
    assert {scheme for _, scheme in logins(registry)[1:]} == {"Basic"}


async def test_an_open_registry_never_sees_the_login(serve, client_for):
    registry = await serve("open")

    await client_for(registry).resolve(repository=f"{registry.host}/app", tag="v1")

    assert {scheme for _, scheme in logins(registry)} == {""}


async def test_one_token_serves_until_it_expires(serve, client_for):
    registry = await serve("bearer", token_life=300)
    now = [1000.0]
    client = client_for(registry, clock=lambda: now[0])

    for _ in range(2):
        await client.resolve(repository=f"{registry.host}/app", tag="v1")
    before = logins(registry).count(("token", "Basic"))
    now[0] += 299
    await client.resolve(repository=f"{registry.host}/app", tag="v1")

    assert (before, logins(registry).count(("token", "Basic"))) == (1, 2)


async def test_a_token_that_is_refused_early_is_replaced(serve, client_for):
    registry = await serve("bearer")
    client = client_for(registry)
    await client.resolve(repository=f"{registry.host}/app", tag="v1")

    registry.gate.revoke_tokens()
    await client.resolve(repository=f"{registry.host}/app", tag="v1")

    assert logins(registry).count(("token", "Basic")) == 2


async def test_a_public_image_is_read_with_an_anonymous_token(serve, anonymous):
    registry = await serve("bearer", anonymous_pull=True)

    found = await anonymous.resolve(repository=f"{registry.host}/app", tag="v1")

    assert found.digest == registry.images()[0].digest
    assert ("token", "") in logins(registry)


@pytest.mark.parametrize("mode", ["basic", "bearer"])
async def test_a_name_the_login_may_not_read_is_forbidden(serve, client_for, mode):
    registry = await serve(mode)
    registry.gate.denied.add("app")

    with pytest.raises(RejectedError) as refused:
        await client_for(registry).resolve(repository=f"{registry.host}/app", tag="v1")

    assert refused.value.reason == "image_forbidden"
    assert "Give that login the right to pull" in refused.value.hint


@pytest.mark.parametrize("mode", ["basic", "bearer"])
async def test_a_rotated_password_is_used_at_once(serve, client_for, credentials_file, mode):
    registry = await serve(mode)
    client = client_for(registry)
    await client.resolve(repository=f"{registry.host}/app", tag="v1")

    registry.gate.change_password(USER, "a-much-newer-one")
    registry.gate.revoke_tokens()
    with pytest.raises(RejectedError):
        await client.resolve(repository=f"{registry.host}/app", tag="v1")
    credentials_file({registry.host: {"username": USER, "password": "a-much-newer-one"}})

    assert (await client.resolve(repository=f"{registry.host}/app", tag="v1")).tag == "v1"


async def test_a_foreign_token_service_hears_nothing(serve, client_for):
    # `localhost` is this machine too, but not the registry's own host.
    thief = await serve("bearer")
    realm = f"{thief.url.replace('127.0.0.1', 'localhost')}/token"
    registry = await serve("bearer", realm=realm)

    with pytest.raises(RejectedError) as refused:
        await client_for(registry).resolve(repository=f"{registry.host}/app", tag="v1")

    assert list(thief.requests) == []
    assert "`http://localhost`" in refused.value.sentence
    assert "nothing was sent" in refused.value.sentence
    assert PASSWORD not in str(refused.value)


async def test_a_foreign_token_service_can_be_allowed(serve, client_for):
    service = await serve("bearer")
    registry = await serve("bearer", realm=f"{service.url.replace('127.0.0.1', 'localhost')}/token")
    client = client_for(registry, realms={"127.0.0.1": {"localhost"}})

    with pytest.raises(RejectedError) as refused:
        await client.resolve(repository=f"{registry.host}/app", tag="v1")

    # Its tokens are not this registry's, but it was asked.
    assert ("token", "Basic") in logins(service)
    assert "401" in refused.value.sentence


@pytest.mark.parametrize(
    "realm", ["not an address", "ftp://127.0.0.1/token", "http://u:p@127.0.0.1/token", "http://[", "/token"]
)
async def test_a_realm_that_is_no_safe_address_is_refused(serve, client_for, realm):
    registry = await serve("bearer", realm=realm)

    with pytest.raises(RejectedError) as refused:
        await client_for(registry).resolve(repository=f"{registry.host}/app", tag="v1")

    assert refused.value.reason == "image_forbidden"
    assert "u:p" not in str(refused.value)


async def test_a_refusal_that_does_not_say_how_to_log_in_is_final(serve, client_for):
    registry = await serve("open")
    registry.fail(Fault(status=401))

    with pytest.raises(RejectedError, match="401 UNKNOWN, asked without a login"):
        await client_for(registry).resolve(repository=f"{registry.host}/app", tag="v1")

    assert len(registry.requests) == 1


async def test_a_blob_elsewhere_is_fetched_without_the_login(serve, client_for):
    # The blob store answers 400 to an Authorization header, as S3 does.
    registry = await serve("basic", redirect_blobs=True)

    found = await client_for(registry).resolve(repository=f"{registry.host}/app", tag="v1")

    assert len(found.platforms) == 2
    assert [each for each in registry.requests if "/blobs/" in each.path]


async def test_a_login_does_not_travel_without_tls(serve, client_for, monkeypatch):
    # Nothing but loopback can be reached here, so loopback is declared to be far away.
    monkeypatch.setattr("bot.registry.transport.is_loopback", lambda _: False)
    registry = await serve("basic")
    client = client_for(registry, plain_http={registry.host})

    with pytest.raises(RejectedError) as refused:
        await client.resolve(repository=f"{registry.host}/app", tag="v1")

    assert "without TLS" in refused.value.sentence
    assert {scheme for _, scheme in logins(registry)} == {""}


async def test_a_far_registry_is_spoken_to_with_tls_unless_allowed(serve, anonymous, monkeypatch):
    monkeypatch.setattr("bot.registry.transport.is_loopback", lambda _: False)
    registry = await serve("open")

    with pytest.raises(TransientError, match="TLS"):
        await anonymous.resolve(repository=f"{registry.host}/app", tag="v1")
    async with OciRegistry(credentials=Credentials(), plain_http={registry.host}) as client:
        assert (await client.resolve(repository=f"{registry.host}/app", tag="v1")).tag == "v1"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=503, retry_after="7"), TransientError),
        (Fault(status=429), TransientError),
        (Fault(status=403), RejectedError),
        (Fault(status=302), BrokenError),
        (Fault(status=418), BrokenError),
        (Fault(status=200), BrokenError),
        (Fault(status=200, html=True), BrokenError),
    ],
)
async def test_trouble_at_the_token_service_is_told_apart(serve, client_for, fault, error):
    registry = await serve("bearer")
    registry.fail(Fault(status=fault.status, retry_after=fault.retry_after, html=fault.html, path="^/token"))

    with pytest.raises(error) as raised:
        await client_for(registry).resolve(repository=f"{registry.host}/app", tag="v1")

    assert type(raised.value) is error
    assert PASSWORD not in str(raised.value)
