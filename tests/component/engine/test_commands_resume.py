"""`/resume` of a pull request's hold: only where it was asked for, and everywhere else as before."""

from bot.domain.lock import PullHold
from bot.report.answers import pull_held
from bot.storage import stops
from bot.storage.database import Database
from tests.component.engine.rig import ALICE, BOB, TEAM, Rig
from tests.conftest import Clock
from tests.factories import NOW, REPOSITORY
from tests.fakes.clusters import FakeClusters

OTHER_TEAM = "acme/ledgers"
TWO_TEAMS = """
version: 1
teams:
  payments:
    github: acme/payments
    apps:
      checkout:
        repository: acme/checkout
        branch: main
        image: registry.example/payments/checkout
        checks: {require: [build, test]}
        environments:
          staging: {namespace: payments-staging, workload: deployment/checkout, container: web, deploy: on-merge}
  ledgers:
    github: acme/ledgers
    apps:
      ledger:
        repository: acme/checkout
        branch: main
        image: registry.example/payments/ledger
        checks: {require: [build, test]}
        environments:
          live: {namespace: payments-production, workload: deployment/checkout, container: web, deploy: on-merge}
"""


async def held(rig: Rig) -> list[tuple[str, str, str]]:
    async with rig.database.begin() as connection:
        found = await stops.pull_holds_of(connection, repository_id=REPOSITORY.id, number=12)
    return [(each.app, each.environment, each.set_by) for each in found]


async def test_one_environment_is_let_go_and_the_other_stays_held(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.comment(12, "/hold", by=BOB)

    await desk.comment(12, "/resume staging")

    assert await held(desk) == [("checkout", "production", "bob")]


async def test_two_holds_that_cover_it_are_both_narrowed_once(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.comment(12, "/hold production", by=BOB)
    await desk.comment(12, "/hold checkout")
    await desk.comment(12, "/hold")

    await desk.comment(12, "/resume staging")
    kept = await held(desk)
    await desk.comment(12, "/resume production")

    assert kept == [("", "production", "bob"), ("checkout", "production", "alice")]
    assert await held(desk) == []


async def test_what_another_team_held_is_not_let_go_by_naming_ones_own(sqlite: Database, clock: Clock) -> None:
    rig = Rig(database=sqlite, clock=clock, catalog_text=TWO_TEAMS, clusters=FakeClusters())
    rig.let_people_in()
    rig.github.teams |= {TEAM: {ALICE.login, BOB.login}, OTHER_TEAM: {BOB.login}}
    await rig.open_pull(12, "a")
    await rig.comment(12, "/hold", by=BOB)

    await rig.comment(12, "/resume", by=ALICE)
    everything = (await rig.decided()).reason
    await rig.comment(12, "/resume staging", by=ALICE)

    assert everything == "not_in_team"
    assert await held(rig) == [("ledger", "live", "bob")]


async def test_resume_alone_lets_all_of_it_go(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    for line in ("/hold", "/hold staging"):
        await desk.comment(12, line)

    await desk.comment(12, "/resume")

    assert await held(desk) == []


def test_what_is_held_names_the_app_where_only_one_is() -> None:
    assert "to staging with `checkout` when" in pull_held(
        PullHold(app="checkout", environment="staging", set_by="bob", set_at=NOW)
    )
