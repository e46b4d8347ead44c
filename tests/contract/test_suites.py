"""Suites, runs and workflow runs: opened by pushes, rolled up, asked for again."""

import pytest

from sandbox.github import RefusedError


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


@pytest.mark.parametrize("wrong", [{"conclusion": "succes"}, {"status": "done"}, {"status": "completed"}])
async def test_words_github_does_not_know_are_refused(github, wrong):
    with pytest.raises(RefusedError, match="422"):
        github.world.report_check(github.repository, github.repository.head("main"), "build", **wrong)
