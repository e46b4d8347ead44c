"""Tokens: narrow, shared, renewed in time, young ones given patience, and never shown."""

import asyncio
from datetime import datetime, timedelta

import jwt
import pytest

from bot.domain.intent import Repository
from bot.errors import BrokenError, RejectedError, SettingsError, TransientError
from bot.github.adapter import GitHubApp
from bot.github.client import Credential
from bot.github.errors import ForbiddenError, NotFoundError

from .scripted import Said

REPO = "GET /repos/acme/shop"
MINT = "POST /app/installations/5/access_tokens"
GOOD = Said(200, {"id": 1, "full_name": "acme/shop", "default_branch": "main"})
REFUSED = Said(401, {"message": "Bad credentials"})
NOT_GRANTED = Said(422, {"message": "The permissions requested are not granted to this installation."})


async def test_token_is_narrowed_to_one_repository_and_our_needs(app, scripted, repository):
    scripted.says(REPO, GOOD)

    await app.reads.default_branch(repository)

    (asked,) = scripted.requests(MINT)
    assert asked.body["repository_ids"] == [1]
    assert asked.body["permissions"]["contents"] == "read"
    assert "administration" not in asked.body["permissions"]


async def test_jwt_is_backdated_and_short(app, scripted, repository, private_key, clock):
    scripted.says(REPO, GOOD)

    await app.reads.default_branch(repository)

    claims = jwt.decode(scripted.requests(MINT)[0].token, options={"verify_signature": False})
    now = int(clock.now.timestamp())
    assert claims["iss"] == "7"
    assert claims["iat"] == now - 60
    assert now < claims["exp"] <= now + 600


async def test_many_readers_share_one_minting(app, scripted, repository):
    scripted.says(REPO, GOOD)

    await asyncio.gather(*[app.reads.default_branch(repository) for _ in range(8)])

    assert scripted.minted == 1


async def test_repositories_do_not_share_a_token(app, scripted, repository):
    scripted.says(REPO, GOOD)
    scripted.says("GET /repos/acme/till", Said(200, {"id": 2, "full_name": "acme/till", "default_branch": "trunk"}))

    await app.reads.default_branch(repository)
    await app.reads.default_branch(Repository(id=2, full_name="acme/till", installation_id=5))

    assert [one.body["repository_ids"] for one in scripted.requests(MINT)] == [[1], [2]]


async def test_token_is_renewed_five_minutes_before_its_end(app, scripted, repository, clock):
    scripted.says(REPO, GOOD)
    await app.reads.default_branch(repository)

    clock.now += timedelta(minutes=54, seconds=59)
    await app.reads.default_branch(repository)
    assert scripted.minted == 1

    clock.now += timedelta(seconds=1)
    await app.reads.default_branch(repository)
    assert scripted.minted == 2


async def test_jwt_is_renewed_after_its_time(app, scripted, clock, repository):
    scripted.says(REPO, GOOD)
    for _ in range(3):
        clock.now += timedelta(hours=2)
        await app.reads.default_branch(repository)

    for asked in scripted.requests(MINT):
        assert jwt.decode(asked.token, options={"verify_signature": False})["exp"]
    assert len({asked.token for asked in scripted.requests(MINT)}) == 3


async def test_young_token_is_given_time(app, scripted, repository, clock):
    scripted.says(REPO, REFUSED, REFUSED, GOOD)

    assert await app.reads.default_branch(repository) == "main"

    assert scripted.minted == 1
    assert clock.slept == [1.0, 3.0]


@pytest.mark.parametrize("refusal", [Said(403, {"message": "Resource not accessible by integration"}), Said(404, {})])
async def test_young_token_may_be_refused_otherwise_too(app, scripted, repository, clock, refusal):
    pull = Said(404, {})
    scripted.says("GET /repos/acme/shop/branches/main", refusal, Said(200, {"commit": {"sha": "abc"}}))
    scripted.says(REPO, pull, GOOD)

    assert await app.reads.branch_head(repository, "main") == "abc"
    assert clock.slept == [1.0]


async def test_young_token_gives_a_write_time_too(app, scripted, repository):
    path = "POST /repos/acme/shop/issues/3/comments"
    scripted.says("GET /repos/acme/shop/issues/3/comments", Said(200, []))
    scripted.says(path, REFUSED, Said(201, {"id": 4}))

    made = await app.writes.ensure_comment(repository, number=3, marker="<!-- m -->", body="<!-- m -->", known_id=None)

    assert made == 4


async def test_revoked_token_is_replaced_once(app, scripted, repository, clock):
    scripted.says(REPO, GOOD, REFUSED, GOOD)
    await app.reads.default_branch(repository)
    clock.now += timedelta(minutes=10)

    assert await app.reads.default_branch(repository) == "main"

    assert [one.token for one in scripted.requests(REPO)] == ["ghs_1", "ghs_1", "ghs_2"]
    assert clock.slept == []


async def test_patience_with_refusals_ends(app, scripted, repository, clock):
    scripted.says(REPO, REFUSED)

    with pytest.raises(TransientError, match="does not accept our token"):
        await app.reads.default_branch(repository)

    assert sum(clock.slept) < 60
    assert len(scripted.requests(REPO)) < 10


async def test_rights_that_are_not_granted_are_left_out(app, scripted, repository):
    granted = {"metadata": "read", "contents": "write", "checks": "read"}
    scripted.says(MINT, NOT_GRANTED, Said(201, {"token": "ghs_x", "expires_at": "2026-01-02T13:00:00Z"}))
    scripted.says("GET /app/installations/5", Said(200, {"id": 5, "permissions": granted}))
    scripted.says(REPO, GOOD)

    assert await app.reads.default_branch(repository) == "main"

    assert scripted.requests(MINT)[1].body["permissions"] == {"metadata": "read", "contents": "read", "checks": "read"}


async def test_missing_right_is_said_when_it_is_needed(app, scripted, repository, clock):
    await test_rights_that_are_not_granted_are_left_out(app, scripted, repository)
    refusal = Said(
        403,
        {"message": "Resource not accessible by integration"},
        {"X-Accepted-GitHub-Permissions": "deployments=write"},
    )
    scripted.says("POST /repos/acme/shop/deployments", refusal)

    with pytest.raises(ForbiddenError, match="needs deployments=write"):
        await app.writes.ensure_deployment(
            repository,
            key="k",
            sha="a" * 40,
            environment="e",
            description="",
            production=False,
            payload={},
            retry=False,
        )
    assert clock.slept == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(Said(404, {}), "github_not_installed"), (Said(403, {"message": "suspended"}), "github_suspended")],
)
async def test_installation_that_is_gone_is_a_no(app, scripted, repository, answer, reason):
    scripted.says(MINT, answer)

    with pytest.raises(RejectedError) as caught:
        await app.reads.default_branch(repository)

    assert caught.value.reason == reason
    assert not isinstance(caught.value, NotFoundError)


async def test_repository_taken_from_the_installation_is_a_no(app, scripted, repository):
    scripted.says(MINT, Said(422, {"message": "There is at least one repository that is not accessible"}))
    scripted.says("GET /app/installations/5", Said(200, {"id": 5, "permissions": {"metadata": "read"}}))

    with pytest.raises(RejectedError) as caught:
        await app.reads.default_branch(repository)

    assert caught.value.reason == "github_not_installed"


async def test_forgotten_installation_mints_anew(app, scripted, repository):
    scripted.says(REPO, GOOD)
    await app.reads.default_branch(repository)

    app.forget_installation(5)
    await app.reads.default_branch(repository)

    assert scripted.minted == 2


async def test_wrong_clock_is_corrected_by_githubs(app, scripted, clock):
    refused = Said(401, {"message": "'Expiration time' claim"}, {"Date": "Fri, 02 Jan 2026 14:00:00 GMT"})
    scripted.says("GET /app", refused, Said(200, {"id": 7, "slug": "greenlane"}))

    assert await app.app_identity() == ("greenlane", 7)

    again = jwt.decode(scripted.requests("GET /app")[1].token, options={"verify_signature": False})
    assert datetime.fromtimestamp(again["exp"], clock.now.tzinfo) - clock.now == timedelta(hours=2, minutes=9)


async def test_wrong_key_is_not_tried_for_ever(app, scripted):
    scripted.says("GET /app", Said(401, {"message": "A JSON web token could not be decoded"}))

    with pytest.raises(BrokenError, match="refuses the App's key: A JSON web token"):
        await app.app_identity()

    assert len(scripted.requests("GET /app")) <= 2


@pytest.mark.parametrize(
    "key", ["", "not a key", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"]
)
async def test_key_that_is_none_is_told_at_the_start(session, clock, key):
    with pytest.raises(SettingsError, match="GITHUB_PRIVATE_KEY") as caught:
        GitHubApp(api_url="http://127.0.0.1", app_id=7, private_key=key, session=session, clock=clock)

    assert "AAAA" not in str(caught.value)


async def test_nothing_shows_a_token(app, scripted, repository, private_key):
    scripted.says(REPO, GOOD)
    await app.reads.default_branch(repository)

    shown = [repr(Credential(value="ghs_1")), repr(await app._tokens.get(5, 1)), repr(vars(app._tokens))]

    assert not [text for text in shown if "ghs_" in text or private_key[40:80] in text]
