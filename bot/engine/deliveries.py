"""Works off stored deliveries: reads the truth behind each hint and marks what is due."""

from collections.abc import Callable
from datetime import timedelta

import structlog

from bot.domain.catalog import App
from bot.domain.gate import REOPENED_BY
from bot.domain.hint import Hint
from bot.domain.intent import Intent, Kind, Repository, State
from bot.engine import announce
from bot.engine.admission import Admission
from bot.engine.commands import clicks, closing
from bot.engine.commands.desk import Desk
from bot.engine.outcome import CatalogRow
from bot.engine.steps.checks import read_gate
from bot.engine.tools import Tools
from bot.engine.worker import Worker
from bot.errors import BrokenError, RejectedError, TransientError
from bot.storage import deliveries, installations, intents
from bot.storage.deliveries import Delivery
from bot.storage.leases import Lease
from bot.storage.tables import deliveries as table
from bot.storage.tables import intents as intents_table

CONCURRENCY = 4
RECHECKS = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 4, 8, 15, 30, 60))
"""The API may trail the webhook: how often to look before believing that a pull request was not merged."""
UNMERGED_RECHECKS = 2
"""Looks that are enough when the webhook, too, said "not merged"."""
LONGEST_BACK_OFF = timedelta(minutes=5)
PATIENCE = timedelta(days=1)

Claimed = tuple[Lease, Delivery]

log = structlog.get_logger("greenlane.engine")


class _LookAgainError(Exception):
    """GitHub does not say yet what the webhook said."""


class Deliveries:
    """The worker that turns hints into due intents. `on_due` is called when intents are."""

    def __init__(self, tools: Tools, admission: Admission, *, owner: str, on_due: Callable[[], None]) -> None:
        self._tools = tools
        self._desk = Desk(tools, on_due=on_due)
        self._admission = admission
        self._on_due = on_due
        self.worker: Worker[Delivery] = Worker(
            "deliveries",
            database=tools.database,
            table=table,
            owner=owner,
            claim=deliveries.claim,
            handle=self._handle,
            clock=tools.clock,
            concurrency=CONCURRENCY,
        )

    async def _handle(self, claimed: Claimed) -> None:
        lease, delivery = claimed
        with structlog.contextvars.bound_contextvars(delivery=delivery.guid):
            try:
                result = await self._work(delivery)
            except _LookAgainError as error:
                await self._later(lease, delivery, str(error), RECHECKS[min(delivery.attempts, len(RECHECKS)) - 1])
            except TransientError as error:
                pause = error.retry_after or min(timedelta(seconds=2 ** min(delivery.attempts, 9)), LONGEST_BACK_OFF)
                await self._later(lease, delivery, error.sentence, pause)
            except BrokenError as error:
                log.exception("delivery_broken")
                await self._later(lease, delivery, str(error), LONGEST_BACK_OFF)
            except RejectedError as error:
                await self._finish(lease, "failed", error.sentence)
            else:
                await self._finish(lease, "done", result)

    async def _later(self, lease: Lease, delivery: Delivery, reason: str, pause: timedelta) -> None:
        now = self._tools.clock()
        if now - delivery.received_at > PATIENCE:
            await self._finish(lease, "failed", f"gave up: {reason}")
            return
        log.info("delivery_again", reason=reason, seconds=pause.total_seconds())
        async with self._tools.database.begin() as connection:
            await deliveries.retry(connection, lease, at=now + pause, reason=reason)

    async def _finish(self, lease: Lease, status: deliveries.Status, reason: str) -> None:
        if status == "failed":
            log.warning("delivery_failed", reason=reason)
        async with self._tools.database.begin() as connection:
            await deliveries.finish(connection, lease, status=status, reason=reason, now=self._tools.clock())

    async def _work(self, delivery: Delivery) -> str:
        """Act on the hint; what came of it, in a few words."""
        hint = delivery.hint
        match hint.kind:
            case "installation":
                return await self._installation(hint)
            case "commit":
                return await self._commit(hint)
            case "pull":
                return await self._pull(hint, attempts=delivery.attempts)
            case "push":
                return await self._push(hint)
            case "comment" | "click":
                return await self._command(delivery)
            case "head":
                return "noted when it arrived"

    async def _push(self, hint: Hint) -> str:
        repository = await self._repository(hint)
        new = await self._admission.pushed(
            repository,
            branch=hint.branch,
            before=hint.before,
            sha=hint.sha,
            actor=hint.actor,
            actor_id=hint.actor_id or None,
        )
        return self._admitted(new)

    async def _command(self, delivery: Delivery) -> str:
        hint = delivery.hint
        repository = await self._repository(hint)
        if hint.kind == "click":
            return await clicks.click(self._desk, self._tools, repository, hint, delivery)
        return await self._desk.comment(repository, hint, received_at=delivery.received_at)

    async def _pull(self, hint: Hint, *, attempts: int) -> str:
        repository = await self._repository(hint)
        pull = await self._tools.github.pull(repository, hint.number)
        if pull.merged:
            await closing.closed(self._tools, repository, hint.number)
            return self._admitted(await self._admission.merged(repository, pull))
        if attempts <= (len(RECHECKS) if hint.merged else UNMERGED_RECHECKS):
            raise _LookAgainError(f"#{hint.number} is not merged yet, says the API")
        if pull.state == "open":
            return "open again"
        await closing.closed(self._tools, repository, hint.number)
        self._on_due()
        return "closed without a merge"

    def _admitted(self, new: int) -> str:
        if new:
            self._on_due()
        return f"{new} new intents"

    async def _commit(self, hint: Hint) -> str:
        """Checks moved: wake what waits for them, and what was refused because of them."""
        async with self._tools.database.begin() as connection:
            due = await intents.hint_commit(
                connection, repository_id=hint.repository_id, sha=hint.sha, now=self._tools.clock()
            )
            refused = await intents.find(
                connection,
                (intents_table.c.repository_id == hint.repository_id)
                & (intents_table.c.sha == hint.sha)
                & (intents_table.c.state == State.REFUSED)
                & (intents_table.c.reason.in_(REOPENED_BY)),
            )
        if due:
            self._on_due()
        for intent in refused:
            await self._reconsider(intent)
        return f"{due} intents due, {len(refused)} looked at again"

    async def _reconsider(self, intent: Intent) -> None:
        """What was refused for its checks or image, and whose checks run again, is opened again."""
        app = self._tools.catalog.app(intent.team, intent.app)
        environment = app.environment(intent.environment) if app else None
        if app is None or environment is None or await self._is_past(intent, app):
            return
        decision = await read_gate(self._tools, CatalogRow(app=app, environment=environment), intent)
        if decision.outcome not in REOPENED_BY[intent.reason]:
            return
        now = self._tools.clock()
        detail = f"the checks ran again: {decision.sentence}"
        async with self._tools.database.begin() as connection:
            if await intents.reopen(connection, intent, detail=detail, now=now, deadline=now + app.checks_deadline):
                await announce.reopened(connection, intent, now=now)
        self._on_due()

    async def _is_past(self, intent: Intent, app: App) -> bool:
        """What a person asked for is taken up again for as long as checks are waited for, and if nothing came since."""
        if intent.kind is Kind.AUTOMATIC:
            return False
        async with self._tools.database.begin() as connection:
            last = await intents.last_touching(connection, target_key=intent.target.key, except_id=intent.id)
        is_newer = last is not None and last.id > intent.id
        return is_newer or self._tools.clock() - intent.created_at > app.checks_deadline

    async def _repository(self, hint: Hint) -> Repository:
        if not hint.installation_id:
            found = await self._tools.github.find_repository(hint.repository)
            if found is None:
                raise RejectedError("not_installed", f"the App is not installed on {hint.repository}")
            return found
        return Repository(id=hint.repository_id, full_name=hint.repository, installation_id=hint.installation_id)

    async def _installation(self, hint: Hint) -> str:
        """Remember where the App is installed, and from when on its repositories are swept."""
        status = {"deleted": "deleted", "suspend": "suspended"}.get(hint.action, "active")
        now = self._tools.clock()
        gone = hint.removed + (hint.repositories if status == "deleted" else ())
        async with self._tools.database.begin() as connection:
            await installations.save(
                connection, installation_id=hint.installation_id, account=hint.account, status=status, now=now
            )
            for repository_id, _ in gone:
                await installations.remove(connection, repository_id)
            for repository_id, name in hint.repositories if status == "active" else ():
                repository = Repository(id=repository_id, full_name=name, installation_id=hint.installation_id)
                await installations.enrol(connection, repository, now=now)
        self._tools.forget_installation(hint.installation_id)
        log.info("installation_changed", installation=hint.installation_id, action=hint.action, account=hint.account)
        return f"installation {status}"
