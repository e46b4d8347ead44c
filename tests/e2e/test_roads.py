"""Every way in which code comes to its environment, to the end: what runs, and what GitHub shows of it."""

import pytest
import pytest_asyncio

from tests.e2e.scenery import app, environment, open_stage
from tests.e2e.stage import Merged, Stage, repository_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

HALVES, PAIR = repository_of("halves"), repository_of("pair")
HOUSE = (
    app("merge"),
    app("squash"),
    app("rebase"),
    app("twice", environments={"production": environment("twice-production", workload="twice", deploy="on-merge")}),
    app("pushed", environments={"staging": environment("pushed-staging", workload="pushed", deploy="on-push")}),
    app("classic", checks={"require": ["ci/jenkins"]}),
    app("ruled", checks=None),
    app("again"),
    app("early"),
    app("crowded", checks=None),
    app("unchecked", checks="none"),
    app("halves", paths=["left/**"]),
    app("others", repository=HALVES, paths=["right/**"]),
    app("pair", paths=["left/**"]),
    app("twin", repository=PAIR, paths=["right/**"]),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory, app_key):
    async with open_stage(tmp_path_factory.mktemp("roads"), *HOUSE, key=app_key) as opened:
        yield opened


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
async def test_merged_commit_runs_and_is_reported(stage: Stage, method):
    before = await stage.workload(method)
    merged = await stage.merge(method, method=method)
    await stage.said(merged, "waiting for")

    await stage.ci(merged)
    (deployment,) = await stage.deployed(merged)
    await stage.said(merged, "**staging**", "✅ deployed", merged.sha[:7])

    after = await stage.workload(method)
    assert after["image"].startswith(f"{stage.registry}/{method}:{merged.sha}@sha256:")
    assert after["generation"] == before["generation"] + 1
    assert after["annotations"]["greenlane.dev/commit"] == merged.sha
    assert [each["conclusion"] for each in await stage.own_checks(merged)] == ["success"]
    assert [each["state"] for each in deployment["statuses"]].count("success") == 1
    assert len(await stage.bot_comments(merged)) == 1
    assert len(written := await stage.writes(merged.repository)) <= 6, written


async def test_second_production_deploy_makes_the_first_inactive(stage: Stage):
    """GitHub leaves older deployments of a production environment active; that they are over is ours to say."""
    first = await stage.merge("twice")
    await stage.ci(first)
    await stage.deployed(first)

    second = await stage.merge("twice")
    await stage.ci(second)
    (deployment,) = await stage.deployed(second)

    assert deployment["production"] is True
    (older,) = await stage.deployed(first, state="inactive")
    assert [each["state"] for each in older["statuses"]].count("inactive") == 1


async def test_staging_s_older_deployment_ends_as_well(stage: Stage):
    first = await _deploy(stage, "again")

    await _deploy(stage, "again")

    await stage.deployed(first, state="inactive")


async def test_checks_that_were_green_before_the_merge_count(stage: Stage):
    """Squashed or rebased, a commit may be tested elsewhere first; here CI is faster than the merge's webhook."""
    await stage.fault("webhooks", delay=[0.5, 0.5], events=["pull_request"])
    merged = await stage.merge("early")

    await stage.ci(merged)

    await stage.deployed(merged)
    await stage.door.delete("/faults")


async def test_push_without_pull_request_is_deployed(stage: Stage):
    pushed = await stage.door.post(f"/repos/{repository_of('pushed')}/pushes", author="alice", files={"a.py": "1\n"})

    await stage.door.post(f"/repos/{repository_of('pushed')}/ci", sha=pushed["sha"], result="pass")

    merged = Merged(app="pushed", repository=repository_of("pushed"), number=0, sha=pushed["sha"])
    await stage.deployed(merged)
    assert (await stage.workload("pushed"))["image"].startswith(f"{stage.registry}/pushed:{pushed['sha']}@")
    (intent,) = await stage.intents(merged)
    assert (intent["state"], intent["pull_request"], intent["kind"]) == ("succeeded", None, "automatic")


async def test_merge_is_a_push_too_and_is_told_on_its_pull_request(stage: Stage):
    merged = await _deploy(stage, "pushed")

    await stage.said(merged, "✅ deployed")

    assert (await stage.intents(merged))[0]["pull_request"] == merged.number


async def test_commit_status_alone_opens_the_gate(stage: Stage):
    merged = await stage.merge("classic")
    await _image(stage, merged)
    await _status(stage, merged, "ci/jenkins", "pending")
    await stage.said(merged, "ci/jenkins")

    await _status(stage, merged, "ci/jenkins", "success")

    await stage.deployed(merged)


async def test_branch_s_rules_name_what_must_pass(stage: Stage):
    repository = repository_of("ruled")
    number = await stage.open_pull("ruled")
    await stage.door.post(f"/repos/{repository}/protection", branch="main", checks=["lint", "unit"])
    await stage.door.post(f"/repos/{repository}/pulls/{number}/ci", result="pass")
    done = await stage.door.post(f"/repos/{repository}/pulls/{number}/merge", by="bob", method="squash")
    merged = Merged(app="ruled", repository=repository, number=number, sha=done["merge_commit_sha"])
    await _image(stage, merged)
    await _check(stage, merged, "lint", "success")
    await stage.said(merged, "waiting for", "unit")

    await _check(stage, merged, "unit", "success")

    await stage.deployed(merged)


async def test_suite_that_never_made_a_run_does_not_block(stage: Stage):
    """An App with `checks: write` that does nothing leaves a queued suite on every commit."""
    merged = await stage.merge("crowded")
    await _image(stage, merged)
    await _check(stage, merged, "from elsewhere", "success", app="linter")

    await _check(stage, merged, "build", "success")

    await stage.deployed(merged)


async def test_app_without_checks_is_deployed_at_once(stage: Stage):
    number = await stage.open_pull("unchecked")
    repository = repository_of("unchecked")
    done = await stage.door.post(f"/repos/{repository}/pulls/{number}/merge", by="bob")
    merged = Merged(app="unchecked", repository=repository, number=number, sha=done["merge_commit_sha"])

    await _image(stage, merged)

    await stage.deployed(merged)


@pytest.mark.parametrize(
    ("path", "touched"), [("left/a.py", ["halves"]), ("right/a.py", ["others"]), ("README.md", [])]
)
async def test_paths_say_which_app_a_change_concerns(stage: Stage, path, touched):
    before = {name: await stage.workload(name) for name in ("halves", "others")}

    merged = await stage.merge("halves", files={path: f"{path}\n"})
    await stage.ci(merged)

    if touched:
        found = await stage.deployed(merged)
        assert [each["environment"] for each in found] == [f"staging ({touched[0]})"]
    else:
        await stage.door.get("/quiet")
    assert [each["app"] for each in await stage.intents(merged)] == touched
    after = {name: await stage.workload(name) for name in before}
    assert [name for name in before if before[name]["image"] != after[name]["image"]] == touched


async def test_change_of_both_apps_deploys_both_and_says_so_in_one_comment(stage: Stage):
    merged = await stage.merge("pair", files={"left/b.py": "1\n", "right/b.py": "1\n"})

    await stage.ci(merged)

    found = await stage.deployed(merged, times=2)
    assert {each["environment"] for each in found} == {"staging (pair)", "staging (twin)"}
    assert {each["name"] for each in await stage.own_checks(merged)} == {
        "greenlane / staging (pair)",
        "greenlane / staging (twin)",
    }
    text = await stage.said(merged, "`pair`", "`twin`")
    await stage.until(lambda: stage.said(merged), lambda said: said.count("✅ deployed") >= 2)
    assert len(await stage.bot_comments(merged)) == 1, text


async def _deploy(stage: Stage, name: str) -> Merged:
    merged = await stage.merge(name)
    await stage.ci(merged)
    await stage.deployed(merged)
    return merged


async def _image(stage: Stage, merged: Merged) -> None:
    await stage.door.post("/images", repository=merged.app, tag=merged.sha)


async def _status(stage: Stage, merged: Merged, context: str, state: str) -> None:
    await stage.door.post(f"/repos/{merged.repository}/statuses", sha=merged.sha, context=context, state=state)


async def _check(stage: Stage, merged: Merged, name: str, conclusion: str, **more: str) -> None:
    body = {"sha": merged.sha, "name": name, "conclusion": conclusion} | more
    await stage.door.post(f"/repos/{merged.repository}/checks", **body)
