"""What all requests share: pages, caches, moved addresses, refusals, the log."""

import json

import pytest
from aiohttp.test_utils import TestServer

from sandbox.github import create_app
from sandbox.github.rest.routes import ROUTES
from tests.contract.validator import DATA

REPO = "/repos/acme/checkout"


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


def _open_pull(github):
    github.world.push(github.repository, "b", author="alice", files={"b": "1"}, message="b")
    return github.world.open_pull(github.repository, head="b", base="main", title="b", author="alice")
