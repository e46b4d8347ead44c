"""Every table, in one place."""

from bot.storage.tables.base import UtcDateTime, metadata
from bot.storage.tables.people import commands, heads, holds, locks, pull_holds, stops
from bot.storage.tables.places import installations, repositories
from bot.storage.tables.work import deliveries, intents, outbox, transitions

__all__ = [
    "UtcDateTime",
    "commands",
    "deliveries",
    "heads",
    "holds",
    "installations",
    "intents",
    "locks",
    "metadata",
    "outbox",
    "pull_holds",
    "repositories",
    "stops",
    "transitions",
]
