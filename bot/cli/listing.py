"""`intents` and `holds`: what there is, for people and for programs."""

import json
from typing import TYPE_CHECKING, Any

import click

from bot.cli.output import to_columns
from bot.cli.working import with_database

if TYPE_CHECKING:
    from bot.domain.hold import Hold
    from bot.domain.intent import Intent
    from bot.storage.database import Database


@click.command()
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

    found = [_to_object(intent) for intent in with_database(run)]
    click.echo(json.dumps(found, indent=2) if as_json else _to_table(found))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As a JSON array instead of a table.")
def holds(*, as_json: bool) -> None:
    """List the environments whose automatic deploys are on hold."""
    from bot.storage import holds as store  # noqa: PLC0415

    async def run(database: "Database") -> "list[Hold]":
        async with database.begin() as connection:
            return await store.every(connection)

    found = [
        {
            "team": hold.team,
            "app": hold.app,
            "environment": hold.environment,
            "since": hold.set_at.isoformat(timespec="seconds"),
            "set_by": hold.set_by or "greenlane",
            "reason": hold.reason,
        }
        for hold in with_database(run)
    ]
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo(to_columns(found) if found else "Nothing is on hold.")


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
    return to_columns(
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
