"""A registry of every kind: the sandbox's and a real one, open and with each way to log in."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.registry.client import OciRegistry
from bot.registry.credentials import Credentials
from sandbox.registry import SandboxRegistry
from tests.component.registry.push import IDENTITY_TOKEN, PASSWORD, USER, Pusher, basic
from tests.component.registry.real import serve_real

SECONDS_TO_BUILD = 900


def kinds(*modes: str) -> list[object]:
    """Parameters of `registry`: both servers in each mode."""
    slow = pytest.mark.timeout(SECONDS_TO_BUILD)
    return [
        pytest.param((server, mode), id=f"{server}-{mode}", marks=slow if server == "real" else ())
        for mode in modes
        for server in ("sandbox", "real")
    ]


@pytest.fixture
async def registry(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Pusher]:
    """A running registry, by the parameter (server, mode)."""
    server, mode = request.param
    if server == "real":
        async with serve_real(mode, tmp_path) as pusher:
            yield pusher
        return
    sandbox = await SandboxRegistry(mode, users={USER: PASSWORD}, identity_tokens={IDENTITY_TOKEN: USER}).start()
    token_url = f"{sandbox.url}/token" if mode == "bearer" else None
    yield Pusher(sandbox.host, None if mode == "open" else basic(), token_url, "sandbox-registry")
    await sandbox.aclose()


@pytest.fixture
async def sandbox() -> AsyncIterator[SandboxRegistry]:
    """An open sandbox registry."""
    server = await SandboxRegistry().start()
    yield server
    await server.aclose()


@pytest.fixture
async def anonymous() -> AsyncIterator[OciRegistry]:
    """Our client, without any login."""
    async with OciRegistry(credentials=Credentials()) as client:
        yield client


@pytest.fixture
def credentials_file(tmp_path: Path) -> Callable[[object], Path]:
    """Writes a file of logins."""

    def write(auths: object) -> Path:
        path = tmp_path / "config.json"
        path.write_text(json.dumps({"auths": auths}))
        return path

    return write
