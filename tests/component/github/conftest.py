"""Our App, pointed at a scripted GitHub or at the emulated one, with time in the test's hand."""

from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.domain.intent import Repository
from bot.github.adapter import GitHubApp
from bot.github.client import open_session
from sandbox.github import World
from tests.fixtures_github import GitHub, app_key, contract, github, listener  # noqa: F401 - fixtures

from .scripted import HandClock, ScriptedGitHub

REPOSITORY = Repository(id=1, full_name="acme/shop", installation_id=5)


@pytest.fixture(scope="session")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def session():
    async with open_session() as session:
        yield session


@pytest.fixture
async def scripted(clock, aiohttp_server):
    scripted = ScriptedGitHub(clock)
    server = await aiohttp_server(scripted.app())
    scripted.url = str(server.make_url("")).rstrip("/")
    return scripted


@pytest.fixture
def repository() -> Repository:
    return REPOSITORY


@pytest.fixture
def app(scripted, session, clock, private_key) -> GitHubApp:
    return GitHubApp(
        api_url=scripted.url,
        app_id=7,
        private_key=private_key,
        session=session,
        clock=clock,
        sleep=clock.sleep,
        jitter=lambda: 1.0,
    )


@dataclass(kw_only=True)
class Connected:
    """Our App against the emulated GitHub. `slept` is what it would have waited."""

    app: GitHubApp
    world: World
    repository: Repository
    slept: list[float]

    def writes(self) -> list[str]:
        return [request.operation for request in self.world.requests.writes()]


@pytest.fixture(params=["2022-11-28", "2026-03-10"])
def api_version(request) -> str:
    return request.param


@pytest.fixture
def connect(github: GitHub, session, app_key: str):  # noqa: F811
    def build(version: str = "2022-11-28") -> Connected:
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        app = GitHubApp(
            api_url=github.url,
            app_id=github.app.id,
            private_key=app_key,
            session=session,
            clock=github.world.clock,
            sleep=sleep,
            jitter=lambda: 1.0,
            api_version=version,
        )
        seen = Repository(
            id=github.repository.id,
            full_name=github.repository.full_name,
            installation_id=github.installation.id,
        )
        return Connected(app=app, world=github.world, repository=seen, slept=slept)

    return build


@pytest.fixture
def connected(connect) -> Connected:
    return connect()
