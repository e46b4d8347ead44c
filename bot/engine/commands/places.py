"""Which app and environment a command means. Never guessed: where several could be meant, it asks."""

from dataclasses import replace

from bot.domain.command import Verb, format_command
from bot.engine.commands.ask import Answer, Ask, refuse, row
from bot.engine.outcome import CatalogRow
from bot.report.markdown import code

_NAMED_FOR_PRODUCTION = frozenset({Verb.DEPLOY, Verb.ROLLBACK, Verb.ABORT})


def find(ask: Ask) -> CatalogRow | Answer:
    """The one place that is meant, or a refusal with the lines to choose from."""
    rows = candidates(ask)
    command = ask.command
    if command.environment is None and command.verb in _NAMED_FOR_PRODUCTION:
        others = [each for each in rows if not each.environment.production]
        if len(others) == 1:
            return others[0]
        if not others and len(rows) == 1:
            then = f"Write {_line(ask, rows[0])}."
            return refuse(ask, "name_production", "a production environment has to be named", then=then)
    if len(rows) == 1:
        return rows[0]
    if not rows:
        return refuse(ask, "no_such_place", "the catalog has no such environment", then="`/help` lists what there is.")
    lines = ", ".join(_line(ask, each) for each in rows)
    return refuse(ask, "which_place", "it could mean several", then=f"Write one of {lines}.")


def candidates(ask: Ask) -> list[CatalogRow]:
    """Every place of this repository that fits the words of the command."""
    app, environment = ask.command.app, ask.command.environment
    return [
        row(each, one)
        for each in ask.apps
        if app is None or each.name == app
        for one in each.environments
        if environment is None or one.name.casefold() == environment.casefold()
    ]


def _line(ask: Ask, place: CatalogRow) -> str:
    app = place.app.name if len(ask.apps) > 1 else None
    return code(format_command(replace(ask.command, environment=place.environment.name, app=app)))
