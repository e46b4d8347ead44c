"""The loop every worker shares: claim what is due, handle it, sleep until something is due or somebody calls."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

import structlog
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import LostLeaseError, TransientError
from bot.storage import leases
from bot.storage.database import Database
from bot.storage.leases import Lease

Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)

POLL = timedelta(seconds=5)
"""Look at least this often: another replica may have stored something, and a wake-up may be lost."""

log = structlog.get_logger("greenlane.engine")


BLOCKED = timedelta(milliseconds=250)
"""Between looks when something is due and can't be claimed yet: its predecessor is in hand."""


class Claim(Protocol[Item_co]):
    """A store's claim of its next due row."""

    def __call__(
        self, connection: AsyncConnection, *, owner: str, now: datetime
    ) -> Awaitable[tuple[Lease, Item_co] | None]: ...


class Worker(Generic[Item]):
    """Runs up to `concurrency` items at once; whatever one of them raises, the loop goes on.

    `in_hand` are the rows whose leases deserve renewal. One that was dropped by a fault is not among
    them, so that its lease runs out and somebody tries again.
    """

    def __init__(
        self,
        name: str,
        *,
        database: Database,
        table: Table,
        owner: str,
        claim: Claim[Item],
        handle: Callable[[tuple[Lease, Item]], Awaitable[None]],
        clock: Callable[[], datetime],
        concurrency: int,
    ) -> None:
        """`table` is where `claim` takes rows from, in the name of `owner`."""
        self.name = name
        self.in_hand: set[int] = set()
        self.table = table
        self._database = database
        self._owner = owner
        self._claim = claim
        self._handle = handle
        self._clock = clock
        self._slots = asyncio.Semaphore(concurrency)
        self._called = asyncio.Event()

    def wake(self) -> None:
        """Something may be due."""
        self._called.set()

    async def claim(self) -> tuple[Lease, Item] | None:
        """Take the next row that is due; None when there is none."""
        async with self._database.begin() as connection:
            return await self._claim(connection, owner=self._owner, now=self._clock())

    async def _next_due(self) -> datetime | None:
        async with self._database.begin() as connection:
            return await leases.next_due(connection, self.table)

    async def run(self) -> None:
        """Work until cancelled; what is being handled is cancelled with it and its lease runs out."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._slots.acquire()
                item = await self._take()
                if item is None:
                    self._slots.release()
                    await self._rest()
                else:
                    group.create_task(self._work(item), name=self.name)

    async def _take(self) -> tuple[Lease, Item] | None:
        self._called.clear()
        try:
            item = await self.claim()
        except TransientError as error:
            log.warning("claim_failed", worker=self.name, error=str(error))
            return None
        except Exception:  # a row that can't be read must not end the engine
            log.exception("claim_broken", worker=self.name)
            await asyncio.sleep(BLOCKED.total_seconds())
            return None
        if item is not None:
            self.in_hand.add(item[0].row_id)
        return item

    async def _work(self, item: tuple[Lease, Item]) -> None:
        try:
            await self._handle(item)
        except LostLeaseError as error:
            log.info("lease_lost", worker=self.name, row=str(error))
        except TransientError as error:
            log.warning("work_failed", worker=self.name, error=str(error))
        except Exception:  # the top of the loop: one broken item must not stop the others
            log.exception("work_broken", worker=self.name)
        finally:
            self.in_hand.discard(item[0].row_id)
            self._slots.release()
            self.wake()

    async def _rest(self) -> None:
        pause = POLL
        try:
            due = await self._next_due()
        except TransientError:
            due = None
        if due is not None:
            pause = min(max(due - self._clock(), BLOCKED), POLL)
        try:
            # Not `wait_for`: before Python 3.12 it swallows a cancellation that comes together with the call.
            async with asyncio.timeout(pause.total_seconds()):
                await self._called.wait()
        except TimeoutError:
            return
