"""The webhook's edge: what is taken, what is not, and that nothing answered 202 is lost."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import select

from bot.errors import TransientError
from bot.intake.webhook import MAX_BODY, Webhook
from bot.storage import heads
from bot.storage.database import Database
from bot.storage.tables import deliveries
from tests.conftest import Clock

SECRET = b"a webhook secret that is long"
OLD_SECRET = b"the secret before the rotation"
MERGED = {
    "action": "closed",
    "pull_request": {"number": 12, "merged": True},
    "repository": {"id": 1, "full_name": "acme/checkout"},
    "installation": {"id": 7},
    "sender": {"login": "alice"},
}
EVENTS = Path(__file__).parents[2] / "contract" / "github"


def headers(body: bytes, *, secret: bytes = SECRET, event: str = "pull_request", guid: str = "g-1") -> dict[str, str]:
    return {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid,
        "X-GitHub-Hook-ID": "42",
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest(),
        "Content-Type": "application/json",
    }


@pytest.fixture
def woken() -> list[bool]:
    return []


@pytest.fixture
async def client(aiohttp_client, database: Database, clock: Clock, woken: list[bool]):
    webhook = Webhook(
        database=database,
        secrets=[SECRET, OLD_SECRET],
        own_app_id=99,
        is_ours=lambda _, name: name == "acme/checkout",
        on_stored=lambda: woken.append(True),
        count=lambda *_: None,
        clock=clock,
    )
    server = web.Application(client_max_size=MAX_BODY)
    server.router.add_post("/webhook", webhook.handle)
    return await aiohttp_client(server)


async def stored(database: Database) -> list[tuple[str, str, str]]:
    async with database.begin() as connection:
        rows = await connection.execute(select(deliveries).order_by(deliveries.c.id))
        return [(row["event"], row["status"], row["reason"]) for row in rows.mappings()]


async def test_a_signed_merge_is_stored_and_wakes_the_engine(client, database: Database, woken: list[bool]) -> None:
    body = json.dumps(MERGED).encode()
    answer = await client.post("/webhook", data=body, headers=headers(body))

    assert answer.status == 202
    assert await stored(database) == [("pull_request", "stored", "")]
    assert woken == [True]


async def test_the_secret_before_the_rotation_still_counts(client) -> None:
    body = json.dumps(MERGED).encode()
    answer = await client.post("/webhook", data=body, headers=headers(body, secret=OLD_SECRET))

    assert answer.status == 202


async def test_a_repeated_delivery_is_202_and_one_row(client, database: Database) -> None:
    body = json.dumps(MERGED).encode()
    answers = [await client.post("/webhook", data=body, headers=headers(body)) for _ in range(3)]

    assert [answer.status for answer in answers] == [202, 202, 202]
    assert len(await stored(database)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"X-Hub-Signature-256": "sha256=" + "0" * 64},
        {"X-Hub-Signature-256": None},
        {"X-Hub-Signature-256": None, "X-Hub-Signature": "sha1=" + hmac.new(SECRET, b"{}", "sha1").hexdigest()},
        {"X-Hub-Signature-256": "sha1=" + hmac.new(SECRET, b"{}", "sha1").hexdigest()},
        {"X-Hub-Signature-256": "sha256=ключ"},
        {"X-Hub-Signature-256": ""},
    ],
    ids=["wrong", "missing", "sha-1 only", "sha-1 in its place", "not ascii", "empty"],
)
async def test_a_bad_signature_is_401_and_stores_nothing(client, database: Database, change) -> None:
    wanted = headers(b"{}") | change
    answer = await client.post("/webhook", data=b"{}", headers={k: v for k, v in wanted.items() if v is not None})

    assert answer.status == 401
    assert await stored(database) == []


async def test_truncated_json_is_400(client, database: Database) -> None:
    body = json.dumps(MERGED).encode()[:-5]
    answer = await client.post("/webhook", data=body, headers=headers(body))

    assert answer.status == 400
    assert await stored(database) == []


@pytest.mark.parametrize("name", ["X-GitHub-Event", "X-GitHub-Delivery", "X-GitHub-Hook-ID"])
async def test_a_missing_header_is_400(client, name: str) -> None:
    wanted = headers(b"{}")
    del wanted[name]
    answer = await client.post("/webhook", data=b"{}", headers=wanted)

    assert answer.status == 400


async def test_too_large_is_413_before_it_is_read(client) -> None:
    async def endless():
        for _ in range(26):
            yield b"x" * 2**20

    answer = await client.post("/webhook", data=endless(), headers=headers(b"") | {"Content-Length": str(26 * 2**20)})

    assert answer.status == 413


async def test_too_large_without_a_length_is_413(client) -> None:
    async def endless():
        for _ in range(26):
            yield b"x" * 2**20

    answer = await client.post("/webhook", data=endless(), headers=headers(b""))

    assert answer.status == 413


async def test_an_unknown_event_is_kept_and_ignored(client, database: Database, woken: list[bool]) -> None:
    body = b'{"zen": "Keep it logically awesome."}'
    answer = await client.post("/webhook", data=body, headers=headers(body, event="gollum"))

    assert answer.status == 202
    assert await stored(database) == [("gollum", "ignored", "an event that is not used")]
    assert woken == []


async def test_a_repository_outside_the_catalog_is_kept_and_ignored(client, database: Database) -> None:
    body = json.dumps(MERGED | {"repository": {"id": 2, "full_name": "acme/other"}}).encode()
    answer = await client.post("/webhook", data=body, headers=headers(body))

    assert answer.status == 202
    assert await stored(database) == [("pull_request", "ignored", "the repository is not in the catalog")]


async def test_a_redelivery_of_what_failed_is_worked_on_again(client, database: Database, woken: list[bool]) -> None:
    from sqlalchemy import update

    body = json.dumps(MERGED).encode()
    await client.post("/webhook", data=body, headers=headers(body))
    async with database.begin() as connection:
        await connection.execute(update(deliveries).values(status="failed", due_at=None))
    await client.post("/webhook", data=body, headers=headers(body))

    assert await stored(database) == [("pull_request", "stored", "")]
    assert woken == [True, True]


async def test_our_own_check_is_ignored(client, database: Database) -> None:
    body = json.dumps(
        {
            "action": "completed",
            "check_run": {"head_sha": "a" * 40, "app": {"id": 99}},
            "repository": {"id": 1, "full_name": "acme/checkout"},
        }
    ).encode()
    await client.post("/webhook", data=body, headers=headers(body, event="check_run"))

    assert await stored(database) == [("check_run", "ignored", "our own check")]


async def test_a_shape_nobody_expected_is_kept_not_refused(client, database: Database) -> None:
    body = b'{"action": "closed", "pull_request": "a string"}'
    answer = await client.post("/webhook", data=body, headers=headers(body))

    assert answer.status == 202
    assert (await stored(database))[0][1] == "ignored"


async def test_a_database_that_is_away_is_503(client, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.storage import deliveries as store

    async def away(*_, **__):
        raise TransientError("the database can't be reached")

    monkeypatch.setattr(store, "add", away)
    body = json.dumps(MERGED).encode()
    answer = await client.post("/webhook", data=body, headers=headers(body))

    assert answer.status == 503


PUSHED = {
    "action": "synchronize",
    "pull_request": {"number": 12, "head": {"sha": "a" * 40}},
    "repository": {"id": 1, "full_name": "acme/checkout"},
    "sender": {"login": "alice", "id": 5, "type": "User"},
}


async def head(database: Database, clock: Clock) -> str | None:
    async with database.begin() as connection:
        return await heads.newest(connection, repository_id=1, number=12, before=clock())


async def test_a_new_head_is_known_as_soon_as_its_webhook_is_answered(client, database: Database, clock: Clock) -> None:
    body = json.dumps(PUSHED).encode()
    answer = await client.post("/webhook", data=body, headers=headers(body))

    assert answer.status == 202
    assert await head(database, clock) == "a" * 40


async def test_an_old_head_delivered_again_does_not_look_new(client, database: Database, clock: Clock) -> None:
    body = json.dumps(PUSHED).encode()
    newer = json.dumps(PUSHED | {"pull_request": {"number": 12, "head": {"sha": "b" * 40}}}).encode()
    await client.post("/webhook", data=body, headers=headers(body))
    clock.advance(seconds=1)
    await client.post("/webhook", data=newer, headers=headers(newer, guid="g-2"))
    clock.advance(seconds=1)
    await client.post("/webhook", data=body, headers=headers(body))

    assert await head(database, clock) == "b" * 40


async def test_a_head_outside_the_catalog_is_not_noted(client, database: Database, clock: Clock) -> None:
    body = json.dumps(PUSHED | {"repository": {"id": 1, "full_name": "acme/other"}}).encode()
    await client.post("/webhook", data=body, headers=headers(body))

    assert await head(database, clock) is None


async def test_a_head_that_can_not_be_noted_fails_the_delivery(
    client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_, **__):
        raise TransientError("the database can't be reached")

    monkeypatch.setattr(heads, "record", away)
    body = json.dumps(PUSHED).encode()
    answer = await client.post("/webhook", data=body, headers=headers(body))

    assert answer.status == 503
    assert await stored(database) == []
