"""Who may deploy and when: what a catalog says about it arrives, and each fault is told at its place."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.catalog import (
    CatalogError,
    Deployers,
    MergedBy,
    Span,
    Stop,
    Windows,
    load_catalog,
)
from bot.domain.catalog.times import check_cron, check_zone, parse_moment
from bot.domain.people import Person

BASE = """\
version: 1
teams:
  shop:
    github: acme/shop
    apps:
      checkout:
        repository: acme/checkout
        image: registry.example/checkout
        environments:
          staging: {namespace: staging, workload: deployment/a, container: web, deploy: on-merge}
          production:
            namespace: production
            workload: deployment/a
            container: web
            deploy: on-command
"""
STOP = "stop: {reason: The database moves, until: 2026-12-24T18:00:00+01:00}\n"


def problems_of(text: str) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        load_catalog({"c.yaml": text})
    return [str(problem) for problem in caught.value.problems]


def test_every_key_of_an_environment_arrives():
    text = BASE + (
        "            after: Staging\n"
        "            approvals: 2\n"
        "            merged_by: deployers\n"
        "            deployers: {people: {alice: 583231}, teams: [acme/sre]}\n"
        "            windows:\n"
        "              timezone: Europe/Berlin\n"
        '              allow: [{cron: "0 9 * * 1-5", for: 8h}]\n'
        '              deny: [{cron: "0 0 24 12 *", for: 72h, reason: Christmas}]\n'
    )

    staging, production = load_catalog({"c.yaml": text}).apps[0].environments

    assert (production.after, production.approvals, production.merged_by) == ("staging", 2, MergedBy.DEPLOYERS)
    assert production.deployers == Deployers(people=(Person(login="alice", id=583231),), teams=("acme/sre",))
    assert production.windows == Windows(
        timezone="Europe/Berlin",
        allow=(Span(cron="0 9 * * 1-5", lasts=timedelta(hours=8)),),
        deny=(Span(cron="0 0 24 12 *", lasts=timedelta(hours=72), reason="Christmas"),),
    )
    assert (staging.after, staging.approvals, staging.deployers, staging.windows) == (None, 0, None, None)
    assert staging.merged_by is MergedBy.ANYONE


def test_a_stop_and_hotfix_people_arrive_where_they_were_said():
    text = BASE.replace("teams:", STOP + "hotfix: {people: {root: 1}}\nteams:")
    text = text.replace("    apps:", f"    {STOP}    hotfix: {{people: {{alice: 583231}}}}\n    apps:")
    text = text.replace("        environments", f"        {STOP}        environments")
    stop = Stop(reason="The database moves", until=datetime(2026, 12, 24, 17, tzinfo=UTC))

    catalog = load_catalog({"c.yaml": text})

    assert catalog.stop == catalog.teams[0].stop == catalog.apps[0].stop == stop
    assert (catalog.hotfix, catalog.teams[0].hotfix) == (
        (Person(login="root", id=1),),
        (Person(login="alice", id=583231),),
    )


def test_nobody_is_stopped_and_nobody_is_let_through_by_default():
    catalog = load_catalog({"c.yaml": BASE})

    assert (catalog.stop, catalog.teams[0].stop, catalog.apps[0].stop) == (None, None, None)
    assert (catalog.hotfix, catalog.teams[0].hotfix) == ((), ())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("after: stagign", "16:20: checkout has no environment `stagign`; did you mean `staging`?"),
        ("after: production", "16:20: `production` after `production`: nothing could come first; remove one `after`"),
        ("approvals: 11", "16:24: `approvals` must be a number from 0 to 10, not the number 11"),
        ("approvals: -1", "16:24: `approvals` must be a number from 0 to 10, not the number -1"),
        ("approvals: true", "16:24: `approvals` must be a whole number, not `true`"),
        ("merged_by: deployer", "16:24: `merged_by` is `anyone` or `deployers`, not `deployer`; did you mean `deploy"),
        ("deployers: {}", "16:24: `deployers` names nobody; write `people`, `teams` or both"),
        ("deployers: {people: {}}", "16:33: `people` is empty; it needs at least one entry"),
        ("deployers: {people: [alice]}", "16:33: `people` must be a mapping (`key: value` lines), not a list"),
        ("deployers: {people: {alice: '1'}}", "16:41: `alice` must be a whole number, not text"),
        ("deployers: {people: {'@alice': 1}}", "16:34: `@alice` is not a GitHub login, like alice (without @)"),
        ("deployers: {people: {a: 1, A: 2}}", "16:33: `a` and `A` are one login (GitHub ignores capitals)"),
        ("deployers: {people: {a: 1, b: 1}}", "16:33: `a` and `b` have one number, 1; a person is here once"),
        ("deployers: {team: [acme/sre]}", "16:25: `team` is not a key here; did you mean `teams`?"),
        ("deployers: {teams: [sre]}", "16:33: `sre` is not organisation/team"),
        ("windows: {timezone: UTC}", "16:22: `windows` says no time; write `allow`, `deny` or both"),
        (
            "windows: {timezone: Europe/berlin, allow: []}",
            "16:33: `Europe/berlin` is not a time zone; did you mean Eur",
        ),
        ("windows: {timezone: MEZ!, deny: 1}", "16:33: `MEZ!` is not a time zone; write it like Europe/Berlin or UTC"),
        ("windows: {allow: [{cron: '0 9 * * *', for: 8h}]}", "16:13: `timezone` is missing. Whose clock"),
        ("windows: {timezone: UTC, allow: [{cron: '0 9 * * *'}]}", "16:46: `for` is missing. How long it lasts."),
        ("windows: {timezone: UTC, allow: [{form: 8h}]}", "16:47: `form` is not a key here; did you mean `for`?"),
        (
            "windows: {timezone: UTC, deny: [{cron: '0 9 * * *', for: 8h}]}",
            "16:45: `reason` is missing. Told to people",
        ),
        (
            "windows: {timezone: UTC, allow: [{cron: 61 9 * * *, for: 8h}]}",
            "16:53: `61 9 * * *` has a wrong minute; wr",
        ),
        ("windows: {timezone: UTC, allow: [{cron: '@daily', for: 8h}]}", "16:53: `@daily` is not a cron expression of"),
        (
            "windows: {timezone: UTC, allow: [{cron: '* 9 * * *', for: 8h}]}",
            "16:53: `* 9 * * *` begins at many minutes",
        ),
        ("windows: {timezone: UTC, allow: [{cron: '0 0 * 2 MON#6', for: 8h}]}", "16:53: `0 0 * 2 MON#6` has a wrong"),
        ("windows: {timezone: UTC, allow: [{cron: '0 9 * * *', for: 8}]}", "16:71: `8` is not a duration"),
    ],
)
def test_a_fault_in_an_environment(line: str, said: str):
    problems = problems_of(f"{BASE}            {line}\n")

    assert any(problem.startswith(f"c.yaml:{said}") for problem in problems), problems


@pytest.mark.parametrize(
    ("stop", "said"),
    [
        ("{reason: x}", "c.yaml:2:1: `until` is missing. When it ends by itself"),
        ("{until: 2026-12-24T18:00:00Z}", "c.yaml:2:1: `reason` is missing. Told to people who have to wait."),
        ("{reason: ' ', until: 2026-12-24T18:00:00Z}", "c.yaml:2:16: a reason is one line of words for people"),
        ("{reason: x, until: 2026-12-24}", "c.yaml:2:26: YAML reads `2026-12-24` as a date; put it in quotes"),
        ("{reason: x, until: '2026-12-24'}", "c.yaml:2:26: `2026-12-24` is not a moment; write date, time and zone"),
        ("{reason: x, until: '2026-12-24T18:00'}", "c.yaml:2:26: `2026-12-24T18:00` is not a moment; write date, time"),
        ("{reason: x, until: 2026-02-30T18:00:00Z}", "c.yaml:2:26: `2026-02-30T18:00:00Z` is not a moment that the"),
        ("{reason: x, until: 7}", "c.yaml:2:26: a moment is text like 2026-12-24T18:00:00Z"),
        ("{reason: x, until: 2026-12-24T18:00Z, who: me}", "c.yaml:2:45: `who` is not a key here; there are `reason`,"),
    ],
)
def test_a_fault_in_a_stop(stop: str, said: str):
    assert problems_of(BASE.replace("teams:", f"stop: {stop}\nteams:"))[0].startswith(said)


def test_environments_in_a_ring_are_told_once():
    text = BASE.replace("deploy: on-merge", "deploy: on-merge, after: production") + "            after: staging\n"

    assert problems_of(text) == [
        "c.yaml:10:106: `staging` after `production` after `staging`: nothing could come first; remove one `after`"
    ]


def test_an_environment_with_a_fault_is_still_there_for_those_after_it():
    text = BASE.replace("container: web, deploy: on-merge", "container: WEB, deploy: on-merge")

    assert len(problems_of(text + "            after: staging\n")) == 1


def test_every_fault_is_told_at_once_with_those_between_entries():
    # Given faults in list entries, an unknown key in one, and a rule broken elsewhere
    text = BASE.replace("namespace: production", "namespace: staging") + (
        "            windows:\n"
        "              timezone: Mars\n"
        "              allow: [{cron: x, for: 8h}, {cron: '0 9 * * *', for: 8h, reason: none}]\n"
    )

    # When
    places = [problem.split(": ")[0] for problem in problems_of(text)]

    # Then
    assert places == ["c.yaml:13:23", "c.yaml:17:25", "c.yaml:18:30", "c.yaml:18:72"]


def test_what_holds_for_every_team_is_in_one_file():
    other = BASE.replace("shop", "other").replace("namespace: ", "namespace: o-").replace("checkout", "cart")
    files = {"a.yaml": STOP + BASE, "b.yaml": STOP + other}

    with pytest.raises(CatalogError) as caught:
        load_catalog(files)

    assert str(caught.value) == "b.yaml:1:1: `stop` for every team is already at a.yaml:1; keep it in one file"


@pytest.mark.parametrize("text", ["0 9 * * 1-5", "30 8 1,15 * *", "0 22 * * SAT", "0 12 L * *", "0 9 29 2 *"])
def test_cron_expressions_that_are_taken(text: str):
    assert check_cron(text) == text


@pytest.mark.parametrize(
    "text", ["0 0 30 2 *", "0 0 */20 * 1L", "0 0 1 1 1 2026", "0 25 * * *", "0 9 * *", "²9 9 * * *"]
)
def test_cron_expressions_that_are_refused(text: str):
    with pytest.raises(ValueError, match="`") as caught:
        check_cron(text)

    assert text in str(caught.value)


@given(st.text() | st.text("0123456789*/,-#LW ", max_size=30), st.sampled_from([check_cron, check_zone, parse_moment]))
def test_no_text_at_all_raises_anything_but_a_sentence(text: str, check):
    said = "`"
    try:
        check(text)
    except ValueError as error:
        said = str(error)

    assert said.startswith("`")


@given(st.datetimes(timezones=st.just(UTC)))
def test_moments_are_read_as_they_are_written(moment: datetime):
    whole = moment.replace(microsecond=0)

    assert parse_moment(whole.isoformat()) == whole
