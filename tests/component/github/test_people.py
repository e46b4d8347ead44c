"""Who wrote, who may, who approved and what lies between commits, as the engine asks it."""

from datetime import UTC, datetime

import pytest

from bot.domain.people import Approval, Person, Role
from bot.errors import RejectedError, TransientError
from bot.github.comparing import safe_url
from bot.github.errors import ForbiddenError, NotFoundError
from sandbox.github.faults import Fault

from .scripted import Said

REPO = "acme/checkout"
PERMISSION = "repos/get-collaborator-permission-level"
MEMBERSHIP = "teams/get-membership-for-user-in-org"


@pytest.fixture
def pull(github):
    github.world.push(REPO, "feature", author="alice", files={"a": "1"}, message="work")
    return github.world.open_pull(REPO, head="feature", base="main", title="T", author="alice")


async def test_comment_is_read_as_it_is_now(connect, github, pull, api_version):
    ours = connect(api_version)
    made = github.world.comment(REPO, pull.number, "alice", "/deploy staging")
    github.world.edit_comment(made, "alice", "/deploy production")

    found = await ours.app.reads.comment(ours.repository, made.id)

    assert found is not None
    assert (found.id, found.body, found.is_bot) == (made.id, "/deploy production", False)
    assert found.author == Person(id=github.world.user("alice").id, login="alice")
    assert found.updated_at >= found.created_at


async def test_deleted_comment_is_none(connected, github, pull):
    made = github.world.comment(REPO, pull.number, "alice", "/deploy staging")
    github.world.delete_comment(made, "alice")

    assert await connected.app.reads.comment(connected.repository, made.id) is None


async def test_comment_of_a_bot_and_of_somebody_who_left_is_nobodys(connected, github, pull):
    robot = github.world.app_by_slug("other-robot")
    copied = github.world.comment(REPO, pull.number, robot.bot, "/deploy staging", app=robot)
    through = github.world.comment(REPO, pull.number, "alice", "/deploy staging", app=robot)
    left = github.world.comment(REPO, pull.number, "bob", "/deploy staging")
    github.world.delete_user("bob")

    for made in (copied, through, left):
        found = await connected.app.reads.comment(connected.repository, made.id)
        assert found is not None
        assert found.is_bot


async def test_comment_without_an_author_is_nobodys(app, scripted, repository):
    scripted.says(
        "GET /repos/acme/shop/issues/comments/7",
        Said(
            body={
                "id": 7,
                "body": None,
                "user": None,
                "created_at": "2026-01-02T12:00:00Z",
                "updated_at": "2026-01-02T12:00:00Z",
            }
        ),
    )

    found = await app.reads.comment(repository, 7)

    assert (found.is_bot, found.body, found.author) == (True, "", Person(id=0, login="ghost"))
    assert found.created_at == datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.NONE])
async def test_role_is_githubs_own_word(connect, github, role, api_version):
    ours = connect(api_version)
    carol = github.world.add_user("carol")
    github.world.grant(REPO, carol, role)

    assert await ours.app.reads.role(ours.repository, "carol") == (carol.id, role)


async def test_role_taken_away_is_none(connected, github):
    carol = github.world.add_user("carol")
    github.world.grant(REPO, carol, "write")
    github.world.grant(REPO, carol, "none")

    assert await connected.app.reads.role(connected.repository, "carol") == (carol.id, Role.NONE)


@pytest.mark.parametrize(("base", "counts_as"), [("maintain", Role.WRITE), ("write", Role.WRITE), ("read", Role.READ)])
async def test_organisations_own_role_counts_as_its_base(connected, github, base, counts_as):
    carol = github.world.add_user("carol")
    github.world.grant(REPO, carol, base, name="deployer")

    assert await connected.app.reads.role(connected.repository, "carol") == (carol.id, counts_as)


async def test_unknown_words_for_a_role_are_no_right(app, scripted, repository):
    scripted.says(
        "GET /repos/acme/shop/collaborators/carol/permission",
        Said(body={"permission": "owner", "role_name": "boss", "user": {"login": "carol", "id": 3}}),
        Said(body={"permission": "admin", "role_name": "admin", "user": None}),
    )

    assert await app.reads.role(repository, "carol") == (3, Role.NONE)
    with pytest.raises(RejectedError):
        await app.reads.role(repository, "carol")


async def test_account_behind_a_login_that_was_taken_by_somebody_else_has_another_number(connected, github):
    old = github.world.user("alice").id
    github.world.delete_user("alice")
    github.world.add_user("alice")

    number, role = await connected.app.reads.role(connected.repository, "alice")

    assert number != old
    assert role is Role.NONE


async def test_nobody_is_a_no(connected):
    with pytest.raises(RejectedError):
        await connected.app.reads.role(connected.repository, "nobody")
    with pytest.raises(RejectedError):
        await connected.app.reads.role(connected.repository, "greenlane[bot]")


async def test_odd_login_stays_inside_its_place_in_the_address(connected, github):
    with pytest.raises(RejectedError):
        await connected.app.reads.role(connected.repository, "alice/../bob?x=1#")

    paths = {one.path for one in github.world.requests.of(PERMISSION)}
    assert paths == {f"/repos/{REPO}/collaborators/alice%2F..%2Fbob%3Fx%3D1%23/permission"}


@pytest.mark.parametrize(("kind", "raised"), [("forbidden", ForbiddenError), ("not_found", NotFoundError)])
async def test_role_that_may_not_be_read_is_a_no(connected, github, kind, raised):
    github.world.faults.add(Fault(kind=kind, operation=PERMISSION, times=None))

    with pytest.raises(raised):
        await connected.app.reads.role(connected.repository, "alice")


async def test_role_that_can_not_be_asked_is_unknown(connected, github):
    github.world.faults.add(Fault(kind="html", status=502, operation=PERMISSION, times=None))

    with pytest.raises(TransientError):
        await connected.app.reads.role(connected.repository, "alice")


async def test_team_membership_counts_while_active(connected, github):
    team = github.world.org("acme").teams["payments"]
    reads, repo = connected.app.reads, connected.repository
    assert await reads.is_in_team(repo, "acme/payments", "alice")
    assert await reads.is_in_team(repo, "Acme/payments", "alice")
    assert not await reads.is_in_team(repo, "acme/payments", "bob")

    github.world.join_team(team, "bob", state="pending")
    assert not await reads.is_in_team(repo, "acme/payments", "bob")
    github.world.join_team(team, "bob")
    assert await reads.is_in_team(repo, "acme/payments", "bob")
    github.world.leave_team(team, "bob")
    assert not await reads.is_in_team(repo, "acme/payments", "bob")


async def test_members_of_a_team_below_are_members(connected, github):
    above = github.world.org("acme").teams["payments"]
    github.world.add_team("acme", "payments-night", ["bob"], parent=above)

    assert await connected.app.reads.is_in_team(connected.repository, "acme/payments", "bob")
    assert not await connected.app.reads.is_in_team(connected.repository, "acme/payments-night", "alice")


async def test_team_that_is_not_there_has_no_members(connected):
    assert not await connected.app.reads.is_in_team(connected.repository, "acme/nothing", "alice")


@pytest.mark.parametrize("kind", [None, "not_found"])
async def test_without_the_right_to_read_members_nothing_is_known(connected, github, kind):
    del github.installation.permissions["members"]
    if kind:
        github.world.faults.add(Fault(kind=kind, operation=MEMBERSHIP, times=None))

    with pytest.raises(RejectedError, match="members=read") as caught:
        await connected.app.reads.is_in_team(connected.repository, "acme/payments", "alice")
    assert caught.value.reason == "github_forbidden"


async def test_refused_membership_is_a_no_and_not_an_answer(connected, github):
    github.world.faults.add(Fault(kind="forbidden", operation=MEMBERSHIP, times=None))

    with pytest.raises(ForbiddenError):
        await connected.app.reads.is_in_team(connected.repository, "acme/payments", "alice")


@pytest.mark.parametrize("team", ["elsewhere/payments", "payments", "acme.evil/payments", "/payments"])
async def test_team_of_another_organisation_is_never_asked(connected, github, team):
    org = github.world.add_org("elsewhere")
    github.world.add_team(org, "payments", ["alice"])

    with pytest.raises(RejectedError) as caught:
        await connected.app.reads.is_in_team(connected.repository, team, "alice")
    assert caught.value.reason == "team_elsewhere"
    assert list(github.world.requests) == []


async def test_approval_is_of_the_commit_that_was_seen(connect, github, pull, api_version):
    ours = connect(api_version)
    seen = pull.head_sha
    github.world.review(pull, by="bob", state="APPROVED")
    github.world.push(REPO, "feature", author="alice", files={"a": "2"}, message="more")

    found = await ours.app.reads.approvals(ours.repository, pull.number)

    assert found == [Approval(person=Person(id=github.world.user("bob").id, login="bob"), sha=seen)]
    assert pull.head_sha != seen


async def test_latest_decision_of_each_counts(connected, github, pull):
    world = github.world
    for login in ("carol", "dave", "erin"):
        world.add_member("acme", world.add_user(login))
    world.review(pull, by="bob", state="APPROVED")
    world.review(pull, by="bob", state="COMMENTED", body="nice")
    world.review(pull, by="carol", state="APPROVED")
    world.review(pull, by="carol", state="CHANGES_REQUESTED", body="wait")
    world.review(pull, by="dave", state="CHANGES_REQUESTED", body="no")
    world.review(pull, by="dave", state="APPROVED")
    dismissed = world.review(pull, by="erin", state="APPROVED")
    world.dismiss_review(pull, dismissed.id, by="alice")

    found = await connected.app.reads.approvals(connected.repository, pull.number)

    assert {each.person.login for each in found} == {"bob", "dave"}


async def test_decision_on_a_later_page_counts(connected, github, pull):
    github.world.review(pull, by="bob", state="APPROVED")
    for index in range(120):
        github.world.review(pull, by="alice", state="COMMENTED", body=f"{index}")
    github.world.review(pull, by="bob", state="CHANGES_REQUESTED", body="wait")

    assert await connected.app.reads.approvals(connected.repository, pull.number) == []


async def test_approval_by_a_bot_a_ghost_or_of_a_lost_commit_is_none(app, scripted, repository):
    def review(number, user, **changes):
        said = {"id": number, "state": "APPROVED", "commit_id": "a" * 40, "submitted_at": "2026-01-02T12:00:00Z"}
        return said | {"user": user} | changes

    carol = {"login": "carol", "id": 3, "type": "User"}
    scripted.says(
        "GET /repos/acme/shop/pulls/1/reviews",
        Said(
            body=[
                review(1, {"login": "robot[bot]", "id": 9, "type": "Bot"}),
                review(2, {"login": "ghost", "id": 10137, "type": "User"}),
                review(3, None),
                review(4, carol),
                review(5, carol, commit_id=None, submitted_at="2026-01-02T12:00:01Z"),
                review(6, carol, state="PENDING", submitted_at=None),
            ]
        ),
    )

    assert await app.reads.approvals(repository, 1) == []


async def test_heads_of_open_pulls_over_pages_forks_included(connected, github):
    world = github.world
    world.add_user("carol")
    fork = world.add_repository("carol/checkout", fork_of=github.repository)
    world.push(fork, "idea", author="carol", files={"i": "1"}, message="idea")
    expected = {}
    for index in range(101):
        world.push(REPO, f"b{index}", author="alice", files={f"{index}": "1"}, message="work")
        opened = world.open_pull(REPO, head=f"b{index}", base="main", title="T", author="alice")
        expected[opened.number] = opened.head_sha
    world.close(REPO, opened.number, by="alice")
    del expected[opened.number]
    forked = world.open_pull(REPO, head="carol:idea", base="main", title="F", author="carol")

    found = await connected.app.reads.open_heads(connected.repository)

    assert found == expected | {forked.number: forked.head_sha}


async def test_pull_says_where_its_head_is_and_who_did_what(connected, github, pull):
    reads, repo = connected.app.reads, connected.repository
    alice, bob = github.world.user("alice").id, github.world.user("bob").id
    before = await reads.pull(repo, pull.number)
    github.world.merge(REPO, pull.number, by="bob")
    after = await reads.pull(repo, pull.number)

    assert (before.head_repository_id, before.author_id, before.merged_by_id) == (repo.id, alice, None)
    assert (after.author_id, after.merged_by_id) == (alice, bob)


async def test_pull_from_a_fork_says_so_until_the_fork_is_gone(connected, github):
    world = github.world
    world.add_user("carol")
    fork = world.add_repository("carol/checkout", fork_of=github.repository)
    world.push(fork, "idea", author="carol", files={"i": "1"}, message="idea")
    opened = world.open_pull(REPO, head="carol:idea", base="main", title="F", author="carol")

    assert (await connected.app.reads.pull(connected.repository, opened.number)).head_repository_id == fork.id
    world.delete_fork(fork)
    assert (await connected.app.reads.pull(connected.repository, opened.number)).head_repository_id is None


async def test_comparison_tells_authors_and_newest_titles(connect, github, api_version):
    ours = connect(api_version)
    base = github.repository.head("main")
    for index in range(12):
        author = "bob" if index == 3 else "alice"
        github.world.push(REPO, "main", author=author, files={"n": str(index)}, message=f"Step {index}\n\nBody")
    head = github.repository.head("main")

    found = await ours.app.reads.compare(ours.repository, base=base, head=head)

    assert (found.relation, found.ahead_by, found.behind_by) == ("ahead", 12, 0)
    assert found.authors == ("alice", "bob")
    assert found.titles == tuple(f"Step {index}" for index in range(11, 1, -1))
    assert found.url.endswith(f"/{REPO}/compare/{base}...{head}")


async def test_long_comparison_has_its_newest_titles_from_the_last_page(connected, github):
    base = github.repository.head("main")
    for index in range(405):
        author = "bob" if index == 240 else "alice"
        github.world.push(REPO, "main", author=author, files={"n": str(index)}, message=f"Step {index}")
    head = github.repository.head("main")
    github.world.requests.clear()

    found = await connected.app.reads.compare(connected.repository, base=base, head=head)

    assert found.ahead_by == 405
    assert found.authors == ("alice", "bob")
    assert found.titles == tuple(f"Step {index}" for index in range(404, 394, -1))
    assert len(github.world.requests.of("repos/compare-commits-with-basehead")) == 5


async def test_comparison_with_an_author_without_account_has_the_name(app, scripted, repository):
    def commit(message, author, name):
        return {"sha": "c" * 40, "commit": {"message": message, "author": {"name": name}}, "author": author}

    scripted.says(
        "GET /repos/acme/shop/compare/a...b",
        Said(
            body={
                "status": "diverged",
                "ahead_by": 4,
                "behind_by": 1,
                "total_commits": 4,
                "html_url": "https://github.com/acme/shop/compare/a...b",
                "commits": [
                    commit("One", None, "Dora"),
                    commit("Two", {}, "Dora"),
                    commit("", {"login": "renovate[bot]"}, "R"),
                    commit("Four", {"login": "carol"}, "Carol"),
                ],
            }
        ),
    )

    found = await app.reads.compare(repository, base="a", head="b")

    assert found.authors == ("Dora", "renovate[bot]", "carol")
    assert found.titles == ("Four", "", "Two", "One")
    assert (found.relation, found.ahead_by, found.behind_by) == ("diverged", 4, 1)


async def test_comparison_with_an_unknown_commit_is_a_no(connected, github):
    with pytest.raises(NotFoundError):
        await connected.app.reads.compare(connected.repository, base=github.repository.head("main"), head="e" * 40)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://github.com/acme/shop/compare/a...b", "https://github.com/acme/shop/compare/a...b"),
        ("http://127.0.0.1:8484/a/b/compare/a...b?x=1#y", "http://127.0.0.1:8484/a/b/compare/a...b?x=1"),
        ("https://github.com/a/b) [x](javascript:1", "https://github.com/a/b%29%20%5Bx%5D%28javascript:1"),
        ("https://github.com/a\n<img>", "https://github.com/a%3Cimg%3E"),
        ("javascript:alert(1)", ""),
        ("https://github.com@evil.example/", ""),
        ("//evil.example/", ""),
        ("https://[", ""),
        ("", ""),
    ],
)
def test_address_can_not_leave_its_link(url, safe):
    assert safe_url(url) == safe
