"""Lines that tell a waiting person what is being prepared."""

import sys
import time
from collections.abc import Callable

Say = Callable[[str], None]
"""Takes one line."""


def say_on_stderr(line: str) -> None:
    sys.stderr.write(f"testbed: {line}\n")
    sys.stderr.flush()


class Stopwatch:
    """Says how far something is, at most once an interval."""

    def __init__(self, say: Say, *, every: float = 15.0) -> None:
        self._say = say
        self._every = every
        self._start = self._last = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def tick(self, text: str) -> None:
        if time.monotonic() - self._last >= self._every:
            self._last = time.monotonic()
            self._say(f"{text} ({self.seconds:.0f} s)")
