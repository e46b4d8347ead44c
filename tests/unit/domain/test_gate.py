"""The gate, word by word: every state GitHub knows, required names, suites, sentences."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.gate import (
    CheckRun,
    CheckSuite,
    CommitChecks,
    CommitStatus,
    Decision,
    Outcome,
    Required,
    decide,
    unknown,
)

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
OWN = 77
CI = 15368


def run(name="build", conclusion="success", *, status="completed", number=1, app=CI):
    return CheckRun(id=number, name=name, app_id=app, app_slug="github-actions", status=status, conclusion=conclusion)


def waiting(name="build", *, number=1, app=CI):
    return run(name, None, status="in_progress", number=number, app=app)


def status(context="build", state="success", *, number=1, app=None):
    return CommitStatus(context=context, state=state, id=number, app_id=app)


def suite(*, slug="github-actions", state="queued", conclusion=None, runs=0, age=timedelta(minutes=1)):
    return CheckSuite(app_id=CI, app_slug=slug, status=state, conclusion=conclusion, runs=runs, created_at=NOW - age)


def gate(*reported, required=None, ignore=(), none_allowed=False) -> Decision:
    checks = CommitChecks(
        runs=tuple(one for one in reported if isinstance(one, CheckRun)),
        statuses=tuple(one for one in reported if isinstance(one, CommitStatus)),
        suites=tuple(one for one in reported if isinstance(one, CheckSuite)),
    )
    wanted = None if required is None else [Required(name=one) if isinstance(one, str) else one for one in required]
    return decide(checks, required=wanted, ignore=ignore, none_allowed=none_allowed, own_app_id=OWN, now=NOW)


RUN_WORDS = [
    *[("completed", word, Outcome.PASS) for word in ("success", "neutral", "skipped")],
    *[
        ("completed", word, Outcome.FAIL)
        for word in ("failure", "cancelled", "timed_out", "action_required", "startup_failure", "stale")
    ],
    *[(word, None, Outcome.PENDING) for word in ("queued", "in_progress", "waiting", "requested", "pending")],
    ("completed", None, Outcome.PENDING),
    ("completed", "a word of next year", Outcome.PENDING),
    ("a word of next year", None, Outcome.PENDING),
    # A conclusion only counts once the run is over.
    ("in_progress", "success", Outcome.PENDING),
    ("in_progress", "failure", Outcome.PENDING),
]


@pytest.mark.parametrize(("state", "conclusion", "expected"), RUN_WORDS)
@pytest.mark.parametrize("required", [None, ["build"]])
def test_every_word_of_a_run(state, conclusion, expected, required):
    assert gate(run(conclusion=conclusion, status=state), required=required).outcome is expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("success", Outcome.PASS),
        ("failure", Outcome.FAIL),
        ("error", Outcome.FAIL),
        ("pending", Outcome.PENDING),
        ("expected", Outcome.PENDING),
        ("", Outcome.PENDING),
    ],
)
@pytest.mark.parametrize("required", [None, ["build"]])
def test_every_word_of_a_status(state, expected, required):
    assert gate(status(state=state), required=required).outcome is expected


@pytest.mark.parametrize(
    ("older", "newer", "expected"),
    [
        (run(conclusion="failure", number=1), run(number=2), Outcome.PASS),
        (run(number=1), run(conclusion="failure", number=2), Outcome.FAIL),
        (run(number=1), waiting(number=2), Outcome.PENDING),
        (status(state="failure", number=1), status(number=2), Outcome.PASS),
        (status(number=1), status("BUILD", "pending", number=2), Outcome.PENDING),
        # The same run read on two pages while it changed.
        (waiting(number=3), run(number=3), Outcome.PENDING),
        (run(conclusion="failure", number=3), waiting(number=3), Outcome.PENDING),
        (run(conclusion="failure", number=3), run(number=3), Outcome.FAIL),
        # Another App's run of the same name is another check.
        (run(conclusion="failure", number=1, app=1), run(number=2, app=2), Outcome.FAIL),
        # A check and a status of one name are both needed.
        (run(), status(state="pending"), Outcome.PENDING),
        (waiting(), status(), Outcome.PENDING),
        (run(), status(state="error"), Outcome.FAIL),
        (run(), status(), Outcome.PASS),
    ],
)
@pytest.mark.parametrize("required", [None, ["build"]])
def test_two_reports_of_one_name(older, newer, expected, required):
    assert gate(older, newer, required=required).outcome is expected
    assert gate(newer, older, required=required) == gate(older, newer, required=required)


def test_only_required_names_decide():
    decision = gate(run("build"), run("lint", "failure"), waiting("docs"), required=["build"])

    assert decision.outcome is Outcome.PASS
    assert decision.sentence == "`build` passed"


def test_required_name_that_nobody_reports_pends():
    decision = gate(run("build"), suite(), required=["build", "test"])

    assert decision.outcome is Outcome.PENDING
    assert decision.deciding == ("test",)
    assert decision.sentence == "waiting for `test` (1 of 2 checks passed)"


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (run(app=CI), Outcome.PASS),
        (run(app=CI, conclusion="failure"), Outcome.FAIL),
        (run(app=999), Outcome.PENDING),
        (run(app=999, conclusion="failure"), Outcome.PENDING),
        (status(app=CI), Outcome.PASS),
        (status(app=None), Outcome.PENDING),
        (status(app=999), Outcome.PENDING),
    ],
)
def test_pinned_check_is_only_believed_from_its_app(report, expected):
    assert gate(report, required=[Required(name="build", app_id=CI)]).outcome is expected


def test_person_overwriting_a_pinned_status_takes_its_pass_away():
    pinned = Required(name="build", app_id=CI)

    assert gate(status(app=CI, number=1), status(app=None, number=2), required=[pinned]).outcome is Outcome.PENDING


def test_one_name_required_twice_is_one_check():
    decision = gate(run(), required=["build", Required(name="Build", app_id=CI)])

    assert (decision.outcome, decision.total) == (Outcome.PASS, 1)


@pytest.mark.parametrize("required", [None, ["build"]])
def test_names_compare_without_case(required):
    assert gate(status("BUILD"), required=required).outcome is Outcome.PASS
    assert gate(run("Build"), run("noisy", "failure"), required=required, ignore=["NOISY"]).outcome is Outcome.PASS


def test_ignored_name_neither_fails_nor_makes_a_pass():
    assert gate(run("codecov/patch", "failure"), run("build"), ignore=["codecov/patch"]).outcome is Outcome.PASS
    alone = gate(run("codecov/patch"), ignore=["codecov/patch"])
    assert (alone.outcome, alone.sentence) == (Outcome.PENDING, "no checks reported yet")


@pytest.mark.parametrize("required", [None, [], ["greenlane / staging"], [Required(name="x", app_id=OWN)]])
def test_nothing_reported_is_never_a_pass(required):
    decision = gate(required=required)

    assert decision.outcome is Outcome.PENDING
    assert decision.sentence == "no checks reported yet"


def test_rule_that_asks_for_our_own_check_does_not_hold_up_its_deployment():
    decision = gate(run("build"), required=["build", "greenlane / staging", Required(name="gate", app_id=OWN)])

    assert (decision.outcome, decision.total) == (Outcome.PASS, 1)


@pytest.mark.parametrize("reported", [[], [run(conclusion="failure")], [waiting()], [suite()]])
def test_checks_none_passes_without_looking(reported):
    assert gate(*reported, none_allowed=True).outcome is Outcome.PASS


def test_own_runs_and_statuses_never_count():
    own = [run("greenlane / staging", "failure", app=OWN), status("build", "failure", app=OWN, number=9)]

    assert gate(run(), status(), *own) == gate(run(), status())
    assert gate(*own).sentence == "no checks reported yet"


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (suite(slug="netlify", age=timedelta(seconds=1)), Outcome.PASS),
        (suite(slug="netlify", runs=1, state="in_progress"), Outcome.PASS),
        (suite(slug="netlify", state="completed", conclusion="failure"), Outcome.PASS),
        (suite(age=timedelta(minutes=4, seconds=59)), Outcome.PENDING),
        (suite(age=timedelta(minutes=5)), Outcome.PASS),
        (suite(runs=1, state="in_progress", age=timedelta(hours=1)), Outcome.PENDING),
        (suite(runs=1, state="completed", conclusion="success"), Outcome.PASS),
        (suite(runs=0, state="completed", conclusion="skipped"), Outcome.PASS),
        # A workflow file that does not parse: no job, so only the suite can say it.
        (suite(runs=0, state="completed", conclusion="startup_failure"), Outcome.FAIL),
        # Its runs say it better, and may be ignored.
        (suite(runs=2, state="completed", conclusion="failure"), Outcome.PASS),
    ],
)
def test_suites_beside_a_passed_check(one, expected):
    assert gate(run("build", app=1), one).outcome is expected
    assert gate(run("build", app=1), one, required=["build"]).outcome is Outcome.PASS


def test_empty_foreign_suite_alone_is_no_check():
    assert gate(suite(slug="netlify", age=timedelta(days=1))).sentence == "no checks reported yet"


SENTENCES = [
    ([run("build"), waiting("test"), waiting("lint")], "waiting for `lint` and `test` (1 of 3 checks passed)"),
    ([run("build", "failure"), run("test"), waiting("lint")], "`build` failed (1 of 3 checks passed)"),
    ([run("build"), run("test"), status("lint")], "`build`, `lint` and `test` passed"),
    ([run(f"c{n}") for n in range(1, 6)], "`c1`, `c2`, `c3`, `c4` and `c5` passed"),
    ([run(f"c{n}") for n in range(1, 9)], "`c1`, `c2`, `c3`, `c4`, `c5` and 3 more passed"),
    ([suite()], "waiting for `GitHub Actions` (no checks reported yet)"),
    ([suite(runs=2, state="in_progress"), run("build")], "waiting for `GitHub Actions` (1 of 1 checks passed)"),
    ([suite(runs=2, state="in_progress"), waiting("build")], "waiting for `build` (0 of 1 checks passed)"),
    ([suite(state="completed", conclusion="failure")], "`GitHub Actions` failed (no checks reported yet)"),
]


@pytest.mark.parametrize(("reported", "sentence"), SENTENCES)
def test_sentence_names_what_decides(reported, sentence):
    assert gate(*reported).sentence == sentence


def test_deciding_names_are_all_told_even_where_the_sentence_is_short():
    assert gate(*[waiting(f"c{n}") for n in range(9)]).deciding == tuple(f"c{n}" for n in range(9))


def test_unreadable_is_unknown():
    assert unknown("GitHub does not answer").outcome is Outcome.UNKNOWN
    assert unknown("GitHub does not answer").sentence == "GitHub does not answer"
