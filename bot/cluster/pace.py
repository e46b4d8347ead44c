"""Time as the watches see it: sleeping, chance and clocks come from here, so that tests can own them."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

_FIRST = 0.5
_LONGEST = 30.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """The real ones unless a test brings its own."""

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    """Uniform in [0, 1)."""
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _utc_now


@dataclass(slots=True)
class BackOff:
    """Doubling, jittered, at most 30 s; what the server asks for is honoured up to a minute."""

    pace: Pace
    _failures: int = field(default=0, init=False)

    def reset(self) -> None:
        self._failures = 0

    async def wait(self, *, at_least: timedelta | None = None) -> None:
        """Wait after one more failure."""
        longest = min(_LONGEST, _FIRST * 2 ** min(self._failures, 10))
        self._failures += 1
        asked = min(at_least.total_seconds(), 60.0) if at_least else 0.0
        await self.pace.sleep(max(asked, longest * (0.5 + self.pace.chance() / 2)))
