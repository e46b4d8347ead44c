"""From push to deployed and said so, with gidgethub as the client, under both API versions; every byte is checked."""

import gidgethub.abc
import pytest
from gidgethub.aiohttp import GitHubAPI

from tests.contract.validator import BASE_VERSION, NEXT_VERSION

READS = [
    "/installation/repositories",
    "/repos/acme/checkout",
    "/repos/acme/checkout/branches/main",
    "/repos/acme/checkout/branches/feat/vat",
    "/repos/acme/checkout/git/ref/heads/feat/vat",
    "/repos/acme/checkout/commits",
    "/repos/acme/checkout/commits?sha=feat/vat&path=vat.py&per_page=5",
    "/repos/acme/checkout/commits/main",
    "/repos/acme/checkout/commits/{sha}",
    "/repos/acme/checkout/commits/{sha}/pulls",
    "/repos/acme/checkout/commits/{head}/check-runs?filter=all",
    "/repos/acme/checkout/commits/feat/vat/check-runs?check_name=build",
    "/repos/acme/checkout/commits/{head}/check-suites",
    "/repos/acme/checkout/commits/{head}/status",
    "/repos/acme/checkout/commits/{head}/statuses",
    "/repos/acme/checkout/compare/main...feat/vat",
    "/repos/acme/checkout/compare/{head}...{sha}?per_page=1&page=1",
    "/repos/acme/checkout/contents/README.md",
    "/repos/acme/checkout/contents/docs?ref=main",
    "/repos/acme/checkout/contents/",
    "/repos/acme/checkout/pulls?state=all&base=main&sort=updated&direction=desc",
    "/repos/acme/checkout/pulls/1",
    "/repos/acme/checkout/pulls/1/files",
    "/repos/acme/checkout/pulls/1/commits",
    "/repos/acme/checkout/issues/1",
    "/repos/acme/checkout/issues/1/comments",
    "/repos/acme/checkout/environments",
    "/repos/acme/checkout/rules/branches/main",
    "/repos/acme/checkout/collaborators/alice/permission",
    "/repos/acme/checkout/actions/runs?head_sha={head}",
    "/orgs/acme/memberships/alice",
    "/orgs/acme/teams/payments",
    "/orgs/acme/teams/payments/members",
    "/orgs/acme/teams/payments/memberships/alice",
    "/apps/greenlane",
    "/rate_limit",
    "/meta",
    "/versions",
]


@pytest.fixture(params=[BASE_VERSION, NEXT_VERSION])
async def client(github, request) -> GitHubAPI:
    api = GitHubAPI(github.session, "contract-test", oauth_token=github.token(), base_url=github.url)
    plain = api._request

    async def with_version(method, url, headers, body=b""):
        return await plain(method, url, {**headers, "x-github-api-version": request.param}, body)

    api._request = with_version
    return api


async def test_whole_journey(github, client, listener):
    # Given a pull request with green checks and statuses
    world, repo = github.world, github.repository
    world.protect(repo, "main", [("build", 15368)])
    world.push(repo, "main", author="alice", files={"docs/a.md": "a\n"}, message="Docs")
    world.push(repo, "feat/vat", author="alice", files={"vat.py": "RATE = 20\n"}, message="Add VAT")
    pull = world.open_pull(repo, head="feat/vat", base="main", title="Add VAT", author="alice")
    for status in ("queued", "in_progress"):
        world.report_check(repo, pull.head_sha, "build", status=status)
    world.report_check(repo, pull.head_sha, "build", conclusion="success")
    world.report_status(repo, pull.head_sha, "ci/lint", "success", "clean", by="alice")

    # When it is merged and we do all a deploy bot does
    sha = world.merge(repo, pull.number, by="alice", method="squash")
    for path in READS:
        await client.getitem(path.format(sha=sha, head=pull.head_sha))
    await client.getstatus("/repos/acme/checkout/pulls/1/merge")
    await client.getstatus("/repos/acme/checkout/collaborators/alice")
    await _deploy(client, sha)
    await _report_check(client, sha)
    await _talk(client)

    # Then every event arrived, ours included
    await world.quiet()
    assert {
        "push",
        "pull_request.opened",
        "pull_request.closed",
        "check_suite.requested",
        "check_suite.completed",
        "check_run.created",
        "check_run.completed",
        "workflow_run.requested",
        "workflow_run.in_progress",
        "workflow_run.completed",
        "status",
        "deployment_status.created",
        "issue_comment.created",
        "issue_comment.edited",
        "issue_comment.deleted",
    } <= set(listener.events)


async def test_app_endpoints(github, client):
    world = github.world
    world.comment(github.repository, _open(github), "alice", "hello")
    await world.quiet()
    app = GitHubAPI(github.session, "contract-test", base_url=github.url)

    async def get(path):
        return await app.getitem(path, jwt=github.jwt())

    assert (await get("/app"))["slug"] == "greenlane"
    assert [one["id"] for one in await get("/app/installations")] == [github.installation.id]
    assert (await get(f"/app/installations/{github.installation.id}"))["app_slug"] == "greenlane"
    assert (await get("/repos/acme/checkout/installation"))["id"] == github.installation.id
    assert (await get("/orgs/acme/installation"))["id"] == github.installation.id
    deliveries = await get("/app/hook/deliveries?per_page=100")
    assert (await get(f"/app/hook/deliveries/{deliveries[0]['id']}"))["guid"] == deliveries[0]["guid"]
    assert "url" in await get("/app/hook/config")


async def _deploy(client: gidgethub.abc.GitHubAPI, sha: str) -> None:
    made = await client.post(
        "/repos/acme/checkout/deployments",
        data={
            "ref": sha,
            "auto_merge": False,
            "required_contexts": [],
            "environment": "staging",
            "payload": {"key": "7"},
            "description": "checkout to staging",
            "production_environment": False,
        },
    )
    for state in ("queued", "in_progress", "success"):
        said = {
            "state": state,
            "description": state,
            "log_url": "https://greenlane.example/1",
            "environment_url": "https://shop.example",
            "auto_inactive": False,
        }
        await client.post(f"/repos/acme/checkout/deployments/{made['id']}/statuses", data=said)
    statuses = await client.getitem(f"/repos/acme/checkout/deployments/{made['id']}/statuses")
    await client.getitem(f"/repos/acme/checkout/deployments/{made['id']}/statuses/{statuses[0]['id']}")
    found = await client.getitem(f"/repos/acme/checkout/deployments?sha={sha}&environment=staging&task=deploy")
    assert [one["payload"] for one in found] == [{"key": "7"}]
    assert [one["state"] for one in statuses] == ["success", "in_progress", "queued"]


async def _report_check(client: gidgethub.abc.GitHubAPI, sha: str) -> None:
    note = {"path": "a.py", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "m"}
    run = await client.post(
        "/repos/acme/checkout/check-runs",
        data={
            "name": "greenlane / staging",
            "head_sha": sha,
            "status": "in_progress",
            "external_id": "intent-1",
            "started_at": "2026-03-04T11:42:00Z",
            "output": {"title": "Rolling out", "summary": "1 of 2 pods"},
        },
    )
    done = await client.patch(
        f"/repos/acme/checkout/check-runs/{run['id']}",
        data={
            "status": "completed",
            "conclusion": "success",
            "completed_at": "2026-03-04T11:43:00Z",
            "output": {"title": "Done", "summary": "2 of 2 pods", "annotations": [note]},
            "actions": [{"label": "Roll back", "description": "To the one before", "identifier": "rollback"}],
        },
    )
    await client.getitem(f"/repos/acme/checkout/check-runs/{run['id']}/annotations")
    await client.getitem(f"/repos/acme/checkout/check-suites/{done['check_suite']['id']}")
    await client.getitem(f"/repos/acme/checkout/check-suites/{done['check_suite']['id']}/check-runs")
    assert (done["external_id"], done["conclusion"]) == ("intent-1", "success")


async def _talk(client: gidgethub.abc.GitHubAPI) -> None:
    comment = await client.post("/repos/acme/checkout/issues/1/comments", data={"body": "Deploying"})
    url = f"/repos/acme/checkout/issues/comments/{comment['id']}"
    await client.patch(url, data={"body": "Deployed"})
    reaction = await client.post(f"{url}/reactions", data={"content": "rocket"})
    assert (await client.getitem(url))["reactions"]["rocket"] == 1
    assert len(await client.getitem(f"{url}/reactions?content=rocket")) == 1
    await client.delete(f"{url}/reactions/{reaction['id']}")
    await client.delete(url)


def _open(github) -> int:
    github.world.push(github.repository, "b", author="alice", files={"b": "1"}, message="b")
    return github.world.open_pull(github.repository, head="b", base="main", title="b", author="alice").number
