"""What holds for the gate whatever GitHub reports."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.gate import CheckRun, CheckSuite, CommitChecks, CommitStatus, Outcome, Required, decide

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
OWN = 7
NAMES = st.sampled_from(["build", "Build", "test", "lint", "codecov/patch", "greenlane / staging"])
APPS = st.sampled_from([1, 2, OWN])
STATUSES = st.sampled_from(["queued", "in_progress", "completed", "novel"])
CONCLUSIONS = st.sampled_from([None, "success", "skipped", "failure", "stale", "novel"])

runs = st.builds(
    CheckRun,
    id=st.integers(1, 6),
    name=NAMES,
    app_id=APPS,
    app_slug=st.just("ci"),
    status=STATUSES,
    conclusion=CONCLUSIONS,
)
statuses = st.builds(
    CommitStatus,
    context=NAMES,
    state=st.sampled_from(["success", "failure", "error", "pending", "novel"]),
    id=st.integers(1, 6),
    app_id=st.sampled_from([None, 1, 2, OWN]),
)
suites = st.builds(
    CheckSuite,
    app_id=APPS,
    app_slug=st.sampled_from(["github-actions", "netlify"]),
    status=STATUSES,
    conclusion=CONCLUSIONS,
    runs=st.integers(0, 2),
    created_at=st.sampled_from([None, NOW, NOW - timedelta(hours=1)]),
)


@st.composite
def commits(draw):
    found = draw(st.lists(statuses, max_size=6, unique_by=lambda one: one.id))
    return CommitChecks(
        runs=tuple(draw(st.lists(runs, max_size=8))),
        statuses=tuple(found),
        suites=tuple(draw(st.lists(suites, max_size=3))),
    )


required_names = st.one_of(
    st.none(), st.lists(st.builds(Required, name=NAMES, app_id=st.sampled_from([None, 1, OWN])), max_size=3)
)


def gate(checks, required=None, ignore=()):
    return decide(checks, required=required, ignore=ignore, none_allowed=False, own_app_id=OWN, now=NOW)


@given(commits(), required_names, st.data())
def test_order_and_repetition_change_nothing(checks, required, data):
    def shuffled(items):
        doubled = [*items, *data.draw(st.lists(st.sampled_from(items), max_size=3))] if items else []
        return tuple(data.draw(st.permutations(doubled)))

    mixed = CommitChecks(runs=shuffled(checks.runs), statuses=shuffled(checks.statuses), suites=shuffled(checks.suites))
    again = None if required is None else data.draw(st.permutations(required))

    assert gate(mixed, again) == gate(checks, required)


@given(commits(), required_names, st.lists(runs, max_size=4), st.lists(statuses, max_size=4))
def test_our_own_reports_change_nothing(checks, required, own_runs, own_statuses):
    more = replace(
        checks,
        runs=(*checks.runs, *(replace(run, app_id=OWN) for run in own_runs)),
        statuses=(*checks.statuses, *(replace(status, app_id=OWN) for status in own_statuses)),
    )

    assert gate(more, required) == gate(checks, required)


@given(commits(), required_names)
def test_no_pass_while_a_required_name_is_absent(checks, required):
    missing = Required(name="nobody reports this")

    assert gate(checks, [*(required or []), missing]).outcome is not Outcome.PASS


@given(commits(), required_names, st.lists(NAMES, max_size=3))
def test_a_pass_names_at_least_one_foreign_success(checks, required, ignore):
    decision = gate(checks, required, ignore)

    if decision.outcome is Outcome.PASS:
        ignored = {name.casefold() for name in ignore}
        passed = {
            name.casefold()
            for app, name, good in [
                *((run.app_id, run.name, run.conclusion in {"success", "skipped"}) for run in checks.runs),
                *((status.app_id, status.context, status.state == "success") for status in checks.statuses),
            ]
            if good and app != OWN
        }
        assert decision.deciding
        assert {name.casefold() for name in decision.deciding} <= passed - ignored
        assert decision.passed == decision.total == len(decision.deciding)


@given(commits(), required_names)
def test_the_counts_fit_the_answer(checks, required):
    decision = gate(checks, required)

    assert 0 <= decision.passed <= decision.total
    assert decision.outcome is not Outcome.UNKNOWN
    assert decision.sentence
    if decision.outcome is not Outcome.PASS and decision.deciding and "GitHub Actions" not in decision.deciding:
        assert decision.passed < decision.total


@given(commits(), runs)
def test_a_new_open_run_takes_a_pass_away(checks, run):
    later = replace(run, id=99, app_id=1, status="in_progress", conclusion=None)
    more = replace(checks, runs=(*checks.runs, later))

    assert gate(more).outcome is not Outcome.PASS
