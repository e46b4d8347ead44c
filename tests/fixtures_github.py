"""The emulated GitHub as fixtures: a started server, one App, one organisation, one repository.

`contract` fails the test at its end when anything on the wire broke GitHub's description.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sandbox.github import World, create_app
from sandbox.github.model import App, Installation, Repository
from tests.contract.validator import ContractValidator

PERMISSIONS = {
    "actions": "read",
    "checks": "write",
    "contents": "read",
    "deployments": "write",
    "issues": "write",
    "members": "read",
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "read",
}
EVENTS = (
    "pull_request",
    "push",
    "check_run",
    "check_suite",
    "status",
    "issue_comment",
    "deployment_status",
    "workflow_run",
)
WEBHOOK_SECRET = "It's a Secret to Everybody"


@dataclass(kw_only=True)
class Heard:
    """One webhook as the bot's side received it."""

    headers: dict[str, str]
    body: bytes
    payload: Any

    @property
    def event(self) -> str:
        action = self.payload.get("action")
        return self.headers["X-GitHub-Event"] + (f".{action}" if action else "")


@dataclass(kw_only=True)
class Listener:
    """A stand-in for the bot: notes every webhook and answers `status`."""

    url: str = ""
    status: int = 202
    heard: list[Heard] = field(default_factory=list)

    @property
    def events(self) -> list[str]:
        return [one.event for one in self.heard]

    def last(self, event: str) -> Any:
        return next(one.payload for one in reversed(self.heard) if one.event == event)


@dataclass(kw_only=True)
class GitHub:
    """A running emulator: `world` to act on, `url` to call, `app` installed on `repository` of `acme`."""

    world: World
    url: str
    app: App
    installation: Installation
    repository: Repository
    contract: ContractValidator
    session: aiohttp.ClientSession

    def jwt(self, **claims: Any) -> str:
        now = int(self.world.clock().timestamp())
        payload = {"iat": now - 60, "exp": now + 540, "iss": str(self.app.id)} | claims
        return jwt.encode(payload, self.app.private_key_pem, algorithm="RS256")

    def token(self, **chosen: Any) -> str:
        """An installation token without the detour over HTTP; `permissions` and `repositories` narrow it."""
        return self.world.mint_token(
            self.installation,
            repositories=chosen.get("repositories"),
            permissions=chosen.get("permissions"),
        ).value

    async def call(
        self, method: str, path: str, *, token: str | None = None, body: Any = None, **headers: str
    ) -> "Answered":
        """One request as the installation (or with `token`). Header names are written with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        bearer = token or self.token()
        async with self.session.request(
            method,
            path if path.startswith("http") else self.url + path,
            json=body,
            headers={"Authorization": f"Bearer {bearer}"} | sent,
            allow_redirects=False,
        ) as answer:
            raw = await answer.read()
            json = await answer.json() if raw and "json" in answer.content_type else None
            return Answered(status=answer.status, headers=answer.headers, body=json, raw=raw)


@dataclass(kw_only=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: Any
    raw: bytes


@pytest.fixture
def contract() -> Iterator[ContractValidator]:
    """The checker; the test fails at its end when something was violated."""
    validator = ContractValidator()
    yield validator
    assert not validator.violations, "\n".join(validator.violations)


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    heard = Listener()

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        heard.heard.append(Heard(headers=dict(request.headers), body=body, payload=await request.json()))
        return web.Response(status=heard.status)

    app = web.Application()
    app.router.add_post("/webhook", take)
    server = TestServer(app)
    await server.start_server()
    heard.url = str(server.make_url("/webhook"))
    yield heard
    await server.close()


@pytest.fixture(scope="session")
def app_key() -> str:
    """One key pair for the whole run: making one takes longer than most tests."""
    world = World()
    return world.add_app("key maker").private_key_pem


@pytest.fixture
async def github(contract: ContractValidator, listener: Listener, app_key: str) -> AsyncIterator[GitHub]:
    """`acme/checkout` with people: alice (write), bob (read), team `payments` with alice."""
    world = World()
    org = world.add_org("acme")
    world.add_user("alice")
    world.add_user("bob")
    world.add_team(org, "payments", ["alice"])
    repository = world.add_repository("acme/checkout")
    world.grant(repository, "alice", "write")
    world.add_member(org, "bob")
    server = TestServer(create_app(world, validator=contract))
    await server.start_server()
    url = str(server.make_url("")).rstrip("/")
    world.urls.serve_at(api=url, web=url)
    app = world.add_app(
        "Greenlane",
        private_key_pem=app_key,
        webhook_url=listener.url,
        webhook_secret=WEBHOOK_SECRET,
        permissions=PERMISSIONS,
        events=EVENTS,
    )
    installation = world.install(app, org)
    await world.quiet()
    listener.heard.clear()
    async with aiohttp.ClientSession() as session:
        yield GitHub(
            world=world,
            url=url,
            app=app,
            installation=installation,
            repository=repository,
            contract=contract,
            session=session,
        )
    await server.close()
