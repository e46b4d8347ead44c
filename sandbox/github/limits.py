"""Rate limits, counted for real (docs: rest/using-the-rest-api/rate-limits-for-the-rest-api)."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.github.errors import RefusedError

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
CONTENT = {
    "issues/create-comment",
    "issues/update-comment",
    "pulls/create",
    "pulls/create-review",
    "repos/create-commit-comment",
}


@dataclass(kw_only=True)
class Bucket:
    """One caller's counts: the hour's primary budget, and the sliding windows of the secondary limits."""

    limit: int
    started: datetime
    used: int = 0
    points: deque[tuple[datetime, int]] = field(default_factory=deque)
    content: deque[datetime] = field(default_factory=deque)

    @property
    def reset(self) -> int:
        return int((self.started + HOUR).timestamp())


@dataclass(kw_only=True)
class Limits:
    """`installation`, `anonymous`: requests an hour; `points`, `content`: a minute; `content_hour`: an hour."""

    clock: Callable[[], datetime]
    enabled: bool = True
    installation: int = 5000
    anonymous: int = 60
    points: int = 900
    content: int = 80
    content_hour: int = 500
    buckets: dict[str, Bucket] = field(default_factory=dict)

    def bucket(self, caller: str) -> Bucket:
        """The caller's current hour; a new one when the old is over."""
        now = self.clock()
        found = self.buckets.get(caller)
        if found is None or now >= found.started + HOUR:
            limit = self.anonymous if caller == "anonymous" else self.installation
            points, content = (found.points, found.content) if found else (deque(), deque())
            found = Bucket(limit=limit, started=now, points=points, content=content)
            self.buckets[caller] = found
        return found

    def charge(self, caller: str, *, operation: str, write: bool) -> None:
        """Count one request. Raises 403 as GitHub does when a limit is reached."""
        if not self.enabled or operation == "rate-limit/get":
            return
        bucket, now = self.bucket(caller), self.clock()
        if bucket.used >= bucket.limit:
            raise primary_limit(caller)
        bucket.used += 1
        self._charge_points(bucket, now, 5 if write else 1)
        if operation in CONTENT:
            self._charge_content(bucket, now)

    def refund(self, caller: str) -> None:
        """A 304 is free."""
        bucket = self.bucket(caller)
        bucket.used = max(0, bucket.used - 1)

    def headers(self, caller: str) -> dict[str, str]:
        bucket = self.bucket(caller)
        return {
            "X-RateLimit-Limit": str(bucket.limit),
            "X-RateLimit-Remaining": str(max(0, bucket.limit - bucket.used)),
            "X-RateLimit-Reset": str(bucket.reset),
            "X-RateLimit-Used": str(bucket.used),
            "X-RateLimit-Resource": "core",
        }

    def _charge_points(self, bucket: Bucket, now: datetime, points: int) -> None:
        while bucket.points and bucket.points[0][0] <= now - MINUTE:
            bucket.points.popleft()
        if sum(cost for _, cost in bucket.points) + points > self.points:
            raise secondary_limit(retry_after=60)
        bucket.points.append((now, points))

    def _charge_content(self, bucket: Bucket, now: datetime) -> None:
        while bucket.content and bucket.content[0] <= now - HOUR:
            bucket.content.popleft()
        last_minute = sum(at > now - MINUTE for at in bucket.content)
        if last_minute >= self.content or len(bucket.content) >= self.content_hour:
            raise secondary_limit(retry_after=60)
        bucket.content.append(now)


def primary_limit(caller: str, *, status: int = 403) -> RefusedError:
    return RefusedError(status, f"API rate limit exceeded for {caller}.", headers={"X-RateLimit-Remaining": "0"})


def secondary_limit(*, status: int = 403, retry_after: int | None) -> RefusedError:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return RefusedError(
        status,
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        headers=headers,
    )
