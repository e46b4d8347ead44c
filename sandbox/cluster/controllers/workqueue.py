"""The queue under each controller: a key is looked at once, soon, however often it was added."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final, TypeAlias

from sandbox.cluster.answers import ApiError
from sandbox.cluster.clock import Clock

log = logging.getLogger(__name__)
_AGAIN: Final = 0.5

Key: TypeAlias = tuple[str, str]
"""Namespace and name."""


class WorkQueue:
    """Runs `sync(key)` for every added key; a number that `sync` answers is when to look again, in seconds."""

    def __init__(self, sync: Callable[[Key], float | None], clock: Clock, *, lag: float) -> None:
        self._sync = sync
        self._clock = clock
        self._lag = lag
        self._due: dict[Key, float] = {}
        self._changed = asyncio.Event()

    def add(self, key: Key, *, after: float | None = None) -> None:
        """Have `key` looked at `after` seconds from now, or sooner when it is due sooner."""
        due = self._clock.monotonic() + (self._lag if after is None else after)
        if key not in self._due or due < self._due[key]:
            self._due[key] = due
            self._changed.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._wait()
            now = self._clock.monotonic()
            for key in [key for key, due in self._due.items() if due <= now]:
                del self._due[key]
                again = self._look(key)
                if again is not None:
                    self.add(key, after=again)

    def _look(self, key: Key) -> float | None:
        """A refused write is tried again, as in the real queue; anything else is a fault of ours, told and survived."""
        try:
            return self._sync(key)
        except ApiError:
            return _AGAIN
        except Exception:
            log.exception("the simulated controller failed at %s/%s", *key)
            return _AGAIN

    async def _wait(self) -> None:
        self._changed.clear()
        seconds = None
        if self._due:
            seconds = max(0.0, min(self._due.values()) - self._clock.monotonic()) / self._clock.speed
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
