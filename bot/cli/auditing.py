"""`audit`: everything people did, by command, button, merge or at the command line, in one list."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from bot.cli.moments import earlier
from bot.cli.output import to_columns
from bot.cli.working import with_database
from bot.domain.outside import one_line

if TYPE_CHECKING:
    from bot.domain.intent import Intent
    from bot.storage.commands import Record
    from bot.storage.database import Database

_LONGEST = 500
_SHOWN = 80


@click.command()
@click.option("--since", metavar="WHEN", help="Only what came later than 24h ago, 2026-11-20 or 2026-11-20T18:00Z.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array instead of a table.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="At most so many.")
def audit(*, since: str | None, as_json: bool, limit: int) -> None:
    """List what people did, newest first: commands, buttons, merges and pushes, and what was done here."""
    start = earlier(since, now=datetime.now(UTC)) if since else None

    async def run(database: "Database") -> list[dict[str, Any]]:
        return await _read(database, since=start, limit=limit)

    found = with_database(run)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo(to_columns([_to_row(each) for each in found]) if found else "Nobody did anything yet.")


async def _read(database: "Database", *, since: datetime | None, limit: int) -> list[dict[str, Any]]:
    from sqlalchemy import true  # noqa: PLC0415

    from bot.domain.intent import Kind  # noqa: PLC0415
    from bot.storage import commands, intents  # noqa: PLC0415
    from bot.storage.tables import intents as table  # noqa: PLC0415

    async with database.begin() as connection:
        records = await commands.recent(connection, since=since, limit=limit)
        numbers = {each.intent_id for each in records if each.intent_id is not None}
        caused = await intents.find(connection, table.c.id.in_(numbers), limit=limit)
        later = table.c.created_at >= since if since else true()
        merged = await intents.find(connection, (table.c.kind == Kind.AUTOMATIC) & later, limit=limit)
    return _in_order([*_commanded(records, caused), *(_merged(each) for each in merged)])[:limit]


def _in_order(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(entries, key=lambda entry: entry["at"], reverse=True)


def _commanded(records: "Iterable[Record]", caused: "Iterable[Intent]") -> Iterable[dict[str, Any]]:
    became: dict[int | None, Intent] = {each.id: each for each in caused}
    for each in records:
        yield _entry(
            at=each.at,
            actor_id=each.actor.id or None,
            actor=each.actor.login,
            verb=each.verb,
            line=each.line,
            repository=each.repository.full_name if each.repository else None,
            pull_request=each.pull_request,
            comment_id=each.comment_id,
            place=(each.team, each.app, each.environment),
            decision=each.decision,
            reason=each.reason,
            sentence=each.sentence,
            facts=dict(each.facts),
            intent_id=each.intent_id,
            intent=became.get(each.intent_id),
        )


def _merged(intent: "Intent") -> dict[str, Any]:
    """Whose merge or push it was is who put it there."""
    what = "merge" if intent.pull_request is not None else "push"
    return _entry(
        at=intent.created_at,
        actor_id=intent.actor_id,
        actor=intent.actor,
        verb=what,
        line="",
        repository=intent.repository.full_name,
        pull_request=intent.pull_request,
        comment_id=None,
        place=(intent.team, intent.app, intent.environment),
        decision="accepted",
        reason="",
        sentence=f"deploys {intent.short_sha} to {intent.environment}",
        facts={},
        intent_id=intent.id,
        intent=intent,
    )


def _entry(
    *,
    at: datetime,
    line: str,
    sentence: str,
    place: tuple[str, str, str],
    intent: "Intent | None",
    **same: Any,  # what is told as it is stored
) -> dict[str, Any]:
    team, app, environment = place
    return {
        "at": at.astimezone(UTC).isoformat(timespec="seconds"),
        **same,
        "line": one_line(line, limit=_LONGEST),
        "team": team,
        "app": app,
        "environment": environment,
        "sentence": one_line(sentence, limit=_LONGEST),
        "sha": intent.sha if intent else None,
        "state": intent.state if intent else None,
    }


def _to_row(entry: dict[str, Any]) -> dict[str, str]:
    number, where = entry["actor_id"], "/".join(filter(None, (entry["team"], entry["app"])))
    pull = f"#{entry['pull_request']}" if entry["pull_request"] else ""
    return {
        "at": entry["at"].replace("T", " ").removesuffix("+00:00"),
        "who": one_line(entry["actor"]) + (f" ({number})" if number else ""),
        "verb": entry["verb"],
        "where": " ".join(filter(None, (where, entry["environment"]))),
        "pull": f"{entry['repository'] or ''}{pull}",
        "decision": entry["reason"] or entry["decision"],
        "became": entry["state"] or "",
        "line": one_line(entry["line"] or entry["sentence"], limit=_SHOWN),
    }
