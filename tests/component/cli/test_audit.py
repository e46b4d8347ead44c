"""`greenlane audit` and `greenlane resume`: who did what, newest first."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cli import PROBLEMS, USAGE
from bot.domain.hold import Hold
from bot.domain.intent import Kind, State
from bot.domain.people import Person
from bot.storage import commands, holds, intents
from bot.storage.commands import Record
from tests.component.cli.conftest import Shell
from tests.factories import REPOSITORY, after, sha, wish

ALICE = Person(id=583231, login="alice")


def record(**changes: Any) -> Record:
    values: dict[str, Any] = {
        "key": "comment:1:77",
        "repository": REPOSITORY,
        "pull_request": 12,
        "comment_id": 77,
        "actor": ALICE,
        "verb": "deploy",
        "line": "/deploy staging",
        "team": "payments",
        "app": "checkout",
        "environment": "staging",
        "at": after(minutes=1),
        "decision": "accepted",
        "sentence": "deploys aaaaaaa to staging",
        "facts": {"sha": sha("a")},
    }
    return Record(**(values | changes))


def store(shell: Shell, *records: Record) -> None:
    async def work(connection: AsyncConnection) -> None:
        for each in records:
            await commands.add(connection, each)

    shell.database(work)


def intend(shell: Shell, *, minutes: float = 0, **changes: Any) -> int:
    """An intent that came after so many minutes; its number."""

    async def work(connection: AsyncConnection):
        now = after(minutes=minutes)
        return await intents.add(connection, wish(**changes), detail="", now=now, deadline=now + timedelta(days=1))

    number: int = shell.database(work)
    return number


def test_a_command_is_told_with_everything_that_was_known(shell: Shell):
    # Given
    number = intend(shell, kind=Kind.MANUAL, key="manual:comment:1:77")
    store(shell, record(intent_id=number))

    # Then
    assert shell.json("audit") == [
        {
            "at": "2026-03-04T11:43:00+00:00",
            "actor": "alice",
            "actor_id": 583231,
            "verb": "deploy",
            "line": "/deploy staging",
            "repository": "acme/checkout",
            "pull_request": 12,
            "comment_id": 77,
            "team": "payments",
            "app": "checkout",
            "environment": "staging",
            "decision": "accepted",
            "reason": "",
            "sentence": "deploys aaaaaaa to staging",
            "facts": {"sha": sha("a")},
            "intent_id": number,
            "sha": sha("a"),
            "state": "waiting_checks",
        }
    ]


def test_merges_and_pushes_stand_between_the_commands_newest_first(shell: Shell):
    # Given a merge, then a command, then a push; and what automation did by itself
    merged = intend(shell, minutes=0, actor="bob", actor_id=7)
    store(shell, record(), record(key="comment:1:78", at=after(minutes=3), verb="status", decision="answered"))
    intend(shell, minutes=2, key="push", sha=sha("b"), pull_request=None, actor="carol")
    intend(shell, minutes=4, key="rollback", kind=Kind.ROLLBACK, actor="")

    # When
    found = shell.json("audit")

    # Then
    assert [(each["verb"], each["actor"]) for each in found] == [
        ("status", "alice"),
        ("push", "carol"),
        ("deploy", "alice"),
        ("merge", "bob"),
    ]
    assert (found[-1]["actor_id"], found[-1]["intent_id"], found[-1]["sha"]) == (7, merged, sha("a"))
    assert [each["verb"] for each in shell.json("audit", "--limit", "2")] == ["status", "push"]


def test_who_put_it_there_can_be_read_from_one_list(shell: Shell):
    # Given a merge whose deploy has ended
    intend(shell, actor="bob", actor_id=7)

    async def end(connection: AsyncConnection) -> None:
        intent = await intents.get(connection, 1)
        await intents.end_other(
            connection, intent, state=State.CANCELLED, reason="aborted", detail="", now=after(minutes=1)
        )

    shell.database(end)

    # Then
    assert shell.run("audit") == 0
    head, line = (row.split() for row in shell.out.splitlines())
    assert head[:3] == ["AT", "WHO", "VERB"]
    for word in ("bob", "(7)", "merge", "payments/checkout", "staging", "acme/checkout#12", "cancelled"):
        assert word in line


@pytest.mark.parametrize(("since", "count"), [("2026-03-05", 1), ("2026-03-04T11:42Z", 2), ("2026-03-04", 2)])
def test_since_leaves_out_what_is_older(shell: Shell, since: str, count: int):
    store(shell, record(), record(key="comment:1:78", at=after(days=2)))

    assert len(shell.json("audit", "--since", since)) == count


def test_since_may_be_a_duration(shell: Shell):
    now = datetime.now(UTC)
    store(shell, record(at=now - timedelta(hours=3)), record(key="2", at=now - timedelta(hours=1), verb="lock"))
    intend(shell)

    assert [each["verb"] for each in shell.json("audit", "--since", "2h")] == ["lock"]


def test_what_is_no_time_is_told(shell: Shell):
    assert shell.run("audit", "--since", "yesterday") == USAGE
    assert "2026-11-20" in shell.err


def test_what_people_wrote_can_not_play_with_a_terminal(shell: Shell):
    # Given
    store(shell, record(line="/deploy \x1b[2Jstaging\r\u202e" + "x" * 2000, sentence="a\nb\x07"))

    # When
    (told,) = shell.json("audit")
    shell.run("audit")

    # Then
    assert told["sentence"] == "a b"
    assert told["line"].startswith("/deploy staging xxx")
    assert len(told["line"]) <= 500
    assert all(each.isprintable() for each in shell.out.replace("\n", ""))
    assert len(shell.out.splitlines()) == 2


def test_nobody_did_anything_yet(shell: Shell):
    assert shell.run("audit") == 0
    assert shell.out == "Nobody did anything yet.\n"


def test_resume_is_in_the_audit_where_it_ended_a_hold(shell: Shell):
    # Given
    async def hold(connection: AsyncConnection) -> None:
        place = {"team": "payments", "app": "checkout", "environment": "staging"}
        await holds.put(connection, Hold(**place, reason="rolled back from aaaaaaa", set_by="", set_at=after()))

    shell.database(hold)

    # When
    assert shell.run("resume", "payments/checkout", "staging") == 0
    assert shell.run("resume", "payments/checkout", "staging") == PROBLEMS

    # Then
    (told,) = shell.json("audit")
    assert (told["actor"], told["verb"], told["environment"]) == ("olga", "resume", "staging")
    assert told["line"] == "greenlane resume payments/checkout staging"


def test_an_account_without_a_name_can_resume_too(shell: Shell, monkeypatch: pytest.MonkeyPatch):
    # Given a container's account that no file knows
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 65532")

    monkeypatch.setattr("getpass.getuser", nobody)

    # Then
    assert shell.run("stop", "--reason", "a demo", "--for", "1h") == 0
    assert shell.json("audit")[0]["actor"].startswith("uid ")
