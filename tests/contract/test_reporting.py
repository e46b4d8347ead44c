"""What a deploy bot writes and reads: deployments, statuses, check runs, comments, people, rules; recorded shapes."""

import json

import pytest

from tests.contract.validator import DATA

REPO = "/repos/acme/checkout"


def _recorded(name):
    return json.loads((DATA / "recorded" / f"octokit-fixtures.{name}.json").read_text())


def _ref(github, branch="topic"):
    return github.world.push(github.repository, branch, author="alice", files={branch: "1"}, message=branch)


async def _deploy(github, **fields):
    return await github.call(
        "POST",
        f"{REPO}/deployments",
        body={"ref": "main", "auto_merge": False, "required_contexts": [], "environment": "staging"} | fields,
    )


async def _say(github, made, state, **fields):
    return await github.call("POST", f"{REPO}/deployments/{made.body['id']}/statuses", body={"state": state} | fields)


async def test_deployment_defaults(github):
    made = await github.call("POST", f"{REPO}/deployments", body={"ref": "main"})

    shown = made.body
    assert (made.status, shown["environment"], shown["task"]) == (201, "production", "deploy")
    assert (shown["production_environment"], shown["transient_environment"]) == (True, False)
    assert shown["sha"] == github.repository.head("main")


async def test_auto_merge_answers_202_without_an_id(github):
    _ref(github)
    github.world.push(github.repository, "main", author="alice", files={"other": "1"}, message="x")

    made = await github.call("POST", f"{REPO}/deployments", body={"ref": "topic", "required_contexts": []})

    assert (made.status, list(made.body)) == (202, ["message"])
    assert github.repository.deployments == {}
    assert "other" in github.world.commits[github.repository.head("topic")].files


async def test_omitted_contexts_mean_all_our_own_run_included(github):
    sha = github.repository.head("main")
    await github.call(
        "POST",
        f"{REPO}/check-runs",
        body={"name": "greenlane / staging", "head_sha": sha, "status": "in_progress"},
    )

    refused = await github.call("POST", f"{REPO}/deployments", body={"ref": sha, "auto_merge": False})
    accepted = await _deploy(github, ref=sha)

    assert (refused.status, refused.body["message"]) == (409, f"Conflict: Commit status checks failed for {sha}.")
    assert refused.body["errors"][0]["contexts"] == [{"context": "greenlane / staging", "state": "pending"}]
    assert accepted.status == 201


async def test_unknown_ref_is_refused(github):
    assert (await _deploy(github, ref="nope")).status == 422


async def test_success_retires_only_other_plain_environments(github, listener):
    first, second = await _deploy(github), await _deploy(github)
    production = [await _deploy(github, environment="production") for _ in range(2)]
    for made in (first, second, *production):
        assert (await _say(github, made, "success")).status == 201
    await github.world.quiet()

    states = {number: one.state for number, one in github.repository.deployments.items()}
    assert (states[first.body["id"]], states[second.body["id"]]) == ("inactive", "success")
    assert [states[made.body["id"]] for made in production] == ["success", "success"]
    assert listener.events.count("deployment_status.created") == 4


async def test_auto_inactive_can_be_declined(github):
    first, second = await _deploy(github), await _deploy(github)
    for made in (first, second):
        await _say(github, made, "success", auto_inactive=False)

    assert {one.state for one in github.repository.deployments.values()} == {"success"}


async def test_inactive_is_not_told(github, listener):
    made = await _deploy(github)
    await _say(github, made, "inactive")
    await github.world.quiet()

    assert "deployment_status.created" not in listener.events


async def test_long_description_is_refused(github):
    made = await _deploy(github)

    assert (await _say(github, made, "queued", description="x" * 140)).status == 201
    refused = await _say(github, made, "queued", description="x" * 141)
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "description")


async def test_log_url_is_the_target_url(github):
    made = await _deploy(github)

    said = await _say(github, made, "in_progress", log_url="https://x.example/1")

    assert (said.body["target_url"], said.body["log_url"]) == ("https://x.example/1", "https://x.example/1")


async def test_deployments_are_found_by_sha_and_environment(github):
    sha = github.repository.head("main")
    made = await _deploy(github, ref=sha, payload={"key": "7"})
    await _deploy(github, environment="production")

    found = await github.call("GET", f"{REPO}/deployments?sha={sha}&environment=Staging")

    assert [(one["id"], one["payload"]) for one in found.body] == [(made.body["id"], {"key": "7"})]


async def test_combined_status_of_nothing_is_pending(github):
    answer = await github.call("GET", f"{REPO}/commits/main/status")

    assert (answer.body["state"], answer.body["total_count"]) == ("pending", 0)


@pytest.mark.parametrize(
    ("states", "combined"),
    [(["success"], "success"), (["success", "pending"], "pending"), (["pending", "error"], "failure")],
)
async def test_combined_status(github, states, combined):
    sha = github.repository.head("main")
    for number, state in enumerate(states):
        github.world.report_status(github.repository, sha, f"ci/{number}", state, by="alice")
    github.world.report_status(github.repository, sha, "CI/0", states[0], by="alice")

    answer = await github.call("GET", f"{REPO}/commits/{sha}/status")

    assert (answer.body["state"], answer.body["total_count"]) == (combined, len(states))


async def test_check_run_of_another_app_can_not_be_changed(github):
    run = github.world.report_check(github.repository, github.repository.head("main"), "build", status="queued")

    answer = await github.call("PATCH", f"{REPO}/check-runs/{run.id}", body={"conclusion": "success"})

    assert answer.status == 403


async def test_annotations_append(github):
    sha = github.repository.head("main")
    note = {"path": "a", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "m"}
    output = {"title": "t", "summary": "s", "annotations": [note]}
    made = await github.call("POST", f"{REPO}/check-runs", body={"name": "x", "head_sha": sha, "output": output})

    again = await github.call("PATCH", f"{REPO}/check-runs/{made.body['id']}", body={"output": output})

    assert again.body["output"]["annotations_count"] == 2


async def test_same_reaction_twice_is_200_then(github):
    number = _pull(github)
    comment = github.world.comment(github.repository, number, "alice", "/deploy")
    path = f"{REPO}/issues/comments/{comment.id}/reactions"

    statuses = [(await github.call("POST", path, body={"content": "eyes"})).status for _ in range(2)]

    assert statuses == [201, 200]
    assert len(comment.reactions) == 1


async def test_reactions_need_issues_write(github):
    comment = github.world.comment(github.repository, _pull(github), "alice", "/deploy")
    narrow = github.token(permissions={"pull_requests": "read", "checks": "write"})

    path = f"{REPO}/issues/comments/{comment.id}/reactions"
    assert (await github.call("POST", path, token=narrow, body={"content": "eyes"})).status == 403


async def test_comments_of_others_can_not_be_edited(github):
    comment = github.world.comment(github.repository, _pull(github), "alice", "mine")

    answer = await github.call("PATCH", f"{REPO}/issues/comments/{comment.id}", body={"body": "ours"})

    assert (answer.status, comment.body) == (403, "mine")


@pytest.mark.parametrize(("size", "status"), [(262_144, 201), (262_145, 422), (0, 422)])
async def test_comment_size(github, size, status):
    answer = await github.call("POST", f"{REPO}/issues/{_pull(github)}/comments", body={"body": "x" * size})

    assert answer.status == status


@pytest.mark.parametrize(
    ("role", "word"),
    [("admin", "admin"), ("maintain", "write"), ("write", "write"), ("triage", "read"), ("read", "read")],
)
async def test_permission_words(github, role, word):
    github.world.grant(github.repository, "bob", role)

    answer = await github.call("GET", f"{REPO}/collaborators/bob/permission")

    assert (answer.body["permission"], answer.body["role_name"]) == (word, role)


async def test_stranger_has_no_permission(github):
    github.world.add_user("mallory")

    answer = await github.call("GET", f"{REPO}/collaborators/mallory/permission")

    assert (answer.status, answer.body["permission"]) == (200, "none")
    assert (await github.call("GET", f"{REPO}/collaborators/mallory")).status == 404


async def test_child_team_members_count_and_pending_ones_show(github):
    org = github.world.org("acme")
    child = github.world.add_team(org, "payments-oncall", ["bob"], parent=org.teams["payments"])
    child.members["bob"].state = "pending"

    answer = await github.call("GET", "/orgs/acme/teams/payments/memberships/bob")
    stranger = await github.call("GET", "/orgs/acme/teams/payments/memberships/nobody")

    assert (answer.body["state"], stranger.status) == ("pending", 404)


async def test_required_checks_of_both_kinds(github):
    world, repo = github.world, github.repository
    world.protect(repo, "main", [("build", 15368), ("lint", None)], "ruleset")
    world.protect(repo, "main", [("old", None)], "classic")

    rules = await github.call("GET", f"{REPO}/rules/branches/main")
    branch = await github.call("GET", f"{REPO}/branches/main")
    classic = await github.call("GET", f"{REPO}/branches/main/protection")

    assert rules.body[0]["parameters"]["required_status_checks"] == [
        {"context": "build", "integration_id": 15368},
        {"context": "lint"},
    ]
    assert branch.body["protection"]["required_status_checks"]["contexts"] == ["old"]
    assert classic.status == 403


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


def _pull(github):
    _ref(github, "b")
    return github.world.open_pull(github.repository, head="b", base="main", title="b", author="alice").number
