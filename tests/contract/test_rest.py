"""What all requests share: who may ask, limits, pages, caches, moved addresses, refusals, faults."""

import asyncio
import json
from datetime import timedelta

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from sandbox.github import Fault, create_app
from sandbox.github.rest.routes import ROUTES
from tests.contract.validator import DATA

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


async def test_pages_lead_through_the_repository_id(github):
    sha = github.repository.head("main")
    for number in range(5):
        github.world.report_check(github.repository, sha, f"job-{number}", conclusion="success")
    first = await github.call("GET", f"{REPO}/commits/{sha}/check-runs?per_page=2")
    names, answer = [], first

    while True:
        names += [run["name"] for run in answer.body["check_runs"]]
        links = dict(reversed(part.split("; rel=")) for part in answer.headers.get("Link", "").split(", ") if part)
        if '"next"' not in links:
            break
        answer = await github.call("GET", links['"next"'].strip("<>"))

    assert first.body["total_count"] == 5
    assert f"/repositories/{github.repository.id}/commits/" in first.headers["Link"]
    assert sorted(names) == [f"job-{number}" for number in range(5)]


async def test_renamed_repository_moves_reads_and_writes(github):
    github.world.rename_repository(github.repository, "till")

    read = await github.call("GET", f"{REPO}/branches/main?x=")
    write = await github.call("POST", f"{REPO}/check-runs", body={"name": "a", "head_sha": "b"})
    followed = await github.call("GET", read.headers["Location"].split("?")[0])

    recorded = json.loads((DATA / "recorded" / "octokit-fixtures.rename-repository.json").read_text())
    assert (read.status, write.status) == (recorded[1]["status"], recorded[3]["status"]) == (301, 307)
    assert set(read.body) == set(recorded[1]["response"])
    assert write.headers["Location"].endswith(f"/repositories/{github.repository.id}/check-runs")
    assert followed.body["name"] == "main"
    github.contract.violations.clear()  # the query `x` above is not GitHub's


async def test_former_name_taken_again_is_another_repository(github):
    github.world.rename_repository(github.repository, "till")

    again = github.world.add_repository("acme/checkout")

    assert (await github.call("GET", REPO)).body["id"] == again.id != github.repository.id


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"head_sha": "x"}, '"name" wasn\'t supplied.'),
        ({"name": 7, "head_sha": "x"}, "is not a string"),
        ({"name": "a", "head_sha": "x", "status": "done"}, "is not a member of"),
        ({"name": "a", "head_sha": "x", "head": "y"}, '"head" is not a permitted key.'),
        ({"name": "a", "head_sha": "x", "status": "completed", "started_at": "now"}, "is not a valid date-time"),
        ({"name": "a", "head_sha": "f" * 40}, "No commit found for SHA"),
    ],
)
async def test_wrong_bodies_are_refused(github, body, says):
    answer = await github.call("POST", f"{REPO}/check-runs", body=body)

    assert answer.status == 422
    assert says in answer.body["message"]
    github.contract.violations.clear()  # the wrong bodies are the point


async def test_completed_run_needs_a_conclusion(github):
    body = {"name": "a", "head_sha": github.repository.head("main"), "status": "completed"}

    assert (await github.call("POST", f"{REPO}/check-runs", body=body)).status == 422


async def test_broken_json_is_400(github):
    async with github.session.post(
        f"{github.url}{REPO}/check-runs", data=b"{", headers={"Authorization": f"Bearer {github.token()}"}
    ) as answer:
        assert (answer.status, (await answer.json())["message"]) == (400, "Problems parsing JSON")
    github.contract.violations.clear()  # and the checker saw it


async def test_unknown_route_is_a_violation(github):
    answer = await github.call("GET", f"{REPO}/branch/main")

    assert answer.status == 404
    assert github.contract.violations == [f"request GET {REPO}/branch/main: no operation answers this"]
    github.contract.violations.clear()


async def test_names_with_slashes(github):
    github.world.push(github.repository, "feat/a/b", author="alice", files={"x/y.yaml": "1"}, message="x")
    github.world.protect(github.repository, "feat/a/b", [("build", None)], "classic")

    for path in (
        "/branches/feat/a/b",
        "/branches/feat%2Fa%2Fb",
        "/commits/feat/a/b",
        "/commits/feat%2Fa%2Fb/status",
        "/git/ref/heads/feat/a/b",
        "/compare/main...feat/a/b",
        "/contents/x/y.yaml?ref=feat/a/b",
        "/rules/branches/feat/a/b",
    ):
        assert (await github.call("GET", REPO + path)).status == 200, path


@pytest.mark.parametrize("version", ["2022-11-28", "2026-03-10"])
async def test_versions_differ_in_merge_commit_sha(github, version):
    pull = _open_pull(github)

    answer = await github.call("GET", f"{REPO}/pulls/{pull.number}", X_GitHub_Api_Version=version)

    assert ("merge_commit_sha" in answer.body) == (version == "2022-11-28")
    assert answer.headers["X-GitHub-Api-Version-Selected"] == version
    assert (await github.call("GET", REPO, X_GitHub_Api_Version="1999-01-01")).status == 400


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
async def test_html_fault_strikes_the_nth_call_only(github, status):
    github.world.faults.add(Fault(kind="html", status=status, operation="repos/get", nth=2))

    answers = [await github.call("GET", REPO) for _ in range(3)]

    assert [one.status for one in answers] == [200, status, 200]
    assert answers[1].headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(("kind", "happened"), [("reset_before", 0), ("reset_after", 1)])
async def test_connection_goes_before_or_after_the_effect(github, kind, happened):
    pull = _open_pull(github)
    github.world.faults.add(Fault(kind=kind, method="POST", path="/comments$"))

    with pytest.raises(aiohttp.ClientError):
        await github.call("POST", f"{REPO}/issues/{pull.number}/comments", body={"body": "once"})

    assert len(github.world.thread(github.repository, pull.number)) == happened


@pytest.mark.parametrize("kind", ["truncated", "broken_json"])
async def test_unreadable_answers(github, kind):
    github.world.faults.add(Fault(kind=kind))

    with pytest.raises((aiohttp.ClientError, json.JSONDecodeError)):
        await github.call("GET", REPO)


async def test_hang_ends_in_the_callers_patience(github):
    github.world.faults.add(Fault(kind="hang", seconds=0.3))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await github.call("GET", REPO)


@pytest.mark.parametrize(
    ("fault", "status", "header"),
    [
        (Fault(kind="young_token", status=404), 404, None),
        (Fault(kind="primary_limit", status=429), 429, "X-RateLimit-Reset"),
        (Fault(kind="secondary_limit", retry_after=7), 403, "Retry-After"),
        (Fault(kind="secondary_limit", status=429), 429, None),
        (Fault(kind="conflict"), 409, None),
        (Fault(kind="invalid"), 422, None),
    ],
)
async def test_refusals_on_purpose(github, fault, status, header):
    github.world.faults.add(fault)

    answer = await github.call("GET", REPO)

    assert answer.status == status
    assert header is None or header in answer.headers
    assert github.world.requests[-1].fault == fault.kind


async def test_chance_is_repeatable(github):
    def struck(seed):
        github.world.faults.clear()
        fault = github.world.faults.add(Fault(kind="conflict", times=None, probability=0.5, seed=seed))
        return [fault.strikes(method="GET", operation="x", path="/") for _ in range(20)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    github.world.faults.clear()


async def test_requests_are_logged(github):
    pull = _open_pull(github)
    await github.call("GET", REPO)
    await github.call("POST", f"{REPO}/issues/{pull.number}/comments", body={"body": "x"})

    [write] = github.world.requests.writes()

    assert (write.operation, write.status, write.app) == ("issues/create-comment", 201, "greenlane")
    assert len(github.world.requests) == 2


async def test_enterprise_base_path(github):
    server = TestServer(create_app(github.world, base_path="/api/v3"))
    await server.start_server()

    answer = await github.call("GET", str(server.make_url(f"/api/v3{REPO}")))
    await server.close()

    assert answer.status == 200


def _open_pull(github):
    github.world.push(github.repository, "b", author="alice", files={"b": "1"}, message="b")
    return github.world.open_pull(github.repository, head="b", base="main", title="b", author="alice")


async def test_times_of_tokens_follow_the_worlds_clock(github):
    start = github.world.clock()
    token = github.token()
    github.world.clock = lambda: start + timedelta(minutes=61)

    assert (await github.call("GET", REPO, token=token)).status == 401


async def test_published_examples_pass_our_own_reading(github):
    """Whatever else may be wrong with an example here (a ref nobody has), its keys and types are not."""
    examples = json.loads((DATA / "rest" / "rest-examples.json").read_text())
    comment = github.world.comment(github.repository, _open_pull(github).number, "alice", "x")
    run = github.world.report_check(github.repository, github.repository.head("main"), "b", conclusion="success")
    deployment = await github.call(
        "POST", f"{REPO}/deployments", body={"ref": "b", "auto_merge": False, "required_contexts": []}
    )
    github.installation.permissions |= dict.fromkeys(
        ("administration", "contents", "pull_requests", "statuses"), "write"
    )
    names = {
        "owner": "acme",
        "repo": "checkout",
        "installation_id": github.installation.id,
        "check_run_id": run.id,
        "comment_id": comment.id,
        "issue_number": comment.number,
        "pull_number": comment.number,
        "deployment_id": deployment.body["id"],
        "sha": run.head_sha,
        "ref": "heads/main",
    }
    routes = [route for route in ROUTES if examples[route.operation].get("request")]
    for route in routes:
        token = github.jwt() if route.access == "app" else github.token()
        for name, body in examples[route.operation]["request"].items():
            answer = await github.call(route.method, route.template.format(**names), token=token, body=body)
            message = answer.body["message"] if answer.status >= 400 else ""
            assert "permitted key" not in message, (route.operation, name, message)
            assert not message.startswith("Invalid request.\n\nFor "), (route.operation, name, message)
            assert answer.status not in {400, 404}, (route.operation, name)

    assert len(routes) >= 14
