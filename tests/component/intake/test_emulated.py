"""What the emulated GitHub sends is what is read: from somebody's act to the hint, over the wire."""

import pytest

from bot.intake.hints import Reading, read
from tests.fixtures_github import (  # noqa: F401 - fixtures
    GitHub,
    Listener,
    app_key,
    contract,
    github,
    listener,
)

REPO = "acme/checkout"


@pytest.fixture
def pull(github: GitHub):  # noqa: F811
    github.world.push(REPO, "feature", author="alice", files={"a": "1"}, message="work")
    return github.world.open_pull(REPO, head="feature", base="main", title="T", author="alice")


@pytest.fixture
def heard(github: GitHub, listener: Listener):  # noqa: F811
    async def readings(event: str) -> list[Reading]:
        await github.world.quiet()
        named = [one for one in listener.heard if one.headers["X-GitHub-Event"] == event]
        return [read(event, one.body, own_app_id=github.app.id) for one in named]

    return readings


async def test_command_of_a_person_and_nothing_else_that_is_written(github, pull, heard):  # noqa: F811
    made = github.world.comment(REPO, pull.number, "bob", "/status")
    github.world.edit_comment(made, "alice", "/deploy production")
    github.world.comment(REPO, pull.number, github.app.bot, "/deploy production", app=github.app)
    github.world.comment(REPO, pull.number, "alice", "/deploy production", app=github.app)
    github.world.delete_comment(made, "alice")

    readings = await heard("issue_comment")

    hints = [each.hint for each in readings if each.hint]
    assert [(each.kind, each.number, each.comment_id, each.actor) for each in hints] == [
        ("comment", pull.number, made.id, "bob")
    ]
    assert hints[0].actor_id == github.world.user("bob").id
    assert [each.reason for each in readings if not each.hint] == [
        "only a new comment can be a command",
        "not written by a person",
        "not written by a person",
        "only a new comment can be a command",
    ]


async def test_every_head_of_a_pull_request(github, pull, heard):  # noqa: F811
    first = pull.head_sha
    second = github.world.push(REPO, "feature", author="alice", files={"a": "2"}, message="more", force=True)
    github.world.close(REPO, pull.number, by="alice")
    github.world.reopen(REPO, pull.number, by="alice")

    hints = [each.hint for each in await heard("pull_request")]

    assert [(each.kind, each.number, each.sha) for each in hints] == [
        ("head", pull.number, first),
        ("head", pull.number, second),
        ("pull", pull.number, ""),
        ("head", pull.number, second),
    ]


async def test_click_on_our_button_only(github, heard):  # noqa: F811
    sha = github.repository.head("main")
    button = [{"label": "Roll back", "description": "To the one before", "identifier": "rollback"}]
    for app in (github.app, github.world.app_by_slug("other")):
        suite = github.world.suite_for(github.repository, sha, app)
        run = github.world.create_run(suite, name="r", conclusion="success", external_id="intent-1", actions=button)
        github.world.press_button(run, "rollback", by="alice")

    hints = [each.hint for each in await heard("check_run") if each.hint and each.hint.kind == "click"]

    assert [(each.button, each.external_id, each.sha, each.actor_id) for each in hints] == [
        ("rollback", "intent-1", sha, github.world.user("alice").id)
    ]
