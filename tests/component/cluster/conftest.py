"""The scripted API server, and ways to talk to it without waiting."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from bot.cluster.client import Client
from bot.cluster.connection import connect
from bot.cluster.pace import Pace
from bot.cluster.watches import Watches
from tests.component.cluster.api import ScriptedApi
from tests.component.cluster.team_a import fill, fill_other_kinds

T0 = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass
class Time:
    """A clock that only moves by sleeping or by hand; every sleep is recorded."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)

    @property
    def pace(self) -> Pace:
        return Pace(
            sleep=self.sleep,
            chance=lambda: 0.5,
            clock=lambda: self.seconds,
            now=lambda: T0 + timedelta(seconds=self.seconds),
        )


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def api():
    return ScriptedApi()


def write_kubeconfig(path, url, user=None, cluster=None):
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "bot"}}],
        "clusters": [{"name": "test", "cluster": {"server": url, **(cluster or {})}}],
        "users": [{"name": "bot", "user": {"token": "t0ken"} if user is None else user}],
    }
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture
async def kubeconfig(api, aiohttp_server, tmp_path):
    server = await aiohttp_server(api.app(), shutdown_timeout=0.1)
    return write_kubeconfig(tmp_path / "kubeconfig", str(server.make_url("")).rstrip("/"))


@pytest.fixture
async def client(kubeconfig):
    connection = await connect(kubeconfig)
    yield Client(connection.api)
    await connection.aclose()


@pytest.fixture
async def watches(client, time):
    found = Watches(client, time.pace)
    yield found
    await found.aclose()


@pytest.fixture
def namespace(api):
    fill(api)


@pytest.fixture
def other_kinds(api, namespace):
    fill_other_kinds(api)


async def until(condition, *, seconds=5.0):
    """Wait until the condition holds, or fail."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
