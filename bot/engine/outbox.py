"""Tells GitHub what the outbox asks for: rendered when it is sent, found again when it is repeated."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.engine.messages import Dropped, Messages
from bot.engine.worker import Worker
from bot.errors import BrokenError, RejectedError, TransientError
from bot.storage import outbox
from bot.storage.database import Database
from bot.storage.leases import Lease
from bot.storage.outbox import Message
from bot.storage.tables import outbox as table

CONCURRENCY = 8
LONGEST_BACK_OFF = timedelta(minutes=5)
MOST_TRIES = 12
"""Of a write whose request GitHub calls wrong: half an hour, in case the fault is GitHub's."""
_MAY_BE_GRANTED = frozenset({"github_forbidden", "github_suspended"})
GRANT_PAUSE = timedelta(minutes=10)
GRANT_PATIENCE = timedelta(days=1)

BURST = 8
REFILL_PER_SECOND = 1.0
"""Writes of one installation: a burst, then one a second, well below GitHub's 80 a minute (docs, rate limits)."""

Claimed = tuple[Lease, Message]

log = structlog.get_logger("greenlane.outbox")


@dataclass(slots=True)
class _Bucket:
    """How many writes an installation has left right now."""

    left: float
    since: datetime

    def take(self, now: datetime) -> float:
        """Seconds to wait before the write may go."""
        self.left = min(BURST, self.left + (now - self.since).total_seconds() * REFILL_PER_SECOND)
        self.since = now
        self.left -= 1
        return max(0.0, -self.left / REFILL_PER_SECOND)


class Outbox:
    """The sender. Writes of one installation go one after the other, as GitHub asks: see `outbox.claim`."""

    def __init__(
        self,
        *,
        database: Database,
        messages: Messages,
        owner: str,
        clock: Callable[[], datetime],
        forget_installation: Callable[[int], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._messages = messages
        self._clock = clock
        self._forget_installation = forget_installation
        self._sleep = sleep
        self._buckets: dict[int, _Bucket] = {}
        self.worker: Worker[Message] = Worker(
            "outbox",
            database=database,
            table=table,
            owner=owner,
            claim=outbox.claim,
            handle=self._handle,
            clock=clock,
            concurrency=CONCURRENCY,
        )

    async def _handle(self, claimed: Claimed) -> None:
        lease, message = claimed
        with structlog.contextvars.bound_contextvars(message=message.key, intent=message.intent_id):
            try:
                sent = await self._messages.send(message, pace=self._pace)
            except TransientError as error:
                await self._later(lease, message, error)
            except RejectedError as error:
                await self._refused(lease, message, error)
            except BrokenError as error:
                log.exception("message_broken")
                if message.attempts < MOST_TRIES:
                    await self._later(lease, message, TransientError(str(error)))
                else:
                    await self._give_up(lease, str(error))
            else:
                await self._sent(lease, message, sent)

    async def _pace(self, installation_id: int) -> None:
        now = self._clock()
        bucket = self._buckets.setdefault(installation_id, _Bucket(left=BURST, since=now))
        await self._sleep(bucket.take(now))

    async def _sent(self, lease: Lease, message: Message, sent: int | Dropped | None) -> None:
        dropped = sent.reason if isinstance(sent, Dropped) else ""
        external_id = sent if isinstance(sent, int) else None
        async with self._database.begin() as connection:
            await outbox.sent(connection, lease, message, external_id=external_id, dropped=dropped, now=self._clock())
        log.info("message_dropped" if dropped else "message_sent", **({"reason": dropped} if dropped else {}))

    async def _later(self, lease: Lease, message: Message, error: TransientError) -> None:
        now = self._clock()
        pause = error.retry_after or min(timedelta(seconds=2 ** min(message.attempts, 9)), LONGEST_BACK_OFF)
        log.warning("message_later", error=error.sentence, seconds=pause.total_seconds())
        async with self._database.begin() as connection:
            await outbox.later(connection, lease, at=now + pause, error=error.sentence)
            if error.retry_after:
                await outbox.hold_installation(connection, installation_id=message.installation_id, until=now + pause)

    async def _refused(self, lease: Lease, message: Message, error: RejectedError) -> None:
        """GitHub says no. A permission may yet be granted: kept for a day, without the token that has the old ones."""
        waited = self._clock() - message.created_at
        if error.reason not in _MAY_BE_GRANTED or waited > GRANT_PATIENCE:
            await self._give_up(lease, error.sentence)
            return
        self._forget_installation(message.installation_id)
        pause = GRANT_PAUSE if message.attempts > 1 else timedelta(seconds=2)
        log.error("message_not_allowed", error=error.sentence, seconds=pause.total_seconds())
        async with self._database.begin() as connection:
            await outbox.later(connection, lease, at=self._clock() + pause, error=error.sentence)

    async def _give_up(self, lease: Lease, sentence: str) -> None:
        """It will not be written; the rest goes on without it."""
        log.error("message_refused", error=sentence)
        async with self._database.begin() as connection:
            await outbox.give_up(connection, lease, error=sentence)
