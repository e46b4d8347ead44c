"""The API server's refusals → the error tree: a person's turn, time's turn, or ours.

The client library checks no status when it hands out raw bodies, so this is the only place that does.
"""

import re
from collections.abc import Mapping
from datetime import timedelta

import msgspec

from bot.cluster.request import Request
from bot.domain.outside import as_code, as_printed
from bot.errors import RejectedError, TransientError
from bot.telemetry.redaction import redact_outside

_RBAC = re.compile(r"cannot \w+ resource")
_LONGEST = 16_384
"""Characters of a message that are looked at: far more than are shown."""
_ADMISSION = re.compile(r"denied (?:the )?request|admission", re.IGNORECASE)


class MissingError(RejectedError):
    """404: the adapter finds out what is missing, the object or its namespace."""


class ForbiddenError(RejectedError):
    """401 or 403 by the cluster's authorization; reason `cluster_forbidden`."""


class RefusedError(RejectedError):
    """The request was understood, and refused for its content; `status` is the HTTP status."""

    def __init__(self, reason: str, sentence: str, *, status: int, message: str) -> None:
        super().__init__(reason, sentence)
        self.status = status
        self.message = message


class ConflictError(TransientError):
    """409: somebody wrote in between; read again."""


class GoneError(TransientError):
    """410: the version we watch from is too old; list again."""


class Status(msgspec.Struct):
    """The part of a `Status` object that says why."""

    message: str = ""
    reason: str = ""
    code: int = 0


def refusal(request: Request, status: int, headers: Mapping[str, str], body: bytes) -> RejectedError | TransientError:
    """The error for an answer that is not a success."""
    message = _message(body)
    if status in {401, 403}:
        return _forbidden(request, status, message)
    if status == 404:
        return MissingError("not_found", f"The cluster has no such object: {request} {as_code(request.name)}.")
    if status == 409:
        return ConflictError(f"the cluster reports a conflict: {request}")
    if status == 410:
        return GoneError(f"the cluster no longer has that version: {request}")
    if status == 429 or status >= 500:
        sentence = f"the cluster's API server answered {status}: {request}"
        return TransientError(sentence, retry_after=_retry_after(headers))
    return refused(request, status, message)


def refused(request: Request, status: int, message: str) -> RefusedError:
    """A refusal for what we asked to write."""
    said = as_code(message) or f"status {status}"
    if _ADMISSION.search(message):
        sentence = f"An admission rule of the cluster denied the change: {said}."
        return RefusedError("admission_denied", sentence, status=status, message=message)
    sentence = f"The cluster refused to {request}: {said}."
    return RefusedError("cluster_refused", sentence, status=status, message=message)


def _forbidden(request: Request, status: int, message: str) -> RejectedError:
    if status == 403 and _ADMISSION.search(message) and not _RBAC.search(message):
        return refused(request, status, message)
    if status == 401:
        sentence = f"The cluster does not accept Greenlane's credentials (401): {request}."
        return ForbiddenError(
            "cluster_forbidden", sentence, hint="Renew the bot's kubeconfig or service account token."
        )
    sentence = f"The cluster does not allow Greenlane to {request}."
    hint = f"Grant the verb `{request.verb}` on `{request.right}` to the bot's account in {request.place}."
    return ForbiddenError("cluster_forbidden", sentence, hint=hint)


def _message(body: bytes) -> str:
    """Without secrets: an admission rule may quote the pod it denies, and what it says is stored and shown."""
    try:
        message = msgspec.json.decode(body, type=Status).message
    except (msgspec.DecodeError, msgspec.ValidationError):
        return ""  # a proxy's page, not the API server's word
    return redact_outside(as_printed(message[:_LONGEST]))


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    value = headers.get("Retry-After", "")
    return timedelta(seconds=min(int(value), 600)) if value.isascii() and value.isdigit() else None
