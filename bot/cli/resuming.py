"""`resume`: automation goes on after a rollback."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from bot.cli.output import PROBLEMS
from bot.cli.working import operator, record, with_database

if TYPE_CHECKING:
    from bot.domain.hold import Hold
    from bot.storage.database import Database


@click.command()
@click.argument("app", metavar="TEAM/APP")
@click.argument("environment")
def resume(app: str, environment: str) -> None:
    """Switch automatic deploys on again after a rollback.

    Whatever was merged meanwhile and waits is deployed, the newest only.
    """
    from bot.storage import holds, intents  # noqa: PLC0415

    team, _, name = app.partition("/")
    place = {"team": team, "app": name, "environment": environment}
    done = f"Automatic deploys of {app} to {environment} are on again."

    async def run(database: "Database") -> "Hold | None":
        now = datetime.now(UTC)
        async with database.begin() as connection:
            hold = await holds.release(connection, **place, by=operator(), now=now)
            await intents.hint_environment(connection, **place, now=now)
            if hold is not None:
                await record(connection, "resume", done, now=now, **place)
            return hold

    if with_database(run) is None:
        click.echo(f"Nothing was on hold at {app} {environment}; `greenlane holds` lists what is.", err=True)
        sys.exit(PROBLEMS)
    click.echo(done)
