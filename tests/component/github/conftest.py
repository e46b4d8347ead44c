"""Our App, pointed at a scripted GitHub or at the emulated one, with time in the test's hand."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.domain.intent import Repository
from bot.github.adapter import GitHubApp
from bot.github.client import open_session

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
    github = ScriptedGitHub(clock)
    server = await aiohttp_server(github.app())
    github.url = str(server.make_url("")).rstrip("/")
    return github


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
