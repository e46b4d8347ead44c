"""Carries intents from state to state: claim one, run its step, store what came of it, let go.

waiting_checks → resolving_image → queued → rolling_out → succeeded; see `bot.domain.intent.TRANSITIONS`.
Whatever a step decides is stored in one transaction with the timeline and the outbox rows it causes.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import assert_never

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.intent import Facts, Intent, State, is_legal
from bot.domain.policy import FOR_PEOPLE
from bot.engine import announce, undo
from bot.engine.outcome import CatalogRow, Move, Outcome, Stay, at_deadline, from_error
from bot.engine.steps import checks, image, queue, rollout
from bot.engine.steps.turn import QUEUED
from bot.engine.tools import Remember, Tools
from bot.engine.worker import Worker
from bot.errors import BrokenError, LostLeaseError, RejectedError, TransientError
from bot.storage import intents
from bot.storage.intents import UNREACHABLE
from bot.storage.leases import Lease
from bot.storage.tables import intents as table
from bot.telemetry.metrics import Metrics

CONCURRENCY = 16
STEP_TIMEOUT = timedelta(seconds=60)
BROKEN_PAUSE = timedelta(seconds=60)
QUEUE_DEADLINE = timedelta(hours=6)

RUNNING_TARGET = "uq_intents_running_target"
"""The unique index that knows one running rollout a target; SQLite names its column instead."""
WORTH_TELLING = frozenset({UNREACHABLE, "image_not_found", "image_incomplete", "broken", "paused", QUEUED} | FOR_PEOPLE)
"""Waits that somebody wonders about; checks and pods that come along are not."""

Claimed = tuple[Lease, Intent]

log = structlog.get_logger("greenlane.engine")


class Reconciler:
    """The engine's heart. `on_message` is called when GitHub has something to be told."""

    def __init__(
        self,
        tools: Tools,
        *,
        owner: str,
        metrics: Metrics,
        on_message: Callable[[], None],
        on_rollout: Callable[[str], None],
    ) -> None:
        """`on_rollout` takes a namespace that has to be watched from now on."""
        self._tools = tools
        self._on_message = on_message
        self._on_rollout = on_rollout
        self._metrics = metrics
        self.worker: Worker[Intent] = Worker(
            "intents",
            database=tools.database,
            table=table,
            owner=owner,
            claim=intents.claim,
            handle=self._handle,
            clock=tools.clock,
            concurrency=CONCURRENCY,
        )

    async def _handle(self, claimed: Claimed) -> None:
        """Run steps until one says to wait or the intent has ended."""
        lease, intent = claimed
        with structlog.contextvars.bound_contextvars(intent=intent.id, target=intent.target.key, sha=intent.sha):
            while True:
                outcome = await self._decide(lease, intent)
                try:
                    stays = await self._store(lease, intent, outcome)
                except IntegrityError as error:
                    if RUNNING_TARGET not in str(error.orig) and "target_key" not in str(error.orig):
                        raise
                    stays = await self._store(lease, intent, queue.RACE)
                if stays:
                    return
                async with self._tools.database.begin() as connection:
                    intent = await intents.get(connection, intent.id)

    async def _decide(self, lease: Lease, intent: Intent) -> Outcome:
        """Run the step; what it raises becomes a decision too, and no wait outlasts its deadline."""
        now = self._tools.clock()
        outcome = await self._try(lease, intent, now)
        if intent.deadline_at is None or now < intent.deadline_at:
            return outcome
        return at_deadline(await self._fresh(intent), outcome, now=now)

    async def _try(self, lease: Lease, intent: Intent, now: datetime) -> Outcome:
        try:
            row = self._row(intent)
            async with asyncio.timeout(STEP_TIMEOUT.total_seconds()):
                return await self._step(lease, row, intent)
        except (RejectedError, TransientError) as error:
            return from_error(await self._fresh(intent), error, now=now)
        except TimeoutError:
            return from_error(await self._fresh(intent), TransientError("an answer took too long"), now=now)
        except LostLeaseError:
            raise
        except Exception as error:
            log.exception("step_broken")
            words = str(error) if isinstance(error, BrokenError) else type(error).__name__
            return Stay(detail=f"our own fault: {words}", reason="broken", again_in=BROKEN_PAUSE)

    async def _fresh(self, intent: Intent) -> Intent:
        """The row as it is now: the step may have stored something before it failed."""
        async with self._tools.database.begin() as connection:
            return await intents.get(connection, intent.id)

    async def _step(self, lease: Lease, row: CatalogRow, intent: Intent) -> Outcome:
        match intent.state:
            case State.WAITING_CHECKS:
                return await checks.run(self._tools, row, intent)
            case State.RESOLVING_IMAGE:
                return await image.run(self._tools, row, intent)
            case State.QUEUED:
                return await queue.run(self._tools, row, intent)
            case State.ROLLING_OUT:
                self._on_rollout(intent.target.namespace)
                return await rollout.run(self._tools, row, intent, self._remember(lease))
            case _:
                raise BrokenError(f"intent {intent.id} has ended and was due all the same")

    def _row(self, intent: Intent) -> CatalogRow:
        """The catalog's row, as it is today. An intent never goes where the catalog no longer sends it."""
        app = self._tools.catalog.app(intent.team, intent.app)
        environment = app.environment(intent.environment) if app else None
        if app is None or environment is None or environment.target != intent.target:
            raise RejectedError(
                "target_changed",
                f"the catalog no longer maps {intent.app} {intent.environment} to {intent.target.key}.",
            )
        return CatalogRow(app=app, environment=environment)

    def _remember(self, lease: Lease) -> Remember:
        async def remember(facts: Facts) -> None:
            async with self._tools.database.begin() as connection:
                await intents.remember(connection, lease, facts)

        return remember

    async def _store(self, lease: Lease, intent: Intent, outcome: Outcome) -> bool:
        """Write what was decided; True when the row was let go."""
        now = self._tools.clock()
        async with self._tools.database.begin() as connection:
            if isinstance(outcome, Move) and outcome.unless is not None:
                outcome = await outcome.unless(connection) or outcome
            match outcome:
                case Stay():
                    await self._stay(connection, lease, intent, outcome, now=now)
                    return True
                case Move():
                    await self._move(connection, lease, intent, outcome, now=now)
                case _ as never:
                    assert_never(never)
        await self._after(intent, outcome)
        return not outcome.state.is_open

    async def _stay(
        self, connection: AsyncConnection, lease: Lease, intent: Intent, outcome: Stay, *, now: datetime
    ) -> None:
        reason, detail, facts = outcome.reason, outcome.detail, outcome.facts
        await intents.stay(connection, lease, reason=reason, detail=detail, facts=facts, now=now)
        if (outcome.reason, outcome.detail) != (intent.reason, intent.detail):
            log.info("intent_waits", state=intent.state, reason=reason, detail=detail)
            if outcome.told or reason in WORTH_TELLING:
                await announce.progress(connection, intent, now=now, at_once=outcome.told)
        if "patched_at" in facts:
            passed = [
                line.at
                for line in (await intents.timeline(connection, [intent.id]))[intent.id]
                if line.state is State.RESOLVING_IMAGE
            ]
            self._metrics.green_to_patch((facts["patched_at"] - passed[-1]).total_seconds() if passed else 0.0)
        next_due = now + outcome.again_in
        deadline = facts.get("deadline_at", intent.deadline_at)
        if deadline is not None and deadline > now:  # whoever reads "until 11:42" has an answer at 11:42
            next_due = min(next_due, deadline)
        await intents.settle(connection, lease, next_due=next_due)

    async def _move(
        self, connection: AsyncConnection, lease: Lease, intent: Intent, outcome: Move, *, now: datetime
    ) -> None:
        if not is_legal(intent.state, outcome.state):
            raise BrokenError(f"intent {intent.id} may not go from {intent.state} to {outcome.state}")
        for ending in outcome.endings:
            other, state = ending.intent, ending.state
            if await intents.end_other(
                connection, other, state=state, reason=ending.reason, detail=ending.detail, now=now
            ):
                await announce.moved(connection, other, state, ending.reason, now=now)
        await intents.move(
            connection,
            lease,
            before=intent.state,
            state=outcome.state,
            reason=outcome.reason,
            detail=outcome.detail,
            facts=outcome.facts,
            deadline=self._deadline(intent, outcome.state, now),
            now=now,
        )
        environment = self._tools.catalog.environment(intent.team, intent.app, intent.environment)
        if environment is not None:
            await undo.ended(connection, environment, intent, outcome.state, outcome.reason, now=now)
        await announce.moved(connection, intent, outcome.state, outcome.reason, now=now)
        if not outcome.state.is_open:
            await intents.close(connection, lease)
        if outcome.state is State.SUCCEEDED and self._row(intent).environment.production:
            await self._retire(connection, intent, now=now)

    async def _retire(self, connection: AsyncConnection, intent: Intent, *, now: datetime) -> None:
        """GitHub leaves older production deployments active: say that the one before is over."""
        older = await intents.last_succeeded(connection, target_key=intent.target.key, except_id=intent.id)
        if older is not None:
            await announce.replaced(connection, older, now=now)

    def _deadline(self, intent: Intent, state: State, now: datetime) -> datetime | None:
        """When waiting in a state ends; a rollout's own deadline is set once it is patched."""
        if not state.is_open:
            return None
        row = self._row(intent)
        allowed = {
            State.WAITING_CHECKS: row.app.checks_deadline,
            State.RESOLVING_IMAGE: row.app.image_deadline,
            State.QUEUED: QUEUE_DEADLINE,
            State.ROLLING_OUT: rollout.DEFAULT_DEADLINE,
        }
        return now + allowed[state]

    async def _after(self, intent: Intent, outcome: Move) -> None:
        log.info("intent_moved", before=intent.state, state=outcome.state, reason=outcome.reason, detail=outcome.detail)
        self._on_message()
        if not outcome.state.is_open:
            # Apart from the move, so that it holds no two locks; each waiting intent looks again by itself anyway.
            async with self._tools.database.begin() as connection:
                await intents.hint_target(connection, target_key=intent.target.key, now=self._tools.clock())
            self.worker.wake()
            if intent.patched_at is not None:
                seconds = (self._tools.clock() - intent.patched_at).total_seconds()
                self._metrics.rollout(outcome.state, seconds)
