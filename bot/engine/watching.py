"""Keeps the cluster's watches open where rollouts run, and turns their changes into due intents."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy import select

from bot.domain.intent import State
from bot.engine.tools import Tools
from bot.errors import TransientError
from bot.storage import intents
from bot.storage.tables import intents as table

SETTLE_SECONDS = 0.05
"""A rollout moves many objects at once: one look for all that moved in this time."""
REFRESH_SECONDS = 30.0

log = structlog.get_logger("greenlane.engine")


class Watching:
    """One subscription a namespace, for as long as something rolls out there."""

    def __init__(self, tools: Tools, *, on_due: Callable[[], None]) -> None:
        self._tools = tools
        self._on_due = on_due
        self._stops: dict[str, Callable[[], None]] = {}
        self._moved: set[str] = set()
        self._called = asyncio.Event()
        self._refreshed_at = tools.clock()

    def watch(self, namespace: str) -> None:
        """Open the namespace's watches, unless they are."""
        if namespace not in self._stops:
            self._stops[namespace] = self._tools.cluster.subscribe(namespace, lambda: self._note(namespace))

    def _note(self, namespace: str) -> None:
        self._moved.add(namespace)
        self._called.set()

    async def run(self) -> None:
        """Pass changes on until cancelled; watches that nobody needs any more are closed."""
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(REFRESH_SECONDS):
                        await self._called.wait()
                await asyncio.sleep(SETTLE_SECONDS)
                self._called.clear()
                await self._pass_on()
                if self._tools.clock() - self._refreshed_at > timedelta(seconds=REFRESH_SECONDS):
                    await self._close_idle()
        finally:
            for stop in self._stops.values():
                stop()

    async def _pass_on(self) -> None:
        moved, self._moved = self._moved, set()
        try:
            async with self._tools.database.begin() as connection:
                now = self._tools.clock()
                due = sum([await intents.hint_rollouts(connection, namespace=name, now=now) for name in sorted(moved)])
        except TransientError as error:
            log.warning("watch_not_passed_on", error=str(error))  # the rollouts look again by themselves
            return
        if due:
            self._on_due()

    async def _close_idle(self) -> None:
        self._refreshed_at = self._tools.clock()
        try:
            async with self._tools.database.begin() as connection:
                rows = await connection.execute(
                    select(table.c.namespace).where(table.c.state == State.ROLLING_OUT).distinct()
                )
        except TransientError:
            return
        busy = set(rows.scalars())
        for namespace in set(self._stops) - busy:
            self._stops.pop(namespace)()
