"""What comes to the door of a running bot that should not be let in, and what keeps a bot from starting."""

import hashlib
import hmac
import json

import aiohttp
import pytest
import pytest_asyncio

from tests.conftest import _fresh_postgres
from tests.e2e.runner import greenlane
from tests.e2e.scenery import SECRET, app, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAYLOAD = json.dumps({"zen": "Keep it logically awesome."}).encode()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory, app_key):
    async with open_stage(tmp_path_factory.mktemp("door"), app("shop"), key=app_key) as opened:
        yield opened


def _sha256(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _sha1(body: bytes) -> str:
    return "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()


@pytest.mark.parametrize(
    ("body", "signatures", "event", "status"),
    [
        (PAYLOAD, {}, "ping", 401),
        (PAYLOAD, {"X-Hub-Signature-256": _sha256(PAYLOAD, "another secret")}, "ping", 401),
        (PAYLOAD, {"X-Hub-Signature-256": _sha256(b"another body")}, "ping", 401),
        (PAYLOAD, {"X-Hub-Signature": _sha1(PAYLOAD)}, "ping", 401),
        (PAYLOAD, {"X-Hub-Signature-256": _sha1(PAYLOAD)}, "ping", 401),
        (PAYLOAD, {"X-Hub-Signature-256": "sha256=ünïcode"}, "ping", 401),
        (PAYLOAD[:-9], {"X-Hub-Signature-256": _sha256(PAYLOAD[:-9])}, "pull_request", 400),
        (PAYLOAD, {"X-Hub-Signature-256": _sha256(PAYLOAD)}, "never_heard_of", 202),
        (PAYLOAD, {"X-Hub-Signature-256": _sha256(PAYLOAD)}, "ping", 202),
    ],
    ids=["unsigned", "secret", "body", "sha1", "sha1-as-256", "non-ascii", "truncated", "unknown", "ping"],
)
async def test_only_what_github_signed_gets_in(stage, body, signatures, event, status):
    headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": event.replace("_", "-"), "X-GitHub-Hook-ID": "1"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{stage.bot.address}/webhook", data=body, headers=headers | signatures) as answer,
    ):
        assert answer.status == status
    if status == 401:
        assert stage.bot.log("delivery_refused")[-1]["outcome"] == "bad_signature"


async def test_bot_is_ready_soon(stage):
    """Most of it is imports; the limit is generous because machines that run tests are busy."""
    assert max(stage.bot.starts) < 15


async def test_bot_that_is_told_to_stop_is_gone_in_five_seconds(stage):
    assert await stage.bot.stop() < 5

    assert stage.bot.log("stopped")
    await stage.bot.start()


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"GREENLANE_WEBHOOK_SECRET": ""}, 2, "GREENLANE_WEBHOOK_SECRET is set but empty"),
        ({"GREENLANE_WEBHOOK_SECRET": "one,,two"}, 2, "has an empty secret in it"),
        ({"GREENLANE_GITHUB_APP_ID": "Iv1.0123"}, 2, "looks like a client ID"),
        ({"GREENLANE_CATALOG": "BROKEN"}, 1, "broken.yaml:3:"),
        ({"KUBECONFIG": "/nowhere/kubeconfig"}, 2, "can't be read"),
    ],
    ids=["empty-secret", "half-empty-secret", "client-id", "catalog", "kubeconfig"],
)
async def test_bot_that_could_not_work_does_not_start(stage, tmp_path, changes, code, says):
    broken = tmp_path / "broken.yaml"
    broken.write_text("version: 1\nteams:\n  payments: {github: acme/payments, aps: {}}\n")
    changes = {name: str(broken) if value == "BROKEN" else value for name, value in changes.items()}

    ended = await greenlane("serve", settings=stage.bot.settings | changes)

    assert (ended[0], ended[1]) == (code, "")
    assert says in ended[2]
    assert "Traceback" not in ended[2]
    assert SECRET not in ended[2]


async def test_old_schema_on_postgresql_names_the_command_that_mends_it(stage, tmp_path, postgres_url):
    database = {"GREENLANE_DATABASE_URL": await _fresh_postgres(postgres_url)}

    refused = await greenlane("serve", settings=stage.bot.settings | database)
    listed = await greenlane("intents", settings=stage.bot.settings | database)
    migrated = await greenlane("migrate", settings=stage.bot.settings | database)
    listed_then = await greenlane("intents", "--json", settings=stage.bot.settings | database)

    assert refused[0] == listed[0] == 2
    assert "greenlane migrate" in refused[2]
    assert "greenlane migrate" in listed[2]
    assert migrated[0] == 0, migrated
    assert (listed_then[0], json.loads(listed_then[1])) == (0, [])
