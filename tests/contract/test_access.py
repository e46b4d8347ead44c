"""Who may ask for what, and how often: App tokens, installation tokens, permissions, limits."""

from datetime import timedelta

import pytest

REPO = "/repos/acme/checkout"


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"exp": 1}, "'Expiration time' claim ('exp') must be a numeric value"),
        ({"exp": 99999999999}, "'Expiration time' claim ('exp') is too far in the future"),
        ({"iat": 99999999999}, "'Issued at' claim ('iat')"),
    ],
)
async def test_app_token_times_are_checked(github, claims, says):
    answer = await github.call("GET", "/app", token=github.jwt(**claims))

    assert answer.status == 401
    assert answer.body["message"].startswith(says)


async def test_app_token_must_be_signed_by_its_app(github, app_key):
    stranger = github.world.add_app("Stranger")
    forged = github.jwt(iss=str(stranger.id))

    assert (await github.call("GET", "/app", token=forged)).status == 401
    assert (await github.call("GET", "/app", token="a.b.c")).status == 401
    assert (await github.call("GET", "/app", token=github.jwt(iss="7"))).status == 404


async def test_installation_token_ends_after_an_hour_and_on_revocation(github):
    token, other = github.token(), github.token()
    assert (await github.call("DELETE", "/installation/token", token=other)).status == 204
    assert (await github.call("GET", REPO, token=other)).status == 401

    github.world.tokens[token].expires_at = github.world.clock()

    answer = await github.call("GET", REPO, token=token)
    assert (answer.status, answer.body["message"]) == (401, "Bad credentials")


async def test_token_is_made_over_http_and_narrowed(github):
    other = github.world.add_repository("acme/other")
    path = f"/app/installations/{github.installation.id}/access_tokens"
    wish = {"repository_ids": [github.repository.id], "permissions": {"contents": "read"}}

    made = await github.call("POST", path, token=github.jwt(), body=wish)
    token = made.body["token"]

    assert made.status == 201
    assert (await github.call("GET", f"{REPO}/branches/main", token=token)).status == 200
    assert (await github.call("GET", f"/repos/{other.full_name}/branches/main", token=token)).status == 404
    refused = await github.call("GET", f"{REPO}/deployments", token=token)
    assert (refused.status, refused.body["message"]) == (403, "Resource not accessible by integration")
    assert refused.headers["X-Accepted-GitHub-Permissions"] == "deployments=read"


@pytest.mark.parametrize("wish", [{"permissions": {"administration": "write"}}, {"repositories": ["nope"]}])
async def test_token_for_more_than_granted_is_refused(github, wish):
    path = f"/app/installations/{github.installation.id}/access_tokens"

    assert (await github.call("POST", path, token=github.jwt(), body=wish)).status == 422


async def test_suspended_installation(github):
    token = github.token()
    github.world.suspend(github.installation, by="alice")
    path = f"/app/installations/{github.installation.id}/access_tokens"

    assert (await github.call("GET", REPO, token=token)).status == 403
    assert (await github.call("POST", path, token=github.jwt())).status == 403


async def test_removed_installation(github):
    token, number = github.token(), github.installation.id
    github.world.uninstall(github.installation, by="alice")

    assert (await github.call("GET", REPO, token=token)).status == 401
    assert (await github.call("POST", f"/app/installations/{number}/access_tokens", token=github.jwt())).status == 404
    assert (await github.call("GET", f"{REPO}/installation", token=github.jwt())).status == 404


async def test_young_token_is_not_known_everywhere_yet(github):
    github.world.lag.token_valid_after(uses=2, status=404)
    token = github.token()

    answers = [(await github.call("GET", REPO, token=token)).status for _ in range(3)]

    assert answers == [404, 404, 200]


async def test_request_without_user_agent_is_refused(github):
    answer = await github.call("GET", REPO, User_Agent="")

    assert answer.status == 403


async def test_primary_limit_counts_and_a_304_is_free(github):
    github.world.limits.installation = 4
    token = github.token()
    first = await github.call("GET", REPO, token=token)
    assert (first.headers["X-RateLimit-Remaining"], first.headers["X-RateLimit-Limit"]) == ("3", "4")

    again = await github.call("GET", REPO, token=token, If_None_Match=first.headers["ETag"])

    assert (again.status, again.raw, again.headers["X-RateLimit-Remaining"]) == (304, b"", "3")
    for _ in range(3):
        await github.call("GET", REPO, token=token)
    over = await github.call("GET", REPO, token=token)
    assert (over.status, over.headers["X-RateLimit-Remaining"]) == (403, "0")
    assert (await github.call("GET", "/rate_limit", token=token)).body["resources"]["core"]["remaining"] == 0


async def test_content_creation_is_limited_by_the_minute(github):
    github.world.limits.content = 2
    pull = _open_pull(github)
    path = f"{REPO}/issues/{pull.number}/comments"

    statuses = [(await github.call("POST", path, body={"body": "x"})).status for _ in range(3)]
    late = await github.call("POST", path, body={"body": "x"})

    assert statuses == [201, 201, 403]
    assert late.headers["Retry-After"] == "60"


async def test_times_of_tokens_follow_the_worlds_clock(github):
    start = github.world.clock()
    token = github.token()
    github.world.clock = lambda: start + timedelta(minutes=61)

    assert (await github.call("GET", REPO, token=token)).status == 401


def _open_pull(github):
    github.world.push(github.repository, "b", author="alice", files={"b": "1"}, message="b")
    return github.world.open_pull(github.repository, head="b", base="main", title="b", author="alice")
