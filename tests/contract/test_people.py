"""What people do around a pull request, and GitHub's words for each no: comments, reviews, roles, forks, buttons."""

import pytest

from sandbox.github import RefusedError
from sandbox.github.faults import Fault

REPO = "/repos/acme/checkout"
MEMBERSHIP = "/orgs/acme/teams/payments/memberships/alice"
EVENTS = ("issue_comment", "pull_request_review", "pull_request")


@pytest.fixture
def pull(github):
    github.app.events = EVENTS
    github.world.push(github.repository, "b", author="alice", files={"b": "1"}, message="b")
    return github.world.open_pull(github.repository, head="b", base="main", title="b", author="alice")


async def test_comment_is_told_when_written_edited_and_deleted(github, listener, pull):
    made = github.world.comment(github.repository, pull.number, "bob", "/deploy staging")
    github.world.edit_comment(made, "alice", "/deploy production")
    github.world.delete_comment(made, "alice")
    await github.world.quiet()

    created, edited = listener.last("issue_comment.created"), listener.last("issue_comment.edited")
    assert "pull_request" in created["issue"]
    assert (created["sender"]["login"], created["comment"]["user"]["type"]) == ("bob", "User")
    assert created["comment"]["performed_via_github_app"] is None
    assert (edited["sender"]["login"], edited["comment"]["user"]["login"]) == ("alice", "bob")
    assert edited["changes"] == {"body": {"from": "/deploy staging"}}
    assert listener.last("issue_comment.deleted")["comment"]["body"] == "/deploy production"


async def test_our_own_comment_comes_back_as_a_bots(github, listener, pull):
    answer = await github.call("POST", f"{REPO}/issues/{pull.number}/comments", body={"body": "/deploy staging"})
    await github.world.quiet()

    told = listener.last("issue_comment.created")
    assert answer.status == 201
    assert (told["sender"]["type"], told["comment"]["user"]["type"]) == ("Bot", "Bot")
    assert told["comment"]["performed_via_github_app"]["id"] == github.app.id


async def test_stranger_neither_comments_nor_edits(github, pull):
    made = github.world.comment(github.repository, pull.number, "alice", "mine")
    mallory = github.world.add_user("mallory")

    for act in (
        lambda: github.world.comment(github.repository, pull.number, mallory, "/deploy staging"),
        lambda: github.world.edit_comment(made, mallory, "/deploy staging"),
        lambda: github.world.edit_comment(made, "bob", "/deploy staging"),
        lambda: github.world.delete_comment(made, "bob"),
    ):
        with pytest.raises(RefusedError):
            act()
    assert made.bodies == ["mine"]


async def test_comment_on_a_pull_request_needs_more_than_issues(github, pull):
    narrow = github.token(permissions={"issues": "write", "pull_requests": "read"})

    answer = await github.call(
        "POST", f"{REPO}/issues/{pull.number}/comments", token=narrow, body={"body": "Deploying"}
    )

    assert answer.status == 403
    assert answer.headers["X-Accepted-GitHub-Permissions"] == "issues=write; pull_requests=write"


async def test_reviews_are_listed_over_pages_in_order(github, listener, pull):
    github.world.review(pull, by="bob", state="APPROVED")
    github.world.review(pull, by="alice", state="COMMENTED", body="thanks")
    github.world.review(pull, by="bob", state="CHANGES_REQUESTED", body="wait")
    await github.world.quiet()

    first = await github.call("GET", f"{REPO}/pulls/{pull.number}/reviews?per_page=2")
    second = await github.call("GET", f"{REPO}/pulls/{pull.number}/reviews?per_page=2&page=2")

    assert [one["state"] for one in first.body + second.body] == ["APPROVED", "COMMENTED", "CHANGES_REQUESTED"]
    assert {one["commit_id"] for one in first.body} == {pull.head_sha}
    assert 'rel="next"' in first.headers["Link"]
    assert listener.events.count("pull_request_review.submitted") == 3
    assert listener.last("pull_request_review.submitted")["review"]["state"] == "changes_requested"


async def test_dismissed_review_changes_where_it_stands(github, listener, pull):
    approved = github.world.review(pull, by="bob", state="APPROVED")
    github.world.dismiss_review(pull, approved.id, by="alice")
    await github.world.quiet()

    answer = await github.call("GET", f"{REPO}/pulls/{pull.number}/reviews")

    assert [(one["id"], one["state"]) for one in answer.body] == [(approved.id, "DISMISSED")]
    assert listener.last("pull_request_review.dismissed")["review"]["state"] == "dismissed"


async def test_reviews_that_github_refuses(github, pull):
    world = github.world
    approved = world.review(pull, by="bob", state="APPROVED")
    commented = world.review(pull, by="bob", state="COMMENTED", body="hm")
    mallory = world.add_user("mallory")

    for status, act in (
        (422, lambda: world.review(pull, by="alice", state="APPROVED")),
        (422, lambda: world.review(pull, by="alice", state="CHANGES_REQUESTED", body="no")),
        (422, lambda: world.review(pull, by="bob", state="CHANGES_REQUESTED")),
        (404, lambda: world.review(pull, by=mallory, state="APPROVED")),
        (403, lambda: world.dismiss_review(pull, approved.id, by="bob")),
        (422, lambda: world.dismiss_review(pull, commented.id, by="alice")),
        (404, lambda: world.dismiss_review(pull, 4711, by="alice")),
    ):
        with pytest.raises(RefusedError) as caught:
            act()
        assert caught.value.status == status


async def test_unsubscribed_reviews_are_not_told(github, listener, pull):
    github.app.events = ("pull_request",)
    github.world.review(pull, by="bob", state="APPROVED")
    await github.world.quiet()

    assert "pull_request_review.submitted" not in listener.events


async def test_permission_of_people_bots_and_nobody(github):
    outsider = github.world.add_user("carol")
    seen = {}
    for login in ("alice", "bob", "carol", "nobody", "greenlane%5Bbot%5D"):
        answer = await github.call("GET", f"{REPO}/collaborators/{login}/permission")
        seen[login] = (answer.status, answer.body.get("role_name"))

    assert seen == {
        "alice": (200, "write"),
        "bob": (200, "read"),
        "carol": (200, "none"),
        "nobody": (404, None),
        "greenlane%5Bbot%5D": (404, None),
    }
    github.world.grant(github.repository, outsider, "maintain", name="deployer")
    named = (await github.call("GET", f"{REPO}/collaborators/carol/permission")).body
    assert (named["permission"], named["role_name"]) == ("write", "deployer")


async def test_membership_without_the_right_and_elsewhere(github):
    github.world.add_team(github.world.add_org("elsewhere"), "payments", ["alice"])

    blind = await github.call("GET", MEMBERSHIP, token=github.token(permissions={"contents": "read"}))
    other = await github.call("GET", MEMBERSHIP.replace("acme", "elsewhere"))

    assert (blind.status, blind.headers["X-Accepted-GitHub-Permissions"]) == (403, "members=read")
    assert other.status == 403


@pytest.mark.parametrize(("kind", "status"), [("forbidden", 403), ("not_found", 404)])
async def test_right_can_be_refused_on_purpose(github, kind, status):
    github.world.faults.add(Fault(kind=kind, operation="teams/get-membership-for-user-in-org"))

    assert (await github.call("GET", MEMBERSHIP)).status == status
    assert (await github.call("GET", MEMBERSHIP)).status == 200


async def test_push_to_a_fork_moves_the_pull_request(github, listener):
    world = github.world
    github.app.events = EVENTS
    world.add_user("carol")
    fork = world.add_repository("carol/checkout", fork_of=github.repository)
    world.push(fork, "idea", author="carol", files={"i": "1"}, message="idea")
    opened = world.open_pull(github.repository, head="carol:idea", base="main", title="F", author="carol")
    before = opened.head_sha

    after = world.push(fork, "idea", author="carol", files={"i": "2"}, message="more")
    await world.quiet()

    told = listener.last("pull_request.synchronize")
    listed = (await github.call("GET", f"{REPO}/pulls?state=open")).body
    assert (told["before"], told["after"], told["pull_request"]["head"]["sha"]) == (before, after, after)
    assert told["repository"]["full_name"] == "acme/checkout"
    assert [(one["head"]["sha"], one["head"]["repo"]["id"]) for one in listed] == [(after, fork.id)]


async def test_click_is_told_to_the_app_that_made_the_button(github, listener):
    sha = github.repository.head("main")
    button = {"label": "Roll back", "description": "To the one before", "identifier": "rollback"}
    body = {"name": "greenlane", "head_sha": sha, "conclusion": "success", "external_id": "i-1", "actions": [button]}
    made = await github.call("POST", f"{REPO}/check-runs", body=body)
    run = github.repository.runs[made.body["id"]]
    github.world.press_button(run, "rollback", by="alice")
    await github.world.quiet()

    told = listener.last("check_run.requested_action")
    assert told["requested_action"] == {"identifier": "rollback"}
    assert (told["check_run"]["external_id"], told["check_run"]["app"]["id"]) == ("i-1", github.app.id)
    assert (told["sender"]["login"], told["sender"]["type"]) == ("alice", "User")
    with pytest.raises(RefusedError):
        github.world.press_button(run, "abort", by="alice")
    with pytest.raises(RefusedError):
        github.world.press_button(run, "rollback", by=github.world.add_user("mallory"))
