"""One followed kind in one namespace: a task that feeds a cache, and survives faults of ours."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

from bot.cluster.cache import Cache
from bot.cluster.listwatch import Blind, ListWatch, Object, Step
from bot.cluster.pace import Pace
from bot.errors import BrokenError

_AFTER_A_FAULT = 30.0

T = TypeVar("T", bound=Object)
log = structlog.get_logger(__name__)


class Feed(Generic[T]):
    """Runs from the start until its task is cancelled; `on_step` is called after the cache took a step."""

    def __init__(
        self, listwatch: ListWatch[T], cache: Cache[T], pace: Pace, *, on_step: Callable[[Step[T]], None]
    ) -> None:
        self.cache = cache
        self._listwatch = listwatch
        self._pace = pace
        self._on_step = on_step
        self.task = asyncio.create_task(self._keep_following(), name=f"watch {listwatch}")

    async def _keep_following(self) -> None:
        while True:
            try:
                async for step in self._listwatch.follow():
                    self.cache.apply(step)
                    self._on_step(step)
            except Exception as fault:  # the loop's top: a fault of ours must not end the watch unseen
                log.exception("cluster_watch_broke", watch=str(self._listwatch), error=type(fault).__name__)
                self.cache.apply(Blind(BrokenError("a watch broke")))
                await self._pace.sleep(_AFTER_A_FAULT)
