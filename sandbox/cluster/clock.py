"""Time at a chosen speed: waits shrink, timestamps stay true, so that a client's clock agrees with what it reads."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime


class Clock:
    """With `speed` 10 what takes a real cluster ten seconds takes one."""

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError("speed must be above 0")
        self.speed = speed

    def now(self) -> str:
        """As the API server writes times: UTC, whole seconds."""
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def monotonic(self) -> float:
        """Seconds of simulated time, for differences only."""
        return asyncio.get_running_loop().time() * self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)
