"""Asks everything Greenlane depends on whether it is in place, and says what to do where it is not."""

from collections.abc import Awaitable
from dataclasses import dataclass

from bot.domain.catalog import Environment
from bot.engine.tools import Tools
from bot.errors import GreenlaneError
from bot.storage import schema


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at."""

    good: bool
    sentence: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.good else 'BAD '} {self.sentence}"


async def examine(tools: Tools) -> list[Finding]:
    """Database, every repository and every target of the catalog; one line each, none hides another."""
    findings = [await _database(tools)]
    names = tools.catalog.repositories
    findings += [await _try(_repository(tools, name), f"repository {name}") for name in names]
    for app in tools.catalog.apps:
        for environment in app.environments:
            where = f"{app.name} {environment.name}: {environment.target.workload} in {environment.target.namespace}"
            findings.append(await _try(_target(tools, environment, where), where))
    return findings


async def _database(tools: Tools) -> Finding:
    try:
        current = await schema.is_current(tools.database)
    except GreenlaneError as error:
        return Finding(good=False, sentence=f"database: {error}")
    return Finding(good=current, sentence="database: " + ("schema current" if current else "run `greenlane migrate`"))


async def _repository(tools: Tools, name: str) -> Finding:
    repository = await tools.github.find_repository(name)
    if repository is None:
        sentence = f"repository {name}: the App is not installed there; install it from the App's page at GitHub"
        return Finding(good=False, sentence=sentence)
    branch = await tools.github.default_branch(repository)
    required = await tools.github.required_checks(repository, branch)
    names = ", ".join(sorted(each.name for each in required)) or "no checks"
    return Finding(good=True, sentence=f"repository {name}: installed; {branch} requires {names}")


async def _target(tools: Tools, environment: Environment, where: str) -> Finding:
    workload = await tools.cluster.read(environment.target)
    return Finding(good=True, sentence=f"{where}: runs {workload.images[environment.target.container]}")


async def _try(question: Awaitable[Finding], what: str) -> Finding:
    try:
        return await question
    except GreenlaneError as error:
        return Finding(good=False, sentence=f"{what}: {error}")
