"""One HTTP answer that is not a yes → the error it means, by status, headers and message. Pure."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from bot.errors import BrokenError, GreenlaneError, TransientError
from bot.github.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RateLimitedError,
    Refusal,
    UnauthorizedError,
)
from bot.telemetry.redaction import redact_outside

# What to wait when GitHub limits without saying for how long.
# https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
DEFAULT_LIMIT_WAIT = timedelta(seconds=60)
GRANT_HINT = "An owner grants it under the App's permissions, and accepts it for the installation."
_SHORTEST_WAIT = timedelta(seconds=1)
_MESSAGE_SHOWN = 300
_KINDS: Mapping[int, tuple[Callable[..., GreenlaneError], str]] = {
    400: (InvalidError, "GitHub did not accept {asked}{told}"),
    401: (UnauthorizedError, "GitHub does not accept our token{told}"),
    404: (NotFoundError, "GitHub has nothing for us at {asked}"),
    409: (ConflictError, "GitHub refused {asked} because of a conflict{told}"),
    410: (NotFoundError, "GitHub has nothing for us at {asked} any more"),
    422: (InvalidError, "GitHub did not accept {asked}{told}"),
}
_LIMIT_WORDS = ("secondary rate limit", "rate limit exceeded", "abuse detection")


def to_error(status: int, headers: Mapping[str, str], body: bytes, *, asked: str, now: datetime) -> GreenlaneError:
    """The error of an answer outside 2xx. `asked` says what we wanted, as in `GET repos/acme/shop/pulls/1`."""
    said = _json_object(body)
    refusal = Refusal(
        status=status,
        asked=asked,
        message=_message(said),
        documentation_url=str(said.get("documentation_url") or ""),
        request_id=headers.get("x-github-request-id", ""),
        accepted_permissions=headers.get("x-accepted-github-permissions", ""),
        server_time=server_time(headers),
    )
    if status >= 500:
        return TransientError(
            f"GitHub answered {status} {_phrase(status)}".rstrip(), retry_after=_retry_after(headers, now=now)
        )
    if status in {403, 429} and _is_limit(status, headers, refusal.message):
        return _limited(headers, now=now)
    return _refused(refusal)


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """The other side's clock by its `Date` header."""
    try:
        said = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return None
    return said if said.tzinfo else said.replace(tzinfo=UTC)


def _refused(refusal: Refusal) -> GreenlaneError:
    if refusal.status in {403, 451}:
        return _forbidden(refusal)
    if refusal.status in _KINDS:
        kind, sentence = _KINDS[refusal.status]
        return kind(sentence.format(asked=refusal.asked, told=_told(refusal)), refusal=refusal)
    if refusal.status == 408:
        return TransientError("GitHub timed out")
    return BrokenError(f"GitHub answered {refusal.status} to {refusal.asked}{_told(refusal)}")


def _forbidden(refusal: Refusal) -> ForbiddenError:
    if lacks_permission(refusal) and refusal.accepted_permissions:
        return to_missing_permission(refusal)
    return ForbiddenError(f"GitHub refused {refusal.asked}{_told(refusal)}", refusal=refusal)


def lacks_permission(refusal: Refusal) -> bool:
    """Whether GitHub speaks of the token's rights, and not of a suspension or a plan without the feature."""
    return "not accessible by integration" in refusal.message.lower()


def to_missing_permission(refusal: Refusal) -> ForbiddenError:
    """A refusal for want of the permissions that its header names."""
    needed = refusal.accepted_permissions.replace(",", " and ").replace(";", " or ")
    return ForbiddenError(
        f"the App may not do {refusal.asked}: it needs {' '.join(needed.split())}",
        refusal=refusal,
        hint=GRANT_HINT,
    )


def _told(refusal: Refusal) -> str:
    return f": {refusal.message}" if refusal.message else ""


def _is_limit(status: int, headers: Mapping[str, str], message: str) -> bool:
    if status == 429 or "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0":
        return True
    return any(words in message.lower() for words in _LIMIT_WORDS)


def _limited(headers: Mapping[str, str], *, now: datetime) -> RateLimitedError:
    """`Retry-After` first, then the reset of an empty budget, else a minute."""
    wait = _retry_after(headers, now=now) or _until_reset(headers, now=now) or DEFAULT_LIMIT_WAIT
    wait = max(wait, _SHORTEST_WAIT)
    return RateLimitedError(f"GitHub asks us to wait {wait.total_seconds():.0f} s (rate limit)", retry_after=wait)


def _retry_after(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return timedelta(seconds=int(text))
    try:
        return parsedate_to_datetime(text) - now
    except (ValueError, TypeError):
        return None


def _until_reset(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") != "0" or not reset.isdecimal():
        return None
    return datetime.fromtimestamp(int(reset), UTC) - now


def _json_object(body: bytes) -> dict[str, object]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _message(said: Mapping[str, object]) -> str:
    """GitHub's message with the details of `errors[]`, on one line; they may quote what we sent, so without secrets."""
    message, errors = str(said.get("message") or ""), said.get("errors")
    details = [_detail(error) for error in errors] if isinstance(errors, list) else [str(errors or "")]
    text = "; ".join(part for part in (message, *details) if part)
    return " ".join(redact_outside(text).split())[:_MESSAGE_SHOWN]


def _detail(error: object) -> str:
    if not isinstance(error, dict):
        return str(error)
    if error.get("message"):
        return str(error["message"])
    return " ".join(str(error[key]) for key in ("resource", "field", "code") if error.get(key))


def _phrase(status: int) -> str:
    """520 and its kin come from proxies and have no phrase."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
