"""Who may do what, and what an intent waits for."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.catalog import Environment
from bot.domain.catalog.windows import Closed
from bot.domain.command import COMMANDS, Verb
from bot.domain.hold import Hold
from bot.domain.intent import Kind
from bot.domain.lock import Lock, PullHold, Stop
from bot.domain.people import Person, Role
from bot.domain.policy import DEPLOYING, READING, Situation, Standing, may_command, waits
from tests.factories import NOW, catalog, intent

ALICE = Person(id=1, login="alice")
TEAM = "acme/payments"
GOOD = {"login_id": 1, "role": Role.WRITE, "in_team": True}
LATER = NOW + timedelta(hours=1)
WHERE = {"team": "payments", "app": "checkout", "environment": "staging"}
STOP = Stop(reason="audit", set_by="ops", set_at=NOW, until=LATER)
HOLD = Hold(**WHERE, reason="rolled back", set_by="alice", set_at=NOW)


def lock(number: int = 7, repository: int = 1) -> Lock:
    return Lock(
        **WHERE,
        repository_id=repository,
        pull_request=number,
        owner=ALICE,
        reason="",
        set_at=NOW,
        expires_at=LATER,
    )


def environment(rules: str = "") -> Environment:
    text = (
        "version: 1\nteams:\n  payments:\n    github: acme/payments\n    apps:\n      checkout:\n"
        "        repository: acme/checkout\n        image: registry.example/payments/checkout\n"
        "        environments:\n"
        "          dev: {namespace: payments-dev, workload: deployment/checkout, container: web, deploy: on-merge}\n"
        "          staging: {namespace: payments-staging, workload: deployment/checkout, container: web, "
        f"deploy: on-merge{rules}}}\n"
    )
    return catalog(text).apps[0].environments[1]


PLAIN = environment()


@pytest.mark.parametrize("verb", list(Verb))
def test_a_member_of_the_team_who_may_write_may_do_everything(verb: Verb) -> None:
    assert may_command(verb, ALICE, Standing(**GOOD), team=TEAM) is None


@pytest.mark.parametrize(
    ("changes", "verb", "reason"),
    [
        ({"login_id": 2}, Verb.STATUS, "login_reused"),
        ({"role": Role.TRIAGE}, Verb.HELP, "no_write_permission"),
        ({"in_team": False}, Verb.LOCK, "not_in_team"),
        ({"in_team": False}, Verb.DEPLOY, "not_in_team"),
        ({"is_deployer": False}, Verb.DEPLOY, "not_a_deployer"),
        ({"is_deployer": False}, Verb.ABORT, "not_a_deployer"),
        ({"login_id": 2, "role": Role.NONE, "in_team": False}, Verb.DEPLOY, "login_reused"),
    ],
)
def test_the_first_thing_missing_is_said(changes: dict, verb: Verb, reason: str) -> None:
    denied = may_command(verb, ALICE, Standing(**(GOOD | changes)), team=TEAM)

    assert denied is not None
    assert denied.reason == reason


def test_reading_needs_no_team_and_locks_need_no_named_deployer() -> None:
    stranger = Standing(**(GOOD | {"in_team": False}))
    unnamed = Standing(**(GOOD | {"is_deployer": False}))

    assert all(may_command(verb, ALICE, stranger, team=TEAM) is None for verb in READING)
    assert may_command(Verb.LOCK, ALICE, unnamed, team=TEAM) is None


def test_a_hotfix_needs_its_own_name() -> None:
    assert may_command(Verb.DEPLOY, ALICE, Standing(**GOOD), team=TEAM, hotfix=True) is not None
    assert may_command(Verb.DEPLOY, ALICE, Standing(**GOOD, is_hotfixer=True), team=TEAM, hotfix=True) is None


def test_what_only_answers_is_what_the_registry_says() -> None:
    assert {spec.verb for spec in COMMANDS if not spec.changes} == READING
    assert not READING & DEPLOYING


standings = st.builds(
    Standing,
    login_id=st.sampled_from([1, 2]),
    role=st.sampled_from(list(Role)),
    in_team=st.booleans(),
    is_deployer=st.booleans(),
    is_hotfixer=st.booleans(),
)


@given(standings, st.sampled_from(list(Verb)), st.booleans())
def test_nobody_changes_anything_without_login_write_and_team(standing: Standing, verb: Verb, hotfix: bool) -> None:
    if may_command(verb, ALICE, standing, team=TEAM, hotfix=hotfix) is None:
        assert standing.login_id == ALICE.id
        assert standing.role.may_write
        assert standing.in_team or verb in READING
        assert standing.is_deployer or verb not in DEPLOYING
        assert standing.is_hotfixer or not hotfix


situations = st.builds(
    Situation,
    stop=st.sampled_from([None, STOP]),
    hold=st.sampled_from([None, HOLD]),
    lock=st.sampled_from([None, lock(7), lock(12), lock(12, repository=2)]),
    opening=st.sampled_from([None, Closed(opens_at=LATER, reason="freeze"), Closed(opens_at=None, reason="")]),
    held_before=st.booleans(),
    approvals=st.integers(0, 3),
    several_apps=st.booleans(),
)
RULES = [PLAIN, environment(", after: dev"), environment(", approvals: 2")]


@given(
    situations, st.sampled_from(RULES), st.sampled_from([Kind.AUTOMATIC, Kind.MANUAL]), st.sampled_from(["", "fire"])
)
def test_it_waits_exactly_for_what_holds(situation: Situation, rules: Environment, kind: Kind, hotfix: str) -> None:
    one = intent(kind=kind, hotfix=hotfix, pull_request=12)

    found = {each.reason for each in waits(one, rules, situation)}

    own = situation.lock is not None and situation.lock.pull_request == 12 and situation.lock.repository_id == 1
    assert ("stopped" in found) == (situation.stop is not None and not hotfix)
    assert ("on_hold" in found) == (situation.hold is not None and kind is Kind.AUTOMATIC)
    assert ("locked" in found) == (situation.lock is not None and not own)
    assert ("window_closed" in found) == (situation.opening is not None and not hotfix)
    assert ("after" in found) == (rules.after is not None and not situation.held_before)
    assert ("approvals_missing" in found) == (situation.approvals < rules.approvals)


@given(situations, st.sampled_from(RULES))
def test_a_rollback_waits_for_nothing(situation: Situation, rules: Environment) -> None:
    assert waits(intent(kind=Kind.ROLLBACK), rules, situation) == ()


@given(situations)
def test_every_wait_that_ends_by_itself_says_when(situation: Situation) -> None:
    for wait in waits(intent(), PLAIN, situation):
        assert wait.sentence
        assert (wait.until == LATER) == ("UTC" in wait.sentence and wait.reason != "on_hold")


def test_the_line_to_type_names_the_app_where_there_are_several() -> None:
    one, several = (
        [wait.sentence for wait in waits(intent(), PLAIN, Situation(hold=HOLD, lock=lock(), several_apps=each))]
        for each in (False, True)
    )

    assert "`/resume staging`" in one[0]
    assert "`/unlock staging`" in one[1]
    assert "`/resume staging checkout`" in several[0]
    assert "`/unlock staging checkout`" in several[1]


@pytest.mark.parametrize(
    ("team", "app", "scope", "covered"),
    [("", "", "everything", True), ("payments", "", "payments", True), ("payments", "other", "payments/other", False)],
)
def test_a_stop_covers_its_scope(team: str, app: str, scope: str, covered: bool) -> None:
    stop = Stop(team=team, app=app, reason="", set_by="ops", set_at=NOW, until=LATER)

    assert (stop.scope, stop.covers("payments", "checkout")) == (scope, covered)


@pytest.mark.parametrize(
    ("app", "name", "covered"), [("", "", True), ("checkout", "staging", True), ("", "prod", False)]
)
def test_a_hold_of_a_pull_request_covers_what_it_names(app: str, name: str, covered: bool) -> None:
    hold = PullHold(app=app, environment=name, set_by="alice", set_at=NOW)

    assert hold.covers("checkout", "staging") is covered
