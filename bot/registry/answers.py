"""What a registry's refusals mean: a person must act, wait, ask again, or it is broken."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp
import msgspec

from bot.errors import BrokenError, GreenlaneError, NotYetError, RejectedError, TransientError

_LONGEST_WAIT: Final = timedelta(days=1)
_CODE: Final = re.compile(r"[A-Z_]{1,40}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One HTTP answer, read to its end or to its limit."""

    status: int
    body: bytes
    content_type: str = ""
    digest: str = ""
    """`Docker-Content-Digest`, the registry's own word."""
    challenges: tuple[str, ...] = ()
    retry_after: timedelta | None = None
    oversized: bool = field(default=False)


class _Error(msgspec.Struct):
    code: str = ""


class _Errors(msgspec.Struct):
    errors: list[_Error] = []


def error_code(body: bytes) -> str:
    """The first code of an error body (` DENIED`), with a space before it, or nothing.

    Only the code: messages are outside text, and some registries echo what they were sent.
    """
    try:
        errors = msgspec.json.decode(body, type=_Errors).errors
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return f" {errors[0].code}" if errors and _CODE.fullmatch(errors[0].code) else ""


def to_error(answer: Answer, *, registry: str, asked: str, with_login: bool) -> GreenlaneError:
    """The error for an answer that is not the wanted one; `asked` says for what, such as "`registry.example/app:1`"."""
    said = f"{answer.status}{error_code(answer.body)}"
    match answer.status:
        case 401 | 403:
            return to_forbidden(registry=registry, asked=asked, said=said, with_login=with_login)
        case 404:
            return NotYetError(
                "image_not_found",
                f"{asked} is not in the registry",
                hint="Check that CI pushes it under this very name.",
            )
        case 408 | 425 | 429 | 500 | 502 | 503 | 504:
            return to_transient(answer, who=f"The registry {registry}", said=said, asked=asked)
        case status if status >= 500:
            return to_transient(answer, who=f"The registry {registry}", said=said, asked=asked)
        case _:
            return BrokenError(f"The registry {registry} answered {said} when asked for {asked}.")


def to_forbidden(*, registry: str, asked: str, said: str, with_login: bool) -> RejectedError:
    """A 401 or 403, from the registry or its token service. Names no user: some people put a token there."""
    login = "with the login of the registry credentials file" if with_login else "without a login"
    hint = (
        f"Give that login the right to pull, or renew it if it has expired. {_ALSO}"
        if with_login
        else f"Add a login for {registry} to the registry credentials file. {_ALSO}"
    )
    sentence = f"The registry {registry} does not let us read {asked}: it answered {said}, asked {login}."
    return RejectedError("image_forbidden", sentence, hint=hint)


_ALSO: Final = "Many registries answer the same for a name they do not have: check the spelling too."


def to_transient(answer: Answer, *, who: str, said: str, asked: str) -> TransientError:
    """A 429 or 5xx: nothing is known about the image."""
    if answer.status == 429:
        return TransientError(f"{who} asks us to slow down ({said}).", retry_after=answer.retry_after)
    return TransientError(f"{who} answered {said} when asked for {asked}.", retry_after=answer.retry_after)


def to_unreachable(error: Exception, *, who: str) -> TransientError:
    """In our own words: an exception's text may hold a signed address."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            why = "its TLS certificate is not one we trust, or it speaks no TLS"
        case aiohttp.ClientConnectorDNSError():
            why = "its name is not known"
        case TimeoutError():
            why = "it did not answer in time"
        case aiohttp.ClientConnectorError():
            why = "it takes no connection"
        case _:
            why = "the connection broke off"
    return TransientError(f"{who} could not be reached: {why}.")


def parse_retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Seconds or a date (RFC 9110, 10.2.3), from now on and never more than a day; None when absent or unreadable."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=min(int(text[:9]), _LONGEST_WAIT.total_seconds()))
    else:
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)
    return min(max(wait, timedelta(0)), _LONGEST_WAIT)
