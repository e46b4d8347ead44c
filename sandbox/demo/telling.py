"""Steps of a story: done or waited for, timed, told as each ends, and kept for the end."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.demo.door import Door, TooLateError


class UnmetError(Exception):
    """A step of a story did not hold; the text says what was seen."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """`seconds` is how long it took."""

    story: str
    says: str
    holds: bool
    seconds: float
    seen: str = ""


@dataclass(kw_only=True)
class Teller:
    """Runs a story's steps, tells each as it ends, and keeps them. `patience` is for one step, in seconds."""

    door: Door
    tell: Callable[[Step], None]
    patience: float
    steps: list[Step] = field(default_factory=list)
    story: str = ""

    async def step(self, says: str, does: Awaitable[Any]) -> Any:
        """Raises `UnmetError` after telling it, so that the story ends there."""
        begin = time.monotonic()
        try:
            result = await does
        except (UnmetError, TooLateError) as error:
            self._keep(says, holds=False, begin=begin, seen=str(error))
            raise UnmetError(says) from error
        self._keep(says, holds=True, begin=begin)
        return result

    def _keep(self, says: str, *, holds: bool, begin: float, seen: str = "") -> None:
        taken = round(time.monotonic() - begin, 2)
        step = Step(story=self.story, says=says, holds=holds, seconds=taken, seen=seen)
        self.steps.append(step)
        self.tell(step)
