"""Every read against the emulated GitHub, for both API versions where they differ."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.gate import Outcome, Required, decide
from bot.domain.intent import Repository
from bot.errors import RejectedError, TransientError
from bot.github.errors import NotFoundError
from sandbox.github.faults import Fault

REPO = "acme/checkout"


def merged(world, *, method="squash", branch="feature", files=None, title="Add it") -> tuple[int, str]:
    world.push(REPO, branch, author="alice", files=files or {f"{branch}.txt": "1"}, message="work")
    world.push(REPO, branch, author="alice", files={f"{branch}.2": "2"}, message="more work")
    number = world.open_pull(REPO, head=branch, base="main", title=title, author="alice").number
    return number, world.merge(REPO, number, by="bob" if method == "squash" else "alice", method=method)


def head(world) -> str:
    return world.repository(REPO).head("main")


async def test_app_knows_itself(connected, github):
    assert await connected.app.app_identity() == ("greenlane", github.app.id)


async def test_repository_is_found_with_its_installation(connected, github):
    found = await connected.app.reads.find_repository(REPO)

    assert found == connected.repository


async def test_repository_without_us_is_none(connected, github):
    github.world.add_repository("elsewhere/thing")

    assert await connected.app.reads.find_repository("elsewhere/thing") is None
    assert await connected.app.reads.find_repository("acme/nothing") is None


async def test_renamed_repository_is_found_under_its_old_name(connected, github):
    github.world.rename_repository(REPO, "till")

    found = await connected.app.reads.find_repository(REPO)

    assert found is not None
    assert (found.id, found.full_name) == (github.repository.id, "acme/till")


async def test_reads_follow_a_rename(connected, github):
    sha = head(github.world)
    github.world.report_check(REPO, sha, "build", conclusion="success")
    github.world.rename_repository(REPO, "till")

    assert await connected.app.reads.branch_head(connected.repository, "main") == sha
    assert [run.name for run in (await connected.app.reads.checks(connected.repository, sha)).runs] == ["build"]


async def test_new_repository_under_an_old_name_is_not_taken_for_it(connected, github):
    github.world.rename_repository(REPO, "till")
    github.world.add_repository(REPO)

    with pytest.raises(NotFoundError):
        await connected.app.reads.default_branch(connected.repository)


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
async def test_merged_pull_tells_the_commit_it_left(connect, github, api_version, method):
    ours = connect(api_version)
    merged(github.world, method="merge", branch="before")
    number, sha = merged(github.world, method=method)
    merged(github.world, method="merge", branch="after")

    pull = await ours.app.reads.pull(ours.repository, number)

    assert pull.merged
    assert pull.merge_commit_sha == sha
    assert (pull.base, pull.title, pull.author) == ("main", "Add it", "alice")
    assert pull.merged_by == ("bob" if method == "squash" else "alice")


async def test_open_pull_has_no_merge_commit(connect, github, api_version):
    ours = connect(api_version)
    github.world.push(REPO, "feature", author="alice", files={"a": "1"}, message="work")
    opened = github.world.open_pull(REPO, head="feature", base="main", title="T", author="alice")

    for _ in range(2):  # the second read has GitHub's test merge commit
        pull = await ours.app.reads.pull(ours.repository, opened.number)
        assert (pull.merged, pull.merge_commit_sha, pull.merged_at) == (False, None, None)


async def test_pull_of_a_deleted_fork_can_be_read(connected, github):
    github.world.add_org("carol")
    fork = github.world.add_repository("carol/checkout", fork_of=github.repository)
    github.world.push(fork, "idea", author="bob", files={"a": "1"}, message="idea")
    opened = github.world.open_pull(REPO, head="carol:idea", base="main", title="T", author="bob")
    github.world.delete_fork(fork)

    pull = await connected.app.reads.pull(connected.repository, opened.number)

    assert pull.head_sha == opened.head_sha


async def test_webhook_ahead_of_the_api_reads_as_not_merged_yet(connected, github):
    github.world.lag.merge_visible_after(reads=1)
    number, sha = merged(github.world)

    assert not (await connected.app.reads.pull(connected.repository, number)).merged
    assert (await connected.app.reads.pull(connected.repository, number)).merge_commit_sha == sha


async def test_missing_pull_is_a_no(connected):
    with pytest.raises(NotFoundError):
        await connected.app.reads.pull(connected.repository, 4711)


async def test_merged_pulls_since_a_moment_oldest_first(connect, github, api_version):
    ours = connect(api_version)
    first, _ = merged(github.world, branch="one")
    second, _ = merged(github.world, branch="two")
    github.world.push(REPO, "open", author="alice", files={"o": "1"}, message="o")
    github.world.open_pull(REPO, head="open", base="main", title="open", author="alice")
    since = github.world.clock() - timedelta(minutes=1)

    found = await ours.app.reads.merged_pulls(ours.repository, branch="main", since=since)

    assert [pull.number for pull in found] == [first, second]
    assert await ours.app.reads.merged_pulls(ours.repository, branch="other", since=since) == []
    later = github.world.clock() + timedelta(minutes=1)
    assert await ours.app.reads.merged_pulls(ours.repository, branch="main", since=later) == []


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
async def test_commit_leads_back_to_its_pull(connect, github, api_version, method):
    ours = connect(api_version)
    number, sha = merged(github.world, method=method)
    direct = github.world.push(REPO, "main", author="alice", files={"x": "1"}, message="direct")

    found = await ours.app.reads.pull_of_commit(ours.repository, sha)

    assert found is not None
    assert (found.number, found.merge_commit_sha) == (number, sha)
    assert await ours.app.reads.pull_of_commit(ours.repository, direct) is None


async def test_pull_of_an_unknown_commit_cannot_be_told(connected):
    with pytest.raises(TransientError, match="does not show commit"):
        await connected.app.reads.pull_of_commit(connected.repository, "e" * 40)


async def test_pull_files_over_pages_with_old_names(connected, github):
    github.world.push(REPO, "main", author="alice", files={"old.txt": "unique"}, message="base")
    many: dict[str, str | None] = {f"f{n:03}": str(n) for n in range(130)}
    number, _ = merged(github.world, files={**many, "old.txt": None, "new.txt": "unique"})

    files = await connected.app.reads.pull_files(connected.repository, number)

    assert files >= {"f000", "f129", "old.txt", "new.txt"}


async def test_ancestry_and_files_between_commits(connected, github):
    base = head(github.world)
    tip = github.world.push(REPO, "main", author="alice", files={"a": "1", "b": "2"}, message="two")
    side = github.world.push(REPO, "side", author="alice", files={"c": "3"}, message="side")
    aside = github.world.push(REPO, "main", author="alice", files={"d": "4"}, message="more")
    reads, repo = connected.app.reads, connected.repository

    assert await reads.ancestry(repo, base=base, head=tip) == "ahead"
    assert await reads.ancestry(repo, base=tip, head=base) == "behind"
    assert await reads.ancestry(repo, base=tip, head=tip) == "identical"
    assert await reads.ancestry(repo, base=side, head=aside) == "diverged"
    assert await reads.commit_files(repo, base=base, head=tip) == {"a", "b"}


async def test_too_many_files_are_not_taken_for_all(connected, github):
    base = head(github.world)
    tip = github.world.push(
        REPO, "main", author="alice", files={f"f{n}": "1" for n in range(301)}, message="everything"
    )

    with pytest.raises(RejectedError) as caught:
        await connected.app.reads.commit_files(connected.repository, base=base, head=tip)
    assert caught.value.reason == "too_many_files"


async def test_branch_head(connected, github):
    sha = github.world.push(REPO, "feat/with-slash", author="alice", files={"a": "1"}, message="m")
    reads, repo = connected.app.reads, connected.repository

    assert await reads.branch_head(repo, "feat/with-slash") == sha
    assert await reads.branch_head(repo, "gone") is None
    assert await reads.default_branch(repo) == "main"


async def test_checks_are_complete_over_pages(connect, github, api_version):
    ours, sha = connect(api_version), head(github.world)
    for number in range(130):
        github.world.report_check(REPO, sha, f"job {number}", conclusion="success")
    for number in range(105):
        github.world.report_status(REPO, sha, f"status {number}", "success", by="alice")

    checks = await ours.app.reads.checks(ours.repository, sha)

    assert {run.name for run in checks.runs} == {f"job {number}" for number in range(130)}
    assert {status.context for status in checks.statuses} == {f"status {number}" for number in range(105)}
    assert [(suite.app_slug, suite.runs) for suite in checks.suites if suite.app_slug == "github-actions"] == [
        ("github-actions", 130)
    ]


async def test_failing_second_page_is_cannot_tell(connected, github):
    sha = head(github.world)
    for number in range(101):
        github.world.report_check(REPO, sha, f"job {number}", conclusion="success")
    github.world.faults.add(Fault(kind="html", operation="checks/list-for-ref", nth=2, times=None))

    with pytest.raises(TransientError):
        await connected.app.reads.checks(connected.repository, sha)


async def test_newest_status_of_each_context_with_who_set_it(connected, github):
    sha = head(github.world)
    github.world.report_status(REPO, sha, "ci/build", "pending")
    github.world.report_status(REPO, sha, "CI/Build", "success")
    github.world.report_status(REPO, sha, "by hand", "success", by="alice")

    found = (await connected.app.reads.checks(connected.repository, sha)).statuses

    assert {(one.context, one.state, one.app_id) for one in found} == {
        ("CI/Build", "success", 15368),
        ("by hand", "success", None),
    }


async def test_unknown_commit_is_cannot_tell(connected):
    with pytest.raises(TransientError, match="does not show commit eeeeeee"):
        await connected.app.reads.checks(connected.repository, "e" * 40)


async def test_required_checks_of_rulesets_and_protection_together(connect, github, api_version):
    ours = connect(api_version)
    github.world.protect(REPO, "main", [("build", 15368), ("test", None)], "ruleset")
    github.world.protect(REPO, "main", [("lint", None), ("test", None)], "classic")

    found = await ours.app.reads.required_checks(ours.repository, "main")

    assert set(found) == {Required(name="build", app_id=15368), Required(name="test"), Required(name="lint")}


async def test_nothing_required_is_said_only_when_read(connected, github):
    assert await connected.app.reads.required_checks(connected.repository, "main") == ()


@pytest.mark.parametrize("operation", ["repos/get-branch-rules", "repos/get-branch"])
@pytest.mark.parametrize("status", [403, 404])
async def test_unreadable_rules_are_never_nothing(connected, github, operation, status):
    github.world.faults.add(Fault(kind="young_token", status=status, operation=operation, times=None))

    with pytest.raises(TransientError, match="can't be read"):
        await connected.app.reads.required_checks(connected.repository, "main")


async def test_rules_of_a_missing_branch_cannot_be_read(connected):
    with pytest.raises(TransientError):
        await connected.app.reads.required_checks(connected.repository, "gone")


async def test_the_gate_on_what_was_read(connected, github):
    world, sha = github.world, head(github.world)
    world.open_suite(REPO, sha, app="netlify")
    world.report_check(REPO, sha, "build", conclusion="success")
    world.report_check(REPO, sha, "test", status="in_progress")
    own = {"ignore": (), "none_allowed": False, "own_app_id": github.app.id, "now": world.clock()}

    waiting = decide(await connected.app.reads.checks(connected.repository, sha), required=None, **own)
    world.report_check(REPO, sha, "test", conclusion="success")
    passed = decide(await connected.app.reads.checks(connected.repository, sha), required=None, **own)

    assert waiting.sentence == "waiting for `test` (1 of 2 checks passed)"
    assert (passed.outcome, passed.sentence) == (Outcome.PASS, "`build` and `test` passed")


async def test_repository_taken_away_is_a_no(connected, github):
    github.world.uninstall(github.installation)

    with pytest.raises(RejectedError) as caught:
        await connected.app.reads.default_branch(connected.repository)
    assert caught.value.reason == "github_not_installed"


async def test_repository_no_longer_selected_is_a_no(connected, github):
    github.world.add_repository("acme/other")
    await connected.app.reads.default_branch(connected.repository)
    github.world.uninstall(github.installation)
    again = github.world.install(github.app, "acme", ["acme/other"])
    moved = replace(connected.repository, installation_id=again.id)

    with pytest.raises(RejectedError) as caught:
        await connected.app.reads.default_branch(moved)
    assert caught.value.reason == "github_not_installed"
    assert await connected.app.reads.find_repository(REPO) is None


async def test_missing_permission_is_named(connected, github):
    rights = {name: level for name, level in github.installation.permissions.items() if name != "checks"}
    github.installation.permissions = rights
    reads, repo = connected.app.reads, connected.repository

    assert await reads.default_branch(repo) == "main"
    with pytest.raises(RejectedError, match="needs checks=read") as caught:
        await reads.checks(repo, head(github.world))
    assert caught.value.reason == "github_forbidden"
    assert connected.slept == []


async def test_suspension_during_work_is_told_in_githubs_words(connected, github):
    await connected.app.reads.default_branch(connected.repository)
    github.world.suspend(github.installation, by="alice")

    with pytest.raises(RejectedError, match="suspended"):
        await connected.app.reads.default_branch(connected.repository)
    assert connected.slept == []


async def test_suspended_installation_is_a_no(connected, github):
    github.world.suspend(github.installation, by="alice")

    with pytest.raises(RejectedError) as caught:
        await connected.app.reads.default_branch(connected.repository)
    assert caught.value.reason == "github_suspended"


async def test_token_is_for_this_repository_only(connected, github):
    github.world.add_repository("acme/secret")
    await connected.app.reads.default_branch(connected.repository)

    (token,) = github.world.tokens.values()

    assert [one.full_name for one in token.repositories or []] == [REPO]
    with pytest.raises(NotFoundError):
        await connected.app.reads.default_branch(
            Repository(
                id=connected.repository.id,
                full_name="acme/secret",
                installation_id=connected.repository.installation_id,
            )
        )


async def test_full_grants_lack_nothing(connected, github):
    assert await connected.app.grants.app() == ("greenlane", github.app.id)
    assert await connected.app.grants.missing(github.installation.id) == []


async def test_missing_grants_are_named(connected, github):
    # Given an owner who accepted less
    github.installation.permissions["checks"] = "read"
    del github.installation.permissions["statuses"]
    github.installation.app.events = ("push", "pull_request", "check_run", "check_suite", "workflow_run")

    # When
    missing = await connected.app.grants.missing(github.installation.id)

    # Then
    assert missing == [
        "permission `checks: write`",
        "permission `statuses: read`",
        "event `issue_comment`",
        "event `status`",
    ]
