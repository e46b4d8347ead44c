"""`stop`: nothing new is deployed, everywhere or for a team or an app, until a time or a person ends it."""

import json
import sys
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from bot.cli.moments import later
from bot.cli.output import PROBLEMS, to_columns
from bot.cli.working import operator, record, with_database
from bot.domain.lock import Stop
from bot.domain.outside import one_line
from bot.errors import GreenlaneError
from bot.settings import load_settings

if TYPE_CHECKING:
    from bot.domain.catalog import Catalog
    from bot.storage.database import Database

EVERYTHING = "everything"
_LONGEST_REASON = 200


@click.command()
@click.argument("scope", metavar="[everything|TEAM|TEAM/APP]", default=EVERYTHING)
@click.option("--reason", help="Why, for the people who have to wait.")
@click.option("--for", "lasts", metavar="DURATION", help="How long, like 2h.")
@click.option("--until", metavar="MOMENT", help="When it ends, like 2026-12-24T18:00Z.")
@click.option("--lift", is_flag=True, help="End it now.")
@click.option("--list", "listing", is_flag=True, help="List what is stopped now, also by the catalog.")
@click.option("--json", "as_json", is_flag=True, help="With --list: as a JSON array instead of a table.")
def stop(
    *,
    scope: str,
    reason: str | None,
    lasts: str | None,
    until: str | None,
    lift: bool,
    listing: bool,
    as_json: bool,
) -> None:
    """Stop new deploys until a time; what was stopped waits and goes on by itself.

    What is being rolled out goes on, and rollbacks are never stopped. Without SCOPE everything is.
    """
    if sum((lift, listing, reason is not None or lasts is not None or until is not None)) > 1:
        raise click.UsageError(
            "`--list`, `--lift` and setting a stop (`--reason`, `--for`, `--until`) are three things"
        )
    if as_json and not listing:
        raise click.UsageError("`--json` goes with `--list`")
    if listing:
        _list(as_json=as_json)
    elif lift:
        _lift(scope)
    else:
        _set(scope, reason, lasts, until)


def _set(scope: str, reason: str | None, lasts: str | None, until: str | None) -> None:
    """Without the catalog where everything is meant: a stop must not wait for a file to be mended."""
    from bot.storage import stops  # noqa: PLC0415

    why = one_line(reason or "", limit=_LONGEST_REASON)
    if not why:
        raise click.UsageError("say why: `--reason TEXT` is what people who have to wait are told")
    now = datetime.now(UTC)
    end = later(lasts, until, now=now)
    team, app = ("", "") if scope.casefold() == EVERYTHING else _of_catalog(scope)
    new = Stop(team=team, app=app, reason=why, set_by=operator(), set_at=now, until=end)
    done = f"New deploys are stopped for {new.scope} until {_clock(end)}: {why}"

    async def run(database: "Database") -> None:
        async with database.begin() as connection:
            await stops.put(connection, new)
            await record(connection, "stop", done, now=now, team=team, app=app)

    with_database(run)
    click.echo(f"{done}\nTo end it earlier: greenlane stop {new.scope} --lift")


def _lift(scope: str) -> None:
    """By the names that were stored: a team may have left the catalog meanwhile."""
    from bot.storage import intents, stops  # noqa: PLC0415

    async def run(database: "Database") -> tuple[Stop, list[Stop]] | None:
        now = datetime.now(UTC)
        async with database.begin() as connection:
            standing = await stops.current(connection, now=now)
            found = next((each for each in standing if each.scope.casefold() == scope.casefold()), None)
            if found is None:
                return None
            team, app = found.team, found.app
            await stops.lift(connection, team=team, app=app, by=operator(), now=now)
            await intents.hint_scope(connection, team=team, app=app, now=now)
            await record(connection, "lift", f"The stop for {found.scope} is lifted.", now=now, team=team, app=app)
            return found, [each for each in standing if each.scope != found.scope and each.covers(team, app)]

    lifted = with_database(run)
    if lifted is None:
        click.echo(
            f"Nobody has stopped {scope} here; `greenlane stop --list` lists what is stopped. "
            "A stop of the catalog ends by its own time, or in the catalog.",
            err=True,
        )
        sys.exit(PROBLEMS)
    found, wider = lifted
    after = "; ".join(f"{each.scope} is stopped until {_clock(each.until)}" for each in wider)
    click.echo(f"The stop for {found.scope} is lifted; {after or 'what waited for it goes on'}.")


def _list(*, as_json: bool) -> None:
    from bot.engine.situation import stops_now  # noqa: PLC0415

    catalog = _catalog()

    async def run(database: "Database") -> list[Stop]:
        async with database.begin() as connection:
            return await stops_now(connection, catalog, now=datetime.now(UTC))

    found = [
        {
            "scope": each.scope,
            "until": each.until.isoformat(timespec="seconds"),
            "set_by": each.set_by,
            "reason": each.reason,
        }
        for each in with_database(run)
    ]
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo(to_columns(found) if found else "Nothing is stopped.")


def _of_catalog(scope: str) -> tuple[str, str]:
    """Team and app as the catalog spells them. Raises `GreenlaneError` where there are none such."""
    known = {"/".join(filter(None, names)): names for names in _scopes(_catalog())}
    folded = {name.casefold(): name for name in known}
    name = folded.get(scope.casefold())
    if name is None:
        raise GreenlaneError(_unknown(scope, folded))
    return known[name]


def _scopes(catalog: "Catalog") -> list[tuple[str, str]]:
    return [(team.name, "") for team in catalog.teams] + [(app.team, app.name) for app in catalog.apps]


def _unknown(scope: str, known: dict[str, str]) -> str:
    """`known`: what is written without capitals → as the catalog spells it."""
    asked = scope.casefold()
    alone = [name for name in known if name.endswith(f"/{asked}")]
    close = alone or get_close_matches(asked, [EVERYTHING, *known], n=3, cutoff=0.6)
    meant = " or ".join(known.get(name, name) for name in close)
    hint = f"did you mean {meant}?" if meant else "write TEAM, TEAM/APP or everything"
    return f"The catalog has no team or app {one_line(scope, limit=100)}; {hint}"


def _catalog() -> "Catalog":
    from bot.storage.catalog import read_catalog  # noqa: PLC0415

    return read_catalog(load_settings().catalog)


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
