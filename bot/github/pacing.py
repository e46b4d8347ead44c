"""How long to wait between tries: short and jittered for reads, never against GitHub's own word."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from bot.errors import TransientError
from bot.github.errors import UnauthorizedError

READ_DELAYS = (0.2, 0.8, 2.0)
WORTH_WAITING = timedelta(seconds=5)
"""A longer `retry_after` goes to the caller, who has other work meanwhile."""

_Result = TypeVar("_Result")


class Pacing:
    """Waits by the injected `sleep`; `jitter` returns a factor around 1."""

    def __init__(self, *, sleep: Callable[[float], Awaitable[None]], jitter: Callable[[], float]) -> None:
        self.sleep = sleep
        self._jitter = jitter

    async def patiently(self, read: Callable[[], Awaitable[_Result]]) -> _Result:
        """Repeat a read that could not tell, at most three times. Raises its last `TransientError`."""
        for delay in READ_DELAYS:
            try:
                return await read()
            except UnauthorizedError:
                raise
            except TransientError as error:
                if error.retry_after is not None and error.retry_after > WORTH_WAITING:
                    raise
                asked = error.retry_after.total_seconds() if error.retry_after else 0.0
            await self.sleep(max(delay * self._jitter(), asked))
        return await read()
