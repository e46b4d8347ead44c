"""Every write against the emulated GitHub: once when all is well, and found again when its answer was lost."""

from datetime import timedelta

import pytest

from bot.engine.ports import CheckAction, CheckOutput
from bot.errors import BrokenError, TransientError
from bot.github.errors import ForbiddenError
from sandbox.github.faults import Fault

REPO = "acme/checkout"
MARKER = "<!-- greenlane:living -->"


@pytest.fixture
def sha(github) -> str:
    return github.repository.head("main")


def deploy(ours, sha, *, key="intent-1", retry=False, **changed):
    asked = {"environment": "staging", "description": "Deploying", "production": False, "payload": {"app": "checkout"}}
    return ours.app.writes.ensure_deployment(ours.repository, key=key, sha=sha, retry=retry, **(asked | changed))


def tell(ours, deployment, state="in_progress", *, retry=False, **changed):
    asked = {
        "description": "Rolling out",
        "log_url": "https://x.example/1",
        "environment_url": "",
        "auto_inactive": False,
    }
    return ours.app.writes.ensure_deployment_status(
        ours.repository, deployment=deployment, state=state, retry=retry, **(asked | changed)
    )


def check(ours, sha, *, known_id=None, retry=False, status="in_progress", conclusion=None, text="", **changed):
    now = ours.world.clock()
    asked = {
        "external_id": "intent-1",
        "name": "greenlane / staging",
        "started_at": now - timedelta(seconds=40),
        "completed_at": now,
        "details_url": "https://x.example/1",
        "output": CheckOutput(title="Rolling out", summary="1 of 2 pods", text=text),
        "actions": [],
    }
    return ours.app.writes.ensure_check_run(
        ours.repository,
        known_id=known_id,
        sha=sha,
        status=status,
        conclusion=conclusion,
        retry=retry,
        **(asked | changed),
    )


def comment(ours, number, body, *, known_id=None):
    return ours.app.writes.ensure_comment(
        ours.repository, number=number, marker=MARKER, body=f"{MARKER}\n{body}", known_id=known_id
    )


@pytest.fixture
def number(github) -> int:
    github.world.push(REPO, "feature", author="alice", files={"a": "1"}, message="work")
    return github.world.open_pull(REPO, head="feature", base="main", title="T", author="alice").number


async def test_deployment_is_one_write_of_exactly_this_commit(connect, github, sha, api_version):
    ours = connect(api_version)

    made = await deploy(ours, sha, description="x" * 200, environment="eu/prod", production=True)

    deployment = github.repository.deployments[made]
    assert (deployment.sha, deployment.environment, deployment.task) == (sha, "eu/prod", "deploy")
    assert deployment.payload == {"app": "checkout", "key": "intent-1"}
    assert deployment.production
    assert deployment.description == "x" * 139 + "…"
    assert ours.writes() == ["repos/create-deployment"]


async def test_deployment_is_made_although_checks_fail(connected, github, sha):
    github.world.report_check(REPO, sha, "nightly", conclusion="failure")

    assert await deploy(connected, sha) in github.repository.deployments


async def test_lost_answer_on_create_finds_the_first(connect, github, sha, api_version):
    ours = connect(api_version)
    github.world.faults.add(Fault(kind="reset_after", operation="repos/create-deployment"))
    with pytest.raises(TransientError):
        await deploy(ours, sha)

    found = await deploy(ours, sha, retry=True)

    assert list(github.repository.deployments) == [found]


async def test_request_that_never_arrived_is_made_on_retry(connected, github, sha):
    github.world.faults.add(Fault(kind="reset_before", operation="repos/create-deployment"))
    with pytest.raises(TransientError):
        await deploy(connected, sha)
    assert not github.repository.deployments

    assert await deploy(connected, sha, retry=True) in github.repository.deployments


async def test_retry_does_not_take_a_strangers_or_another_intents_deployment(connected, github, sha):
    other = await deploy(connected, sha, key="intent-0")
    forged = github.world.create_deployment(
        github.repository,
        ref=sha,
        creator=github.world.user("alice"),
        environment="staging",
        payload={"key": "intent-1"},
        required_contexts=[],
    )

    made = await deploy(connected, sha, retry=True)

    assert made not in {other, forged.id}


async def test_deployment_statuses_in_order(connected, github, sha):
    made = await deploy(connected, sha)
    await tell(connected, made, "queued")
    await tell(connected, made, "in_progress", description="y" * 150)
    await tell(connected, made, "success", environment_url="https://staging.example")

    statuses = github.repository.deployments[made].statuses
    assert [one.state for one in statuses] == ["queued", "in_progress", "success"]
    assert len(statuses[1].description) == 140
    assert statuses[2].environment_url == "https://staging.example"
    assert len(connected.writes()) == 4


async def test_lost_answer_on_a_status_is_not_said_twice(connected, github, sha):
    made = await deploy(connected, sha)
    github.world.faults.add(Fault(kind="reset_after", operation="repos/create-deployment-status"))
    with pytest.raises(TransientError):
        await tell(connected, made)

    await tell(connected, made, retry=True)
    assert len(github.repository.deployments[made].statuses) == 1

    await tell(connected, made, "failure", retry=True)
    assert [one.state for one in github.repository.deployments[made].statuses] == ["in_progress", "failure"]


async def test_check_run_is_made_then_changed(connect, github, sha, api_version):
    ours = connect(api_version)

    made = await check(ours, sha)
    again = await check(ours, sha, known_id=made, status="completed", conclusion="success")

    run = github.repository.runs[made]
    assert again == made
    assert (run.name, run.status, run.conclusion, run.external_id) == (
        "greenlane / staging",
        "completed",
        "success",
        "intent-1",
    )
    assert ours.writes() == ["checks/create", "checks/update"]


async def test_check_run_whose_answer_was_lost_is_found(connected, github, sha):
    await check(connected, sha, external_id="intent-0")
    github.world.faults.add(Fault(kind="reset_after", operation="checks/create"))
    with pytest.raises(TransientError):
        await check(connected, sha)

    found = await check(connected, sha, retry=True, status="completed", conclusion="failure")

    ours = [run for run in github.repository.runs.values() if run.external_id == "intent-1"]
    assert [(run.id, run.conclusion) for run in ours] == [(found, "failure")]


async def test_known_check_run_that_is_gone_is_made_anew(connected, github, sha):
    made = await check(connected, sha, known_id=4711)

    assert github.repository.runs[made].external_id == "intent-1"


async def test_conclusion_does_not_complete_an_open_run(connected, github, sha):
    made = await check(connected, sha, status="queued", conclusion="success")

    assert github.repository.runs[made].status == "queued"


async def test_buttons_are_shown_cut_to_what_github_takes_and_taken_away(connected, github, sha):
    button = CheckAction(label="Roll back " + "x" * 20, description="y" * 50, identifier="rollback")
    done = {"status": "completed", "conclusion": "success"}
    made = await check(connected, sha, actions=[button], **done)

    run = github.repository.runs[made]
    assert run.actions == [{"label": "Roll back xxxxxxxxx…", "description": "y" * 39 + "…", "identifier": "rollback"}]
    await check(connected, sha, known_id=made, actions=[], **done)
    assert run.actions == []


@pytest.mark.parametrize(
    "buttons",
    [
        [CheckAction(label="a", description="b", identifier="c" * 21)],
        [CheckAction(label="a", description="b", identifier=str(index)) for index in range(4)],
    ],
)
async def test_buttons_that_would_be_others_when_cut_are_our_fault(connected, sha, buttons):
    with pytest.raises(BrokenError):
        await check(connected, sha, actions=buttons)
    assert connected.writes() == []


async def test_long_texts_are_cut_to_what_github_shows(connected, github, sha):
    made = await check(connected, sha, text="ü" * 70_000)

    shown = github.repository.runs[made].output["text"]
    assert len(shown.encode()) <= 65_535
    assert shown.endswith("(cut: GitHub shows no more)")


async def test_comment_is_written_once_then_edited(connect, github, number, api_version):
    ours = connect(api_version)
    made = await comment(ours, number, "waiting")
    assert await comment(ours, number, "running", known_id=made) == made
    assert await comment(ours, number, "running", known_id=made) == made
    assert await comment(ours, number, "running") == made

    assert [one.bodies for one in github.world.thread(REPO, number)] == [[f"{MARKER}\nwaiting", f"{MARKER}\nrunning"]]
    assert ours.writes() == ["issues/create-comment", "issues/update-comment"]


async def test_lost_answer_on_a_comment_finds_it(connected, github, number):
    github.world.faults.add(Fault(kind="reset_after", operation="issues/create-comment"))
    with pytest.raises(TransientError):
        await comment(connected, number, "waiting")

    made = await comment(connected, number, "running")

    assert [one.id for one in github.world.thread(REPO, number)] == [made]


async def test_person_who_quotes_the_marker_is_left_alone(connected, github, number):
    quoted = github.world.comment(REPO, number, "alice", f"{MARKER}\nmine!")
    robot = github.world.app_by_slug("other-robot")
    copied = github.world.comment(REPO, number, robot.bot, f"{MARKER}\nme too", app=robot)

    made = await comment(connected, number, "running")
    assert made not in {quoted.id, copied.id}
    assert await comment(connected, number, "done", known_id=quoted.id) == made

    assert quoted.bodies == [f"{MARKER}\nmine!"]
    assert copied.bodies == [f"{MARKER}\nme too"]


async def test_comment_behind_many_others_is_found(connected, github, number):
    for index in range(120):
        github.world.comment(REPO, number, "alice", f"chatter {index}")
    made = await comment(connected, number, "waiting")

    assert await comment(connected, number, "running") == made


async def test_deleted_comment_is_written_anew(connected, github, number):
    first = await comment(connected, number, "waiting")
    github.world.delete_comment(github.repository.comments[first], by="alice")

    second = await comment(connected, number, "running", known_id=first)

    assert second != first
    assert [one.id for one in github.world.thread(REPO, number)] == [second]


async def test_reaction_is_left_once(connect, github, number, api_version):
    ours = connect(api_version)
    asked = github.world.comment(REPO, number, "alice", "/deploy staging")

    for _ in range(2):
        await ours.app.writes.ensure_reaction(ours.repository, comment=asked.id, content="eyes")
    await ours.app.writes.ensure_reaction(ours.repository, comment=asked.id, content="rocket")

    assert [(one.user.login, one.content) for one in asked.reactions] == [
        ("greenlane[bot]", "eyes"),
        ("greenlane[bot]", "rocket"),
    ]


async def test_reaction_on_a_comment_that_is_gone_is_nothing(connected, github, number):
    asked = github.world.comment(REPO, number, "alice", "/deploy staging")
    github.world.delete_comment(asked, by="alice")

    await connected.app.writes.ensure_reaction(connected.repository, comment=asked.id, content="eyes")

    assert connected.writes() == ["reactions/create-for-issue-comment"]


async def test_comment_without_the_right_on_pull_requests_is_refused(connected, github, number):
    github.installation.permissions["pull_requests"] = "read"

    with pytest.raises(ForbiddenError):
        await comment(connected, number, "waiting")


async def test_writes_follow_a_rename(connected, github, number, sha):
    github.world.rename_repository(REPO, "till")

    await comment(connected, number, "hello")
    made = await deploy(connected, sha)

    assert len(github.world.thread("acme/till", number)) == 1
    assert github.repository.deployments[made].sha == sha


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_young_token_delays_a_write(connected, github, sha, status):
    github.world.lag.token_valid_after(uses=2, status=status)

    assert await deploy(connected, sha) in github.repository.deployments
    assert connected.slept == ([1.0] if status == 404 else [1.0, 3.0])


async def test_secondary_limit_tells_when_to_come_back(connected, github, sha):
    github.world.faults.add(Fault(kind="secondary_limit", operation="repos/create-deployment", retry_after=42))

    with pytest.raises(TransientError) as caught:
        await deploy(connected, sha)

    assert caught.value.retry_after == timedelta(seconds=42)
    assert connected.writes() == ["repos/create-deployment"]


async def test_refused_deployment_is_our_fault(connected):
    with pytest.raises(BrokenError, match="repos/acme/checkout/deployments"):
        await deploy(connected, "e" * 40)
