"""What a payload makes due, on payloads that GitHub really sent and on what somebody may try."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.hint import Hint
from bot.intake.hints import read

EVENTS = Path(__file__).parents[2] / "contract" / "github" / "events"
OURS = 99
BODY = "Looks good.\r\n\r\n/deploy staging\r\n"


def recorded(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text())


def taken(event: str, payload: Any) -> Hint | str:
    reading = read(event, json.dumps(payload).encode(), own_app_id=OURS)
    return reading.hint or reading.reason


def commented(body: str = BODY, **changes: Any) -> Any:
    """The recorded comment, moved to a pull request."""
    payload = recorded("issue_comment.created")
    payload["issue"]["pull_request"] = {"url": payload["issue"]["url"], "merged_at": None}
    payload["comment"]["body"] = body
    for path, value in changes.items():
        *way, last = path.split("__")
        place = payload
        for step in way:
            place = place[step]
        place[last] = value
    return payload


def clicked(**changes: Any) -> Any:
    payload = recorded("check_run.requested_action")
    payload["check_run"]["app"]["id"] = OURS
    payload["check_run"]["external_id"] = "intent-1"
    payload["requested_action"] = {"identifier": "rollback"}
    return payload | changes


def test_a_persons_command_becomes_due_with_what_was_written():
    payload = commented()

    assert taken("issue_comment", payload) == Hint(
        kind="comment",
        action="created",
        installation_id=payload["installation"]["id"],
        repository_id=payload["repository"]["id"],
        repository="Codertocat/Hello-World",
        number=payload["issue"]["number"],
        comment_id=payload["comment"]["id"],
        digest=hashlib.sha256(BODY.encode()).hexdigest(),
        actor="Codertocat",
        actor_id=21031067,
    )


def test_the_recorded_comment_on_an_issue_is_none():
    assert taken("issue_comment", recorded("issue_comment.created")) == "not on a pull request"


@pytest.mark.parametrize("name", ["issue_comment.edited", "issue_comment.edited.2", "issue_comment.deleted"])
def test_only_new_comments_are_commands(name: str):
    payload = recorded(name)
    payload["issue"]["pull_request"] = {}
    payload["comment"]["body"] = BODY

    assert taken("issue_comment", payload) == "only a new comment can be a command"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"comment__user__type": "Bot"}, "not written by a person"),
        ({"sender__type": "Bot"}, "not written by a person"),
        ({"comment__user__type": "Organization"}, "not written by a person"),
        ({"comment__user": None}, "not written by a person"),
        ({"comment__performed_via_github_app": {"id": OURS}}, "not written by a person"),
        ({"comment__performed_via_github_app": {"id": 1234}}, "not written by a person"),
        ({"sender__id": 1}, "not sent by its author"),
        ({"sender__id": 0, "comment__user__id": 0}, "not written by a person"),
        ({"issue__pull_request": None}, "not on a pull request"),
        ({"comment": None}, "not on a pull request"),
        ({"comment__body": None}, "no command in it"),
    ],
)
def test_what_nobody_wrote_by_hand_is_no_command(change: dict[str, Any], reason: str):
    assert taken("issue_comment", commented(**change)) == reason


@pytest.mark.parametrize(
    "body",
    [
        "",
        "Nice work",
        "please /deploy staging",
        "/assign @bob",
        "> /deploy staging",
        "```\n/deploy staging\n```",
        " /why",
    ],
)
def test_a_comment_without_a_command_of_ours_is_left_alone(body: str):
    assert taken("issue_comment", commented(body)) == "no command in it"


@pytest.mark.parametrize("body", ["/deploy", "/deploy nowhere", "/status\n/why", "/deploy --frce", "/HELP"])
def test_a_command_that_is_wrong_is_taken_too_so_that_it_can_be_answered(body: str):
    assert isinstance(taken("issue_comment", commented(body)), Hint)


@given(st.text())
def test_any_text_is_read(body: str):
    found = taken("issue_comment", commented(body))

    assert found == "no command in it" or isinstance(found, Hint)


@pytest.mark.parametrize("action", ["opened", "reopened", "synchronize", "ready_for_review"])
def test_a_new_head_is_due_with_its_commit(action: str):
    payload = recorded(f"pull_request.{action}")

    found = taken("pull_request", payload)

    assert isinstance(found, Hint)
    assert (found.kind, found.number, found.sha) == (
        "head",
        payload["pull_request"]["number"],
        payload["pull_request"]["head"]["sha"],
    )
    assert found.actor_id == payload["sender"]["id"]


def test_a_closed_pull_request_is_due_as_before():
    payload = recorded("pull_request.closed")

    found = taken("pull_request", payload)

    assert isinstance(found, Hint)
    assert (found.kind, found.number, found.sha) == ("pull", payload["pull_request"]["number"], "")


def test_a_label_is_not_a_new_head():
    assert taken("pull_request", recorded("pull_request.labeled")) == "neither closed nor a new head"


def test_a_click_on_our_button_is_due():
    payload = clicked()

    found = taken("check_run", payload)

    assert isinstance(found, Hint)
    assert (found.kind, found.button, found.external_id, found.sha, found.actor, found.actor_id) == (
        "click",
        "rollback",
        "intent-1",
        payload["check_run"]["head_sha"],
        "codebytere",
        2036040,
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sender": {"login": "other[bot]", "id": 7, "type": "Bot"}}, "not clicked by a person"),
        ({"sender": None}, "not clicked by a person"),
        ({"requested_action": None}, "no button in it"),
        ({"requested_action": {"identifier": ""}}, "no button in it"),
        ({"check_run": None}, "not our own button"),
    ],
)
def test_a_click_by_nobody_or_on_nothing_is_left_alone(change: dict[str, Any], reason: str):
    assert taken("check_run", clicked(**change)) == reason


def test_a_click_on_another_apps_button_is_not_ours():
    assert taken("check_run", recorded("check_run.requested_action")) == "not our own button"
