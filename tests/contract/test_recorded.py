"""Our answers beside recorded ones: status, keys, headers."""

import json

from tests.contract.validator import DATA

REPO = "/repos/acme/checkout"


async def test_recorded_status_exchange(github):
    sent, shown = _recorded("create-status")[0]["body"], _recorded("create-status")[0]["response"]
    sha = github.repository.head("main")
    github.installation.permissions["statuses"] = "write"

    answer = await github.call("POST", f"{REPO}/statuses/{sha}", body=sent)

    assert answer.status == 201
    assert set(answer.body) == set(shown)
    assert "Location" in answer.headers


async def test_recorded_ref_exchange(github):
    recorded = _recorded("git-refs")[1]
    github.installation.permissions["contents"] = "write"
    sha = github.repository.head("main")

    answer = await github.call("POST", f"{REPO}/git/refs", body=recorded["body"] | {"sha": sha})

    assert (answer.status, set(answer.body)) == (recorded["status"], set(recorded["response"]))


async def test_recorded_folder_listing(github):
    answer = await github.call("GET", f"{REPO}/contents/")

    assert set(answer.body[0]) == set(_recorded("get-content")[0]["response"][0])


async def test_recorded_refusals(github):
    missing = await github.call("GET", f"{REPO}/pulls/99")
    wrong = await github.call("POST", f"{REPO}/pulls", body={"title": "x", "head": "no", "base": "main"})
    github.installation.permissions["pull_requests"] = "write"
    wrong = await github.call("POST", f"{REPO}/pulls", body={"title": "x", "head": "no", "base": "main"})

    assert set(json.loads((DATA / "recorded" / "gidgethub.pr_not_found.body").read_text())) <= set(missing.body)
    assert set(_recorded("errors")[0]["response"]) <= set(wrong.body)
    assert set(wrong.body["errors"][0]) == set(_recorded("errors")[0]["response"]["errors"][0])


async def test_recorded_headers_are_sent(github):
    answer = await github.call("GET", REPO)

    recorded = json.loads((DATA / "recorded" / "gidgethub.pr_single.200.json").read_text())
    sent = {name.lower() for name in answer.headers}
    wanted = {name for name in recorded if name.startswith("x-ratelimit") or name in {"etag", "date", "vary"}}
    assert wanted | {"x-github-request-id", "x-github-media-type"} <= sent


async def test_recorded_page_links(github):
    for number in range(13):
        github.world.report_status(
            github.repository, github.repository.head("main"), f"c{number}", "success", by="alice"
        )
    rels = []
    for page in range(1, 6):
        answer = await github.call("GET", f"{REPO}/commits/main/statuses?per_page=3&page={page}")
        rels.append([part.split("rel=")[1] for part in answer.headers["Link"].split(", ")])

    recorded = [one["headers"]["link"] for one in _recorded("paginate-issues")]
    assert rels == [[part.split("rel=")[1] for part in link.split(", ")] for link in recorded]


def _recorded(name):
    return json.loads((DATA / "recorded" / f"octokit-fixtures.{name}.json").read_text())
