"""`serve`, and what is done before and around it: `migrate`, `check-config`, `doctor`, `schema`."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.output import PROBLEMS
from bot.cli.working import with_database
from bot.domain.catalog import CatalogError, catalog_schema
from bot.settings import Need, load_settings

if TYPE_CHECKING:
    from bot.engine.doctor import Finding
    from bot.storage.database import Database


@click.command()
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


@click.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    from bot.storage import schema as versions  # noqa: PLC0415

    async def run(database: "Database") -> None:
        await versions.upgrade(database)

    with_database(run, migrated=False)
    click.echo("The schema is current.")


@click.command("check-config")
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


@click.command()
def doctor() -> None:
    """Ask the database, GitHub, the cluster and the registries whether everything is in place."""
    from bot import app  # noqa: PLC0415
    from bot.engine.doctor import Doctor  # noqa: PLC0415
    from bot.telemetry.logs import configure_logging  # noqa: PLC0415

    findings: list[Finding] = []

    def tell(finding: "Finding") -> None:
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


@click.command(hidden=True)
def schema() -> None:
    """Print the catalog's JSON schema."""
    click.echo(json.dumps(catalog_schema(), indent=2))
