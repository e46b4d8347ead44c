"""What GitHub does by itself when people act: suites, merges, roll-ups, events."""

import pytest

from sandbox.github import RefusedError
from sandbox.github.apps import ACTIONS_APP_ID


def _pull(github, *, branch="feat", files=None):
    world, repo = github.world, github.repository
    world.push(repo, branch, author="alice", files=files or {f"{branch}.txt": "1\n"}, message=f"Add {branch}")
    return world.open_pull(repo, head=branch, base="main", title=f"Add {branch}", author="alice")


async def test_push_opens_our_suite_which_stays_queued_and_empty(github, listener):
    sha = github.world.push(github.repository, "main", author="alice", files={"a": "1"}, message="a")
    await github.world.quiet()

    answer = await github.call("GET", f"/repos/acme/checkout/commits/{sha}/check-suites")

    [suite] = answer.body["check_suites"]
    assert (suite["status"], suite["conclusion"], suite["latest_check_runs_count"]) == ("queued", None, 0)
    assert suite["app"]["id"] == github.app.id
    assert listener.events == ["push", "check_suite.requested"]


async def test_suites_can_be_turned_off(github):
    github.repository.auto_trigger[github.app.id] = False

    github.world.push(github.repository, "main", author="alice", files={"a": "1"}, message="a")

    assert github.repository.suites == {}


async def test_check_without_write_permission_opens_no_suite(github):
    github.installation.permissions["checks"] = "read"

    github.world.push(github.repository, "main", author="alice", files={"a": "1"}, message="a")

    assert github.repository.suites == {}


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


async def test_suite_completes_with_its_last_run_and_the_worst_wins(github, listener):
    world, repo, sha = github.world, github.repository, github.repository.head("main")
    for name in ("build", "test"):
        world.report_check(repo, sha, name, status="queued")
    world.report_check(repo, sha, "build", conclusion="failure")
    await world.quiet()
    assert "check_suite.completed" not in listener.events

    world.report_check(repo, sha, "test", conclusion="success")
    await world.quiet()

    assert listener.last("check_suite.completed")["check_suite"]["conclusion"] == "failure"
    assert listener.last("workflow_run.completed")["workflow_run"]["conclusion"] == "failure"


async def test_rerequest_clears_the_conclusion_and_completes_again(github, listener):
    world, repo, sha = github.world, github.repository, github.repository.head("main")
    run = world.report_check(repo, sha, "build", conclusion="failure")

    world.rerequest_suite(run.suite, by="alice")
    assert (run.suite.status, run.suite.conclusion) == ("queued", None)
    world.report_check(repo, sha, "build", conclusion="success")
    await world.quiet()

    assert listener.events.count("check_suite.completed") == 2
    latest = await github.call("GET", f"/repos/acme/checkout/commits/{sha}/check-runs")
    everything = await github.call("GET", f"/repos/acme/checkout/commits/{sha}/check-runs?filter=all")
    assert [one["conclusion"] for one in latest.body["check_runs"]] == ["success"]
    assert len(everything.body["check_runs"]) == 2


async def test_two_workflows_may_have_a_job_of_the_same_name(github):
    world, repo, sha = github.world, github.repository, github.repository.head("main")
    world.report_check(repo, sha, "build", conclusion="success", workflow="CI")
    world.report_check(repo, sha, "build", conclusion="failure", workflow="Nightly")

    answer = await github.call("GET", f"/repos/acme/checkout/commits/{sha}/check-runs?check_name=build")

    assert {one["conclusion"] for one in answer.body["check_runs"]} == {"success", "failure"}


async def test_fork_pull_request_has_no_pulls_in_its_checks(github, listener):
    world, repo = github.world, github.repository
    fork = world.add_repository("bob/checkout", fork_of=repo)
    world.push(fork, "feat", author="bob", files={"x": "1"}, message="x")
    pull = world.open_pull(repo, head="bob:feat", base="main", title="x", author="bob")

    world.report_check(repo, pull.head_sha, "build", conclusion="success")
    await world.quiet()
    world.delete_fork(fork)
    shown = await github.call("GET", f"/repos/acme/checkout/pulls/{pull.number}")

    assert listener.last("check_run.completed")["check_run"]["pull_requests"] == []
    assert (shown.body["head"]["repo"], shown.body["head"]["user"]) == (None, None)


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


async def test_rerun_button_asks_only_the_app_that_made_the_run(github, listener):
    world, repo, sha = github.world, github.repository, github.repository.head("main")
    suite = world.suite_for(repo, sha, github.app)
    button = {"label": "Again", "description": "again", "identifier": "again"}
    ours = world.create_run(suite, name="greenlane", status="completed", conclusion="success", actions=[button])
    theirs = world.report_check(repo, sha, "build", conclusion="success")

    world.rerequest_run(theirs, by="alice")
    world.rerequest_run(ours, by="alice")
    world.press_button(ours, "again", by="alice")
    await world.quiet()

    assert listener.events.count("check_run.rerequested") == 1
    pressed = listener.last("check_run.requested_action")
    assert (pressed["requested_action"]["identifier"], pressed["sender"]["login"]) == ("again", "alice")
