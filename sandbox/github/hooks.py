"""The webhook engine: signs, delivers once within ten seconds, remembers, and misbehaves on request.

GitHub never retries by itself; order, doubling and delay are the receiver's problem (docs: webhooks).
"""

import asyncio
import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from sandbox.github.contract import Validator
from sandbox.github.delivery import Delivery, Mode, sign
from sandbox.github.errors import RefusedError, not_found
from sandbox.github.model import App

__all__ = ["Delivery", "Hooks", "Mode", "new_guid"]

# An App can't choose: its payloads keep this shape whatever version it calls the API with.
PAYLOAD_VERSION = "2022-11-28"
LIMIT_SECONDS = 10.0
PAYLOAD_CAP = 25 * 1024 * 1024
REDELIVERABLE_FOR = timedelta(days=3)


class Hooks:
    """Queue, log and sender. `log` has every attempt, oldest first; `mode` may be replaced at any time."""

    def __init__(self, *, clock: Callable[[], datetime], next_id: Callable[[], int]) -> None:
        self.log: list[Delivery] = []
        self.mode = Mode()
        self.validator: Validator | None = None
        self._clock = clock
        self._next_id = next_id
        self._waiting: list[tuple[float, Delivery]] = []
        self._in_flight = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def post(self, *, app: App, guid: str, event: str, action: str | None, payload: dict[str, Any], **ids: Any) -> None:
        """Put an event on the way; the payload is frozen here."""
        if self.validator:
            self.validator.webhook(event=event, action=action, payload=payload, version=PAYLOAD_VERSION)
        body = json.dumps(payload, separators=(",", ":")).encode()
        if len(body) > PAYLOAD_CAP or (self.mode.touches(event) and self.mode.chance.random() < self.mode.lose):
            return
        copies = 2 if self.mode.touches(event) and self.mode.chance.random() < self.mode.duplicate else 1
        for _ in range(copies):
            self._enqueue(
                Delivery(id=self._next_id(), guid=guid, app=app, event=event, action=action, body=body, **ids)
            )

    def redeliver(self, delivery_id: int, *, app: App | None = None) -> Delivery:
        """Send once more under the same GUID; refused after three days and for another App's delivery."""
        old = self.find(delivery_id, app=app)
        if old.delivered_at is None or self._clock() - old.delivered_at > REDELIVERABLE_FOR:
            raise RefusedError(422, "Delivery can no longer be redelivered")
        again = Delivery(
            id=self._next_id(),
            guid=old.guid,
            app=old.app,
            event=old.event,
            action=old.action,
            body=old.body,
            installation_id=old.installation_id,
            repository_id=old.repository_id,
            redelivery=True,
        )
        self._enqueue(again)
        return again

    def find(self, delivery_id: int, *, app: App | None = None) -> Delivery:
        for delivery in self.log:
            if delivery.id == delivery_id and app in (None, delivery.app):
                return delivery
        raise not_found()

    async def quiet(self, timeout: float) -> None:  # noqa: ASYNC109  (the caller's patience is the point)
        """Wait until nothing is waiting or on the way. Raises `TimeoutError`."""
        async with asyncio.timeout(timeout):
            await self._idle.wait()

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with aiohttp.ClientSession() as session:
            while True:
                batch = self._take(asyncio.get_running_loop().time())
                if batch:
                    await asyncio.gather(*(self._attempt(session, delivery) for delivery in batch))
                    self._settle(len(batch))
                else:
                    await self._sleep()

    def _enqueue(self, delivery: Delivery) -> None:
        low, high = self.mode.delay if self.mode.touches(delivery.event) else (0.0, 0.0)
        wait = self.mode.chance.uniform(low, high)
        self._waiting.append((_loop_time() + wait if wait else 0.0, delivery))
        self._idle.clear()
        self._wake.set()

    def _take(self, now: float) -> list[Delivery]:
        due = [entry for entry in self._waiting if entry[0] <= now]
        if self.mode.order == "shuffled":
            self.mode.chance.shuffle(due)
        batch = due[: self.mode.concurrency]
        self._waiting = [entry for entry in self._waiting if entry not in batch]
        self._in_flight += len(batch)
        return [delivery for _, delivery in batch]

    def _settle(self, count: int) -> None:
        self._in_flight -= count
        if not self._waiting and not self._in_flight:
            self._idle.set()

    async def _sleep(self) -> None:
        self._wake.clear()
        soonest = min((due for due, _ in self._waiting), default=None)
        wait = None if soonest is None else max(0.0, soonest - asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(wait):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _attempt(self, session: aiohttp.ClientSession, delivery: Delivery) -> None:
        delivery.delivered_at = self._clock()
        delivery.request_headers = self._headers(delivery)
        self.log.append(delivery)
        started = asyncio.get_running_loop().time()
        if self.mode.touches(delivery.event) and self.mode.chance.random() < self.mode.drop:
            delivery.status = "failed to connect to host"
        elif not delivery.app.webhook_url:
            delivery.status = "no webhook address"
        else:
            await self._send(session, delivery)
        delivery.duration = round(asyncio.get_running_loop().time() - started, 3)

    async def _send(self, session: aiohttp.ClientSession, delivery: Delivery) -> None:
        try:
            async with session.post(
                delivery.app.webhook_url,
                data=delivery.body,
                headers=delivery.request_headers,
                timeout=aiohttp.ClientTimeout(total=LIMIT_SECONDS),
                allow_redirects=False,
            ) as answer:
                delivery.response_body = (await answer.read()).decode(errors="replace")[:10_000]
                delivery.response_headers = dict(answer.headers)
                delivery.status_code = answer.status
                delivery.status = "OK" if answer.ok else (answer.reason or "Invalid HTTP Response")
        except TimeoutError:
            delivery.status = "timed out"
        except (aiohttp.ClientError, OSError):
            delivery.status = "failed to connect to host"

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        return {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/044aadd",
            "X-GitHub-Delivery": delivery.guid,
            "X-GitHub-Event": delivery.event,
            "X-GitHub-Hook-ID": str(delivery.app.hook_id),
            "X-GitHub-Hook-Installation-Target-ID": str(delivery.app.id),
            "X-GitHub-Hook-Installation-Target-Type": "integration",
            **sign(delivery.app.webhook_secret, delivery.body),
        }


def new_guid() -> str:
    return str(uuid.uuid1())


def _loop_time() -> float:
    """The running loop's clock; 0 (due at once) when somebody acts before the loop runs."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return 0.0
