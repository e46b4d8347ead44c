"""Faults on purpose: which request they hit, and what GitHub then does. And lag: truths that arrive late."""

import random
import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "html",  # `status` (500, 502, 503, 504, 520) with an HTML page
    "broken_json",  # 200 and a JSON content type, but the body does not parse
    "truncated",  # the right answer, cut in the middle
    "reset_before",  # connection gone, nothing happened
    "reset_after",  # connection gone, but it did happen
    "delay",  # the right answer, `seconds` late
    "hang",  # no answer for `seconds`, then the connection goes
    "young_token",  # `status` 401, 403 or 404, as before a token has spread
    "primary_limit",  # `status` 403 or 429, remaining 0
    "secondary_limit",  # `status` 403 or 429, with Retry-After if `retry_after` is given
    "forbidden",  # 403, as without the permission, but no header says which
    "not_found",  # 404, which may also be for want of a right
    "conflict",  # 409
    "invalid",  # 422
]


@dataclass(kw_only=True)
class Fault:
    """Hits requests that fit all given conditions: from the `nth` fitting one on, `times` times (None: for ever)."""

    kind: Kind
    status: int = 0
    method: str | None = None
    operation: str | None = None
    path: str | None = None
    repository: str | None = None
    nth: int = 1
    times: int | None = 1
    probability: float = 1.0
    seed: int = 0
    seconds: float = 0.0
    retry_after: int | None = None
    seen: int = 0
    hits: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        defaults = {"html": 502, "young_token": 401, "primary_limit": 403, "secondary_limit": 403}
        self.status = self.status or defaults.get(self.kind, 0)

    def strikes(self, *, method: str, operation: str, path: str) -> bool:
        """Whether this request is hit; counts it either way."""
        if not self._fits(method=method, operation=operation, path=path):
            return False
        self.seen += 1
        spent = self.times is not None and self.hits >= self.times
        if self.seen < self.nth or spent or self.chance.random() >= self.probability:
            return False
        self.hits += 1
        return True

    def _fits(self, *, method: str, operation: str, path: str) -> bool:
        return (
            self.method in (None, method)
            and self.operation in (None, operation)
            and (self.path is None or re.search(self.path, path) is not None)
            and (self.repository is None or f"/repos/{self.repository}/" in f"{path}/")
        )


class Faults:
    """The faults in force, oldest first; the first that strikes wins."""

    def __init__(self) -> None:
        self.planned: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        self.planned.append(fault)
        return fault

    def clear(self) -> None:
        self.planned.clear()

    def strike(self, *, method: str, operation: str, path: str) -> Fault | None:
        return next((f for f in self.planned if f.strikes(method=method, operation=operation, path=path)), None)


@dataclass(kw_only=True)
class Delay:
    """A truth becomes visible after so many seconds, or after so many reads that still show the old one."""

    seconds: float = 0.0
    reads: int = 0


@dataclass(kw_only=True)
class TokenDelay:
    """New tokens are refused with `status` for so many seconds, or for their first uses."""

    seconds: float = 0.0
    uses: int = 0
    status: int = 401


class Lag:
    """How late the API is behind the webhooks. Without a setting only `mergeable` is: null on the first read."""

    def __init__(self) -> None:
        self.merge = Delay()
        self.token = TokenDelay()
        self.mergeable_null_reads = 1

    def merge_visible_after(self, *, seconds: float = 0.0, reads: int = 0) -> None:
        """From now on merged pull requests look open for that long after their webhook."""
        self.merge = Delay(seconds=seconds, reads=reads)

    def token_valid_after(self, *, seconds: float = 0.0, uses: int = 0, status: int = 401) -> None:
        """From now on new tokens answer 401, 403 or 404 for that long (replication)."""
        self.token = TokenDelay(seconds=seconds, uses=uses, status=status)

    def clear(self) -> None:
        self.merge, self.token = Delay(), TokenDelay()
