"""What GitHub does by itself when people push, merge, close and install."""

import pytest

from sandbox.github import RefusedError
from sandbox.github.apps import ACTIONS_APP_ID


async def test_push_to_a_pull_request_synchronizes_it(github, listener):
    pull = _pull(github)
    old = pull.head_sha

    new = github.world.push(github.repository, "feat", author="alice", files={"b": "2"}, message="more")
    await github.world.quiet()

    event = listener.last("pull_request.synchronize")
    assert (event["before"], event["after"], event["pull_request"]["head"]["sha"]) == (old, new, new)


async def test_force_push_says_so(github, listener):
    first = github.world.push(github.repository, "feat", author="alice", files={"a": "1"}, message="a")

    github.world.push(github.repository, "feat", author="alice", files={"a": "2"}, message="b", force=True)
    await github.world.quiet()

    assert listener.last("push")["forced"] is True
    assert listener.last("push")["before"] == first


async def test_new_branch_tells_only_its_own_commits(github, listener):
    github.world.push(github.repository, "feat", author="alice", files={"a": "1"}, message="mine")
    await github.world.quiet()

    event = listener.last("push")
    assert [commit["message"] for commit in event["commits"]] == ["mine"]
    assert (event["created"], event["before"]) == (True, "0" * 40)


async def test_merge_commit_has_both_parents(github):
    pull, base = _pull(github), github.repository.head("main")

    sha = github.world.merge(github.repository, pull.number, by="alice", method="merge")

    assert github.world.commits[sha].parents == (base, pull.head_sha)
    assert github.repository.head("main") == sha


async def test_squash_is_one_commit_by_the_author(github):
    pull, base = _pull(github), github.repository.head("main")
    github.world.push(github.repository, "feat", author="alice", files={"c": "3"}, message="more")

    sha = github.world.merge(github.repository, pull.number, by="bob", method="squash")

    commit = github.world.commits[sha]
    assert (commit.parents, commit.author.login) == ((base,), "alice")
    assert {"feat.txt", "c"} <= commit.files.keys()
    assert commit.message.startswith(f"Add feat (#{pull.number})")


async def test_rebase_replays_each_commit(github):
    pull = _pull(github)
    github.world.push(github.repository, "feat", author="alice", files={"c": "3"}, message="more")
    base = github.world.push(github.repository, "main", author="alice", files={"d": "4"}, message="elsewhere")

    sha = github.world.merge(github.repository, pull.number, by="bob", method="rebase")

    last = github.world.commits[sha]
    first = github.world.commits[last.parents[0]]
    assert (last.message, first.message, first.parents) == ("more", "Add feat", (base,))
    assert sha != pull.head_sha
    assert pull.merge_commit_sha == sha


async def test_conflict_can_not_be_merged(github):
    pull = _pull(github, files={"README.md": "mine"})
    github.world.push(github.repository, "main", author="alice", files={"README.md": "theirs"}, message="x")

    with pytest.raises(RefusedError, match="405 Pull Request is not mergeable"):
        github.world.merge(github.repository, pull.number, by="alice")


async def test_merge_that_saw_another_head_is_refused(github):
    pull = _pull(github)

    with pytest.raises(RefusedError, match="409 Head branch was modified"):
        github.world.merge(github.repository, pull.number, by="alice", sha="0" * 40)


@pytest.mark.parametrize("how", ["ruleset", "classic"])
async def test_required_check_blocks_until_its_app_says_yes(github, how):
    world, repo = github.world, github.repository
    world.protect(repo, "main", [("build", ACTIONS_APP_ID)], how=how)
    pull = _pull(github)
    for wrong in ({"app": "someone-else", "conclusion": "success"}, {"conclusion": "failure"}):
        world.report_check(repo, pull.head_sha, "build", **wrong)
        with pytest.raises(RefusedError, match='Required status check "build"'):
            world.merge(repo, pull.number, by="alice")

    world.report_check(repo, pull.head_sha, "build", conclusion="skipped")

    assert world.merge(repo, pull.number, by="alice")


async def test_merged_pull_carries_its_commit_and_person(github, listener):
    pull = _pull(github)
    sha = github.world.merge(github.repository, pull.number, by="bob", method="squash")
    await github.world.quiet()

    shown = listener.last("pull_request.closed")["pull_request"]

    assert (shown["merged"], shown["merge_commit_sha"], shown["merged_by"]["login"]) == (True, sha, "bob")
    assert listener.last("push")["after"] == sha


async def test_merge_commit_sha_is_the_test_merge_before(github):
    pull = _pull(github)
    path = f"/repos/acme/checkout/pulls/{pull.number}"

    first = (await github.call("GET", path)).body
    second = (await github.call("GET", path)).body

    assert (first["mergeable"], first["merge_commit_sha"]) == (None, None)
    assert second["mergeable"] is True
    assert second["merge_commit_sha"] not in (None, pull.head_sha, github.repository.head("main"))


async def test_closed_without_merge_still_has_a_merge_commit_sha(github, listener):
    pull = _pull(github)

    github.world.close(github.repository, pull.number, by="alice")
    await github.world.quiet()

    shown = listener.last("pull_request.closed")["pull_request"]
    assert shown["merged"] is False
    assert shown["merge_commit_sha"] is not None


async def test_reopened(github, listener):
    pull = _pull(github)
    github.world.close(github.repository, pull.number, by="alice")

    github.world.reopen(github.repository, pull.number, by="alice")
    await github.world.quiet()

    assert listener.last("pull_request.reopened")["pull_request"]["state"] == "open"


async def test_pushing_the_head_into_base_merges_the_pull_request(github):
    pull = _pull(github)
    alice = github.world.user("alice")

    github.world.move_ref(github.repository, "refs/heads/main", pull.head_sha, by=alice)

    assert pull.merged
    assert pull.merged_by is alice


async def test_pulls_of_a_base_commit_are_the_merged_one(github):
    pull, other = _pull(github), _pull(github, branch="other")
    sha = github.world.merge(github.repository, pull.number, by="alice", method="rebase")

    on_base = await github.call("GET", f"/repos/acme/checkout/commits/{sha}/pulls")
    on_head = await github.call("GET", f"/repos/acme/checkout/commits/{other.head_sha}/pulls")

    assert [one["number"] for one in on_base.body] == [pull.number]
    assert [one["number"] for one in on_head.body] == [other.number]


async def test_api_may_show_a_merged_pull_request_as_open_for_a_while(github):
    pull = _pull(github)
    github.world.lag.merge_visible_after(reads=2)
    github.world.merge(github.repository, pull.number, by="alice")
    path = f"/repos/acme/checkout/pulls/{pull.number}"

    seen = [(await github.call("GET", path)).body["merged"] for _ in range(3)]

    assert seen == [False, False, True]


async def test_head_can_move_under_the_reader(github):
    pull = _pull(github)
    github.world.move_head_after(github.repository, pull.number, reads=1, by="bob", files={"z": "1"})
    path = f"/repos/acme/checkout/pulls/{pull.number}"

    heads = [(await github.call("GET", path)).body["head"]["sha"] for _ in range(3)]

    assert heads[0] != heads[1]
    assert heads[1] == heads[2]


async def test_installation_changes_are_told(github, listener):
    world = github.world
    world.suspend(github.installation, by="alice")
    world.unsuspend(github.installation, by="alice")
    world.uninstall(github.installation, by="alice")
    narrow = world.install(github.app, "acme", ["acme/checkout"])
    world.change_repositories(narrow, remove=["acme/checkout"], by="alice")
    await world.quiet()

    assert listener.events == [
        "installation.suspend",
        "installation.unsuspend",
        "installation.deleted",
        "installation.created",
        "installation_repositories.removed",
    ]


async def test_ping(github, listener):
    github.world.ping(github.app)
    await github.world.quiet()

    assert listener.events == ["ping"]


def _pull(github, *, branch="feat", files=None):
    world, repo = github.world, github.repository
    world.push(repo, branch, author="alice", files=files or {f"{branch}.txt": "1\n"}, message=f"Add {branch}")
    return world.open_pull(repo, head=branch, base="main", title=f"Add {branch}", author="alice")
