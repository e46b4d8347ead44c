"""`POST /webhook`: checked, stored, answered. The work happens elsewhere."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.hint import Hint
from bot.errors import TransientError
from bot.intake.hints import Reading, read
from bot.intake.signature import is_genuine
from bot.storage import deliveries, heads
from bot.storage.database import Database
from bot.storage.deliveries import NewDelivery

MAX_BODY = 25 * 2**20
"""Bytes; above it GitHub sends nothing: docs, webhook events and payloads."""

_GUID = re.compile(r"[0-9A-Za-z-]{1,64}")
_HOOK_ID = re.compile(r"[0-9]{1,32}")
_EVENT = re.compile(r"[a-z_]{1,64}")

log = structlog.get_logger("greenlane.intake")


class Webhook:
    """The handler and what it needs."""

    def __init__(
        self,
        *,
        database: Database,
        secrets: Sequence[bytes],
        own_app_id: int,
        is_ours: Callable[[int, str], bool],
        on_stored: Callable[[], None],
        count: Callable[[str, str], None],
        clock: Callable[[], datetime],
    ) -> None:
        """`is_ours` tells by id and name whether the catalog has a repository; `count` takes event and outcome."""
        self._database = database
        self._secrets = tuple(secrets)
        self._own_app_id = own_app_id
        self._is_ours = is_ours
        self._on_stored = on_stored
        self._count = count
        self._clock = clock

    async def handle(self, request: web.Request) -> web.Response:
        """202 stored, 400 malformed, 401 not GitHub's, 413 too large, 503 not stored."""
        if (request.content_length or 0) > MAX_BODY:
            return self._refuse(request, 413, "too_large", "the body is larger than 25 MB")
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return self._refuse(request, 413, "too_large", "the body is larger than 25 MB")
        if not is_genuine(body, request.headers.get("X-Hub-Signature-256"), self._secrets):
            return self._refuse(request, 401, "bad_signature", "X-Hub-Signature-256 is missing or does not fit")
        return await self._take(request, body)

    async def _take(self, request: web.Request, body: bytes) -> web.Response:
        guid, hook_id, event = (request.headers.get(name, "") for name in _HEADERS)
        if not (_GUID.fullmatch(guid) and _EVENT.fullmatch(event) and _HOOK_ID.fullmatch(hook_id)):
            return self._refuse(request, 400, "malformed", f"one of {', '.join(_HEADERS)} is missing or malformed")
        try:
            reading = read(event, body, own_app_id=self._own_app_id)
        except msgspec.DecodeError:
            return self._refuse(request, 400, "malformed", "the body is not JSON; set the content type to JSON")
        hint, reason = self._route(reading)
        new = NewDelivery(
            guid=guid,
            hook_id=hook_id,
            event=event,
            action=reading.action,
            repository=reading.repository,
            body=body,
            hint=hint,
            reason=reason,
        )
        return await self._store(new)

    def _route(self, reading: Reading) -> tuple[Hint | None, str]:
        """A hint about a repository that nobody maps is kept and ignored."""
        if reading.hint is None or reading.hint.kind == "installation":
            return reading.hint, reading.reason
        if self._is_ours(reading.repository_id, reading.repository):
            return reading.hint, ""
        return None, "the repository is not in the catalog"

    async def _store(self, new: NewDelivery) -> web.Response:
        now = self._clock()
        facts = {"delivery": new.guid, "webhook_event": new.event, "action": new.action, "repository": new.repository}
        try:
            async with self._database.begin() as connection:
                is_new = await deliveries.add(connection, new, now=now)
                if is_new and new.hint is not None and new.hint.kind == "head":
                    await _record_head(connection, new.hint, now=now)
        except TransientError as error:
            log.error("delivery_not_stored", **facts, error=str(error))  # noqa: TRY400 - the cause is in the text
            self._count(new.event, "not_stored")
            return web.json_response({"error": "not stored; please redeliver"}, status=503)
        outcome = "repeated" if not is_new else "stored" if new.hint else "ignored"
        self._count(new.event, outcome)
        log.info("delivery_taken", outcome=outcome, **facts, **({"reason": new.reason} if new.reason else {}))
        if outcome == "stored":
            self._on_stored()
        return web.json_response({"delivery": outcome}, status=202)

    def _refuse(self, request: web.Request, status: int, outcome: str, sentence: str) -> web.Response:
        self._count("unverified", outcome)
        log.warning("delivery_refused", outcome=outcome, peer=request.remote)
        return web.json_response({"error": sentence}, status=status)


async def _record_head(connection: AsyncConnection, hint: Hint, *, now: datetime) -> None:
    """With the time we heard of it: the dates inside a commit are anybody's to choose."""
    await heads.record(connection, repository_id=hint.repository_id, number=hint.number, sha=hint.sha, now=now)


_HEADERS = ("X-GitHub-Delivery", "X-GitHub-Hook-ID", "X-GitHub-Event")
