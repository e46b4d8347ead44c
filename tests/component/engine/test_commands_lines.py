"""Lines that are offered to type: they mean what is said of them where a repository has several apps, too."""

import re

from bot.domain.command import Command, Vocabulary, parse
from bot.storage.database import Database
from tests.component.engine.rig import Rig
from tests.component.engine.test_commands_rollback import answer
from tests.conftest import Clock
from tests.fakes.clusters import FakeClusters

APP = """
      {name}:
        repository: acme/checkout
        branch: main
        image: registry.example/payments/{name}
        checks: {{require: [build, test]}}
        environments:
          staging: {{namespace: payments-staging, workload: deployment/{name}, container: web, deploy: on-command}}
          beta: {{namespace: payments-staging, workload: deployment/b-{name}, container: web, deploy: on-command}}
"""
PRODUCTION_ONLY = """
      {name}:
        repository: acme/checkout
        branch: main
        image: registry.example/payments/{name}
        checks: {{require: [build, test]}}
        environments:
          production:
            {{namespace: payments-production, workload: deployment/{name}, container: web, deploy: on-command}}
"""
HEAD = "version: 1\nteams:\n  payments:\n    github: acme/payments\n    apps:"


async def asked(sqlite: Database, clock: Clock, app: str, line: str) -> list[Command]:
    """What the lines of the answer mean, in a repository with two such apps."""
    names = ("web", "worker")
    text = HEAD + "".join(app.format(name=name) for name in names)
    rig = Rig(database=sqlite, clock=clock, catalog_text=text, clusters=FakeClusters())
    rig.let_people_in()
    await rig.open_pull(12, "a")
    await rig.comment(12, line)
    _, _, offered = (await answer(rig)).partition("\n\n")
    apps = rig.tools.catalog.apps_of("acme/checkout", 1)
    vocabulary = Vocabulary(apps={each.name: tuple(one.name for one in each.environments) for each in apps})
    found = [parse(each, vocabulary) for each in re.findall(r"`(/[^`]+)`", offered)]
    assert found
    return [each for each in found if isinstance(each, Command)]


async def test_an_environment_of_an_app_that_was_named_is_offered_with_the_app(sqlite: Database, clock: Clock) -> None:
    found = await asked(sqlite, clock, APP, "/lock web")

    assert [(each.environment, each.app) for each in found] == [("staging", "web"), ("beta", "web")]


async def test_a_production_environment_is_offered_with_the_app(sqlite: Database, clock: Clock) -> None:
    found = await asked(sqlite, clock, PRODUCTION_ONLY, "/deploy web")

    assert [(each.environment, each.app) for each in found] == [("production", "web")]


async def test_what_brings_the_first_release_is_offered_with_the_place(sqlite: Database, clock: Clock) -> None:
    found = await asked(sqlite, clock, APP, "/rollback staging web")

    assert [(each.verb, each.environment, each.app) for each in found] == [("deploy", "staging", "web")]
