"""Durations and moments at the command line."""

from datetime import UTC, datetime

import click

from bot.domain.catalog import parse_duration
from bot.domain.catalog.times import parse_moment


def later(lasts: str | None, until: str | None, *, now: datetime) -> datetime:
    """When something ends: after a duration, or at a moment. Raises `click.UsageError` unless exactly one is given."""
    if (lasts is None) == (until is None):
        raise click.UsageError("say when it ends: `--for 2h`, or `--until 2026-12-24T18:00Z`")
    try:
        end = now + parse_duration(lasts) if lasts is not None else parse_moment(until or "")
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if end <= now:
        raise click.UsageError(f"`{until}` is over already")
    return end


def earlier(since: str, *, now: datetime) -> datetime:
    """`24h` ago, or the beginning of a day in UTC, or a moment. Raises `click.UsageError` for anything else."""
    for read in (_ago, _day, _moment):
        try:
            return read(since, now)
        except ValueError:
            continue
    raise click.UsageError(f"`{since}` is no time; write it like 24h, 2026-11-20 or 2026-11-20T18:00Z")


def _ago(text: str, now: datetime) -> datetime:
    return now - parse_duration(text)


def _day(text: str, _: datetime) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)


def _moment(text: str, _: datetime) -> datetime:
    return parse_moment(text)
