"""All of the engine as one thing that runs: workers, watches, sweeps, and the renewal of their leases."""

import asyncio
import secrets
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.engine.admission import Admission
from bot.engine.deliveries import Deliveries
from bot.engine.messages import Messages
from bot.engine.outbox import Outbox
from bot.engine.ports import GitHubWrites
from bot.engine.reconciler import Reconciler
from bot.engine.sweeps import PAUSE, Sweeps
from bot.engine.tools import Tools
from bot.engine.watching import Watching
from bot.engine.worker import Worker
from bot.errors import TransientError
from bot.storage import intents, leases, outbox
from bot.telemetry.metrics import Metrics

LET_GO_SECONDS = 2.0
RENEW_EVERY = leases.LEASE / 3

log = structlog.get_logger("greenlane.engine")


class Engine:
    """Made once a process; `run` it as one task."""

    def __init__(
        self, tools: Tools, *, writes: GitHubWrites, metrics: Metrics, web_url: str, sweep_pause: timedelta = PAUSE
    ) -> None:
        """`web_url` is where people see GitHub, without a slash at the end."""
        self._tools = tools
        self._metrics = metrics
        self._owner = secrets.token_hex(8)
        self._renewed_at: datetime | None = None
        admission = Admission(database=tools.database, github=tools.github, catalog=tools.catalog, clock=tools.clock)
        messages = Messages(database=tools.database, github=writes, catalog=tools.catalog, web_url=web_url)
        self._outbox = Outbox(
            database=tools.database,
            messages=messages,
            owner=self._owner,
            clock=tools.clock,
            forget_installation=tools.forget_installation,
        )
        self._watching = Watching(tools, on_due=self._wake)
        self._reconciler = Reconciler(
            tools,
            owner=self._owner,
            metrics=metrics,
            on_message=self._outbox.worker.wake,
            on_rollout=self._watching.watch,
        )
        self._deliveries = Deliveries(tools, admission, owner=self._owner, on_due=self._wake)
        self._sweeps = Sweeps(tools, admission, on_due=self._wake, pause=sweep_pause)

    def delivery_stored(self) -> None:
        """The intake has stored something."""
        self._deliveries.worker.wake()

    def _wake(self) -> None:
        self._reconciler.worker.wake()
        self._outbox.worker.wake()

    def is_alive(self) -> bool:
        """Whether leases are being renewed."""
        return self._renewed_at is not None and self._tools.clock() - self._renewed_at < leases.LEASE

    async def run(self) -> None:
        """Work until cancelled, then let go of everything so that a successor need not wait for leases to run out."""
        if self._tools.database.is_sqlite:
            # SQLite has one process: whatever is still held was held by one that is gone.
            await self._release(None)
        await self._look_at_all()
        try:
            async with asyncio.TaskGroup() as group:
                for work in (
                    self._renew(),
                    *(worker.run() for worker in self._workers()),
                    self._watching.run(),
                    self._sweeps.run(),
                ):
                    group.create_task(work)
        finally:
            await self._let_go()

    async def _let_go(self) -> None:
        """A courtesy, worth a moment: where it does not work the leases run out."""
        try:
            async with asyncio.timeout(LET_GO_SECONDS):
                await self._release(self._owner)
        except (TransientError, TimeoutError) as error:
            log.warning("leases_not_released", error=str(error) or "it took too long")

    async def _look_at_all(self) -> None:
        """Webhooks that came while nobody listened are lost, so every open intent is looked at once."""
        async with self._tools.database.begin() as connection:
            await leases.mark_due(connection, self._reconciler.worker.table, intents.is_open(), now=self._tools.clock())

    async def _release(self, owner: str | None) -> None:
        async with self._tools.database.begin() as connection:
            for worker in self._workers():
                await leases.release(connection, worker.table, owner=owner, now=self._tools.clock())

    def _workers(self) -> list[Worker[Any]]:
        return [self._deliveries.worker, self._reconciler.worker, self._outbox.worker]

    async def _renew(self) -> None:
        while True:
            now = self._tools.clock()
            try:
                async with self._tools.database.begin() as connection:
                    for worker in self._workers():
                        ids = worker.in_hand
                        await leases.renew(connection, worker.table, owner=self._owner, ids=ids, now=now)
                    self._metrics.intents(await intents.count_by_state(connection))
                    self._metrics.outbox_pending(await outbox.count_pending(connection))
                self._renewed_at = now
            except TransientError as error:
                log.warning("leases_not_renewed", error=str(error))
            await asyncio.sleep(RENEW_EVERY.total_seconds())
