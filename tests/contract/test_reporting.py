"""What a deploy bot writes and reads beside deployments: statuses, checks, comments, people, rules."""

import pytest

REPO = "/repos/acme/checkout"


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


def _pull(github):
    github.world.push(github.repository, "b", author="alice", files={"b": "1"}, message="b")
    return github.world.open_pull(github.repository, head="b", base="main", title="b", author="alice").number
