"""GitHub's refusals as our errors, each with what GitHub said, so that callers can tell them apart."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import BrokenError, RejectedError, TransientError


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """One answer that was not a yes. `status` 0: there was no answer."""

    status: int
    asked: str = ""
    """What we wanted: `GET repos/acme/shop/pulls/1`."""
    message: str = ""
    documentation_url: str = ""
    request_id: str = ""
    accepted_permissions: str = ""
    """`X-Accepted-GitHub-Permissions`: `;` separates alternatives, `,` means both."""
    server_time: datetime | None = None


class NotFoundError(RejectedError):
    """404 or 410: it is not there, or our token may not know that it is."""

    def __init__(self, sentence: str, *, refusal: Refusal) -> None:
        super().__init__("github_not_found", sentence)
        self.refusal = refusal


class ForbiddenError(RejectedError):
    """403 that waiting will not mend: a permission is missing, or the installation is suspended."""

    def __init__(self, sentence: str, *, refusal: Refusal, hint: str = "") -> None:
        super().__init__("github_forbidden", sentence, hint=hint)
        self.refusal = refusal


class ConflictError(RejectedError):
    """409: the state on GitHub does not allow it."""

    def __init__(self, sentence: str, *, refusal: Refusal) -> None:
        super().__init__("github_conflict", sentence)
        self.refusal = refusal


class InvalidError(BrokenError):
    """400 or 422: GitHub does not accept what we sent."""

    def __init__(self, sentence: str, *, refusal: Refusal) -> None:
        super().__init__(sentence)
        self.refusal = refusal


class UnauthorizedError(TransientError):
    """401: the token is too young, over, or revoked."""

    def __init__(self, sentence: str, *, refusal: Refusal) -> None:
        super().__init__(sentence)
        self.refusal = refusal


class RateLimitedError(TransientError):
    """A primary or secondary limit; going on before `retry_after` may get the App banned."""

    def __init__(self, sentence: str, *, retry_after: timedelta) -> None:
        super().__init__(sentence, retry_after=retry_after)
        self.wait = retry_after
