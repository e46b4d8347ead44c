"""The `greenlane` command. Exit codes: 0 done, 1 it found problems, 2 wrong usage or settings."""

import asyncio
import json
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from bot import __version__
from bot.domain.catalog import CatalogError, catalog_schema
from bot.errors import GreenlaneError, SettingsError
from bot.settings import Need, load_settings

if TYPE_CHECKING:
    from bot.domain.hold import Hold
    from bot.domain.intent import Intent
    from bot.storage.database import Database

# The server's own imports take a second or two: each command takes only what it needs.

PROBLEMS = 1
USAGE = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="greenlane")
def cli() -> None:
    """Merge, green checks, and the new code runs in your team's namespace."""


@cli.command()
def serve() -> None:
    """Take webhooks and deploy, until stopped."""
    from bot import app  # noqa: PLC0415
    from bot.telemetry.logs import configure_logging  # noqa: PLC0415

    settings = load_settings(Need.GITHUB | Need.WEBHOOK)
    configure_logging(log_format=settings.log_format, level=settings.log_level)

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await app.serve(settings, stop)

    asyncio.run(run())


@cli.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    from bot.storage import schema  # noqa: PLC0415

    async def run(database: "Database") -> None:
        await schema.upgrade(database)

    _with_database(run)
    click.echo("The schema is current.")


@cli.command("check-config")
@click.argument("path", required=False, type=click.Path(path_type=Path))
def check_config(path: Path | None) -> None:
    """Check a catalog and print every problem as file:line:column: message.

    PATH is a file or folder; without it, GREENLANE_CATALOG counts.
    """
    from bot.storage.catalog import read_catalog  # noqa: PLC0415

    try:
        catalog = read_catalog(path or load_settings().catalog)
    except CatalogError as error:  # on standard output, as linters do
        click.echo("\n".join(str(problem) for problem in error.problems))
        sys.exit(PROBLEMS)
    environments = len(catalog.targets)
    click.echo(
        f"The catalog is fine: {len(catalog.teams)} teams, {len(catalog.apps)} apps, {environments} environments."
    )


@cli.command()
def doctor() -> None:
    """Ask the database, GitHub, the cluster and the registries whether everything is in place."""
    from bot import app  # noqa: PLC0415
    from bot.engine.doctor import Doctor, Finding  # noqa: PLC0415
    from bot.telemetry.logs import configure_logging  # noqa: PLC0415

    findings: list[Finding] = []

    def tell(finding: Finding) -> None:
        findings.append(finding)
        click.echo(str(finding))

    async def run() -> None:
        settings = load_settings(Need.GITHUB | Need.WEBHOOK)
        configure_logging(log_format=settings.log_format, level="error")  # findings say what warnings would
        async with app.open_bot(settings, look_only=True) as bot:
            await Doctor(
                tools=bot.tools,
                grants=bot.grants,
                tell=tell,
                api_url=settings.github_api_url,
                cluster_problem=bot.cluster_problem,
            ).examine()

    asyncio.run(run())
    if not all(finding.good for finding in findings):
        sys.exit(PROBLEMS)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="As a JSON array instead of a table.")
@click.option("--open", "only_open", is_flag=True, help="Only those that are not finished.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="At most so many.")
def intents(*, as_json: bool, only_open: bool, limit: int) -> None:
    """List intents, newest first."""
    from sqlalchemy import true  # noqa: PLC0415

    from bot.storage import intents as store  # noqa: PLC0415

    async def run(database: "Database") -> "list[Intent]":
        async with database.begin() as connection:
            condition = store.is_open() if only_open else true()
            return await store.find(connection, condition, limit=limit)

    found = [_to_object(intent) for intent in _with_database(run, migrated=True)]
    click.echo(json.dumps(found, indent=2) if as_json else _to_table(found))


@cli.command("holds")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array instead of a table.")
def list_holds(*, as_json: bool) -> None:
    """List the environments whose automatic deploys are on hold."""
    from bot.storage import holds  # noqa: PLC0415

    async def run(database: "Database") -> "list[Hold]":
        async with database.begin() as connection:
            return await holds.every(connection)

    found = [
        {
            "team": hold.team,
            "app": hold.app,
            "environment": hold.environment,
            "since": hold.set_at.isoformat(timespec="seconds"),
            "set_by": hold.set_by or "greenlane",
            "reason": hold.reason,
        }
        for hold in _with_database(run, migrated=True)
    ]
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo(_columns(found) if found else "Nothing is on hold.")


@cli.command()
@click.argument("app", metavar="TEAM/APP")
@click.argument("environment")
def resume(app: str, environment: str) -> None:
    """Switch automatic deploys on again after a rollback.

    Whatever was merged meanwhile and waits is deployed, the newest only.
    """
    import getpass  # noqa: PLC0415
    from datetime import UTC, datetime  # noqa: PLC0415

    from bot.storage import holds  # noqa: PLC0415
    from bot.storage import intents as store  # noqa: PLC0415

    team, _, name = app.partition("/")
    place = {"team": team, "app": name, "environment": environment}

    async def run(database: "Database") -> "Hold | None":
        now = datetime.now(UTC)
        async with database.begin() as connection:
            hold = await holds.release(connection, **place, by=getpass.getuser(), now=now)
            await store.hint_environment(connection, **place, now=now)
            return hold

    if _with_database(run, migrated=True) is None:
        click.echo(f"Nothing was on hold at {app} {environment}; `greenlane holds` lists what is.", err=True)
        sys.exit(PROBLEMS)
    click.echo(f"Automatic deploys of {app} to {environment} are on again.")


@cli.command(hidden=True)
def schema() -> None:
    """Print the catalog's JSON schema."""
    click.echo(json.dumps(catalog_schema(), indent=2))


def _to_object(intent: "Intent") -> dict[str, Any]:
    return {
        "id": intent.id,
        "repository": intent.repository.full_name,
        "team": intent.team,
        "app": intent.app,
        "environment": intent.environment,
        "kind": intent.kind,
        "sha": intent.sha,
        "pull_request": intent.pull_request,
        "actor": intent.actor,
        "undoes": intent.undoes,
        "restores": intent.restores,
        "target": intent.target.key,
        "state": intent.state,
        "reason": intent.reason,
        "detail": intent.detail,
        "image": intent.image,
        "digest": intent.digest,
        "patched_at": intent.patched_at.isoformat() if intent.patched_at else None,
        "created_at": intent.created_at.isoformat(),
        "updated_at": intent.updated_at.isoformat(),
    }


def _to_table(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "No intents yet. Merge a pull request of a repository in the catalog."
    return _columns(
        [
            {
                "id": row["id"],
                "app": row["app"],
                "environment": row["environment"],
                "commit": row["sha"][:7],
                "pull": f"#{row['pull_request']}" if row["pull_request"] else "",
                "state": row["state"],
                "why": row["reason"] or row["detail"],
            }
            for row in rows
        ]
    )


def _columns(rows: list[dict[str, Any]]) -> str:
    """Rows of the same keys as a table with their names as its head."""
    lines = [tuple(key.upper().replace("_", " ") for key in rows[0])]
    lines += [tuple(str(value) for value in row.values()) for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]) for line in lines
    )


def _with_database(run: Any, *, migrated: bool = False) -> Any:  # click commands hand their results straight on
    """Run with the settings' database. `migrated` refuses one that is not current."""
    from bot.storage import schema as versions  # noqa: PLC0415
    from bot.storage.database import Database  # noqa: PLC0415

    async def inside() -> Any:
        database = Database(load_settings().database_url.get_secret_value())
        try:
            if migrated and not await versions.is_current(database):
                raise SettingsError("the database's schema is not current; run `greenlane migrate`")
            work: Coroutine[Any, Any, Any] = run(database)
            return await work
        finally:
            await database.aclose()

    return asyncio.run(inside())


def main() -> NoReturn:
    """Run the command; our own errors are told in words, without a trace."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except CatalogError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(PROBLEMS)
    except SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE)
    except GreenlaneError as error:
        click.echo(str(error), err=True)
        sys.exit(PROBLEMS)
    sys.exit(0)
