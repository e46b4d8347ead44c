"""`greenlane stop`: a person at the keyboard stops everybody, a team or an app."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cli import PROBLEMS, USAGE
from bot.storage import intents, stops
from bot.storage.tables import intents as table
from tests.component.cli.conftest import Shell
from tests.factories import NOW, wish

LATER = timedelta(days=365)
FREEZE = ("--reason", "the database is moving", "--for", "2h")


def standing(shell: Shell):
    async def work(connection: AsyncConnection):
        return await stops.current(connection, now=datetime.now(UTC))

    return shell.database(work)


@pytest.mark.parametrize(
    ("typed", "scope", "stopped"),
    [
        ((), "everything", [("payments", "checkout"), ("search", "indexer")]),
        (("everything",), "everything", [("payments", "checkout"), ("search", "indexer")]),
        (("payments",), "payments", [("payments", "checkout")]),
        (("Search/INDEXER",), "search/indexer", [("search", "indexer")]),
    ],
)
def test_a_stop_covers_its_scope_as_the_catalog_spells_it(shell: Shell, typed, scope: str, stopped):
    before = datetime.now(UTC)

    code = shell.run("stop", *typed, *FREEZE)

    assert code == 0
    (found,) = standing(shell)
    assert (found.scope, found.reason, found.set_by) == (scope, "the database is moving", "olga")
    assert timedelta(0) <= found.until - before - timedelta(hours=2) < timedelta(minutes=1)
    both = [("payments", "checkout"), ("search", "indexer")]
    assert [each for each in both if found.covers(*each)] == stopped
    assert f"greenlane stop {scope} --lift" in shell.out


def test_a_stop_may_end_at_a_moment(shell: Shell):
    moment = (datetime.now(UTC) + LATER).replace(hour=18, minute=0, second=0, microsecond=0)

    code = shell.run("stop", "--reason", "Christmas", "--until", f"{moment:%Y-%m-%dT%H:%MZ}")

    assert code == 0
    assert [each.until for each in standing(shell)] == [moment]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("--for", "2h"), "--reason TEXT"),
        (("--reason", " \n ", "--for", "2h"), "--reason TEXT"),
        (("--reason", "why"), "say when it ends"),
        (("--reason", "why", "--for", "2h", "--until", "2999-01-01T00:00Z"), "say when it ends"),
        (("--reason", "why", "--for", "two hours"), "not a duration"),
        (("--reason", "why", "--until", "tomorrow"), "not a moment"),
        (("--reason", "why", "--until", "2020-01-01T00:00Z"), "over already"),
        (("--lift", "--reason", "why"), "three things"),
        (("--lift", "--list"), "three things"),
        (("--lift", "--json"), "goes with"),
    ],
)
def test_reason_and_end_are_asked_for(shell: Shell, typed: tuple[str, ...], told: str):
    code = shell.run("stop", *typed)

    assert code == USAGE
    assert told in shell.err
    assert standing(shell) == []


@pytest.mark.parametrize(
    ("scope", "meant"),
    [
        ("paymnts", "did you mean payments"),
        ("payments/chekout", "did you mean payments/checkout"),
        ("indexer", "did you mean search/indexer"),
        ("evrything", "did you mean everything"),
        ("zzz", "write TEAM, TEAM/APP or everything"),
    ],
)
def test_a_name_that_is_in_no_catalog_stops_nothing(shell: Shell, scope: str, meant: str):
    code = shell.run("stop", scope, *FREEZE)

    assert code == PROBLEMS
    assert meant in shell.err
    assert standing(shell) == []
    assert shell.json("audit") == []


def test_everything_is_stopped_also_while_the_catalog_is_broken(shell: Shell):
    shell.catalog.write_text("teams: {")

    assert shell.run("stop", *FREEZE) == 0
    assert [each.scope for each in standing(shell)] == ["everything"]


def test_lifting_makes_due_what_waits_in_that_scope(shell: Shell):
    # Given a stopped team, and two intents that look again in a while
    async def wait(connection: AsyncConnection) -> None:
        for place in ({"team": "payments"}, {"team": "search", "app": "indexer"}):
            await intents.add(connection, wish(key=str(place), **place), detail="", now=NOW, deadline=NOW + LATER)
        await connection.execute(update(table).values(due_at=NOW + 100 * LATER))

    shell.database(wait)
    shell.run("stop", "payments", *FREEZE)

    # When
    code = shell.run("stop", "PAYMENTS", "--lift")

    # Then
    async def due(connection: AsyncConnection):
        rows = await connection.execute(select(table.c.team).where(table.c.due_at < NOW + 50 * LATER))
        return [row.team for row in rows]

    assert code == 0
    assert standing(shell) == []
    assert shell.database(due) == ["payments"]


def test_lifting_says_what_is_stopped_all_the_same(shell: Shell):
    shell.run("stop", "payments", *FREEZE)
    shell.run("stop", "--reason", "Christmas", "--until", "2999-12-24T18:00Z")

    shell.run("stop", "payments", "--lift")
    assert "everything is stopped until 2999-12-24 18:00 UTC" in shell.out

    shell.run("stop", "--lift")
    assert "what waited for it goes on" in shell.out


def test_lifting_what_nobody_stopped_is_told(shell: Shell):
    shell.run("stop", "payments", *FREEZE)

    assert shell.run("stop", "--lift") == PROBLEMS
    assert "greenlane stop --list" in shell.err
    assert [each.scope for each in standing(shell)] == ["payments"]


def test_the_list_has_the_stops_of_people_and_those_of_the_catalog(shell: Shell):
    # Given
    shell.catalog.write_text(shell.catalog.read_text() + "stop: {reason: Inventory, until: 2999-01-01T00:00:00Z}\n")
    shell.run("stop", "payments/checkout", "--reason", "a demo", "--until", "2998-01-01T00:00Z")

    # When
    found = shell.json("stop", "--list")

    # Then
    assert found == [
        {"scope": "payments/checkout", "until": "2998-01-01T00:00:00+00:00", "set_by": "olga", "reason": "a demo"},
        {"scope": "everything", "until": "2999-01-01T00:00:00+00:00", "set_by": "the catalog", "reason": "Inventory"},
    ]
    assert shell.run("stop", "--list") == 0
    assert [line.split()[0] for line in shell.out.splitlines()] == ["SCOPE", "payments/checkout", "everything"]


def test_nothing_stopped_is_said(shell: Shell):
    assert shell.run("stop", "--list") == 0
    assert shell.out == "Nothing is stopped.\n"


def test_a_reason_can_not_play_with_a_terminal(shell: Shell):
    shell.run("stop", "--reason", "\x1b[31mred\x1b[0m\nand \u202eturned", "--for", "1h")

    assert [each.reason for each in standing(shell)] == ["red and turned"]


def test_stop_and_lift_are_in_the_audit(shell: Shell):
    # When
    shell.run("stop", "search", *FREEZE)
    shell.run("stop", "search", "--lift")

    # Then
    lifted, stopped = shell.json("audit")
    assert [(each["actor"], each["actor_id"], each["decision"]) for each in (stopped, lifted)] == [
        ("olga", None, "accepted")
    ] * 2
    assert (stopped["verb"], stopped["team"], stopped["app"]) == ("stop", "search", "")
    assert stopped["line"] == "greenlane stop search --reason 'the database is moving' --for 2h"
    assert (lifted["verb"], lifted["line"]) == ("lift", "greenlane stop search --lift")
