"""The real bot as its own process: started with settings from the environment, watched, and ended cleanly."""

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import aiohttp

READY_WITHIN = 40.0
END_WITHIN = 15.0
REMEMBERED = 25
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "PYTHONWARNINGS", "VIRTUAL_ENV")


class BotError(Exception):
    """The bot did not start, or ended; the text has its last lines."""


class BotProcess:
    """`greenlane serve`; its log goes to `log`, the last lines are remembered for when it ends unasked."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self.log = log
        self._last: deque[str] = deque(maxlen=REMEMBERED)
        self._reader = asyncio.create_task(self._keep_log())

    @classmethod
    async def start(cls, settings: Mapping[str, str], *, root: Path, log: Path) -> Self:
        """Nothing of the caller's environment but the usual few: a forgotten variable must not change the demo."""
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "serve",
            cwd=root, env=environment | dict(settings), start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        return cls(process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ready(self, address: str) -> None:
        """Returns when `/readyz` says yes. Raises `BotError`."""
        deadline = asyncio.get_running_loop().time() + READY_WITHIN
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            while asyncio.get_running_loop().time() < deadline:
                if self._process.returncode is not None:
                    raise BotError(await self.obituary())
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(f"{address}/readyz") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.1)
        raise BotError(f"The bot was not ready within {READY_WITHIN:g} s.\n{self._tail()}")

    async def ended(self) -> None:
        """Waits for its end, and raises `BotError` with its last lines."""
        await self._process.wait()
        raise BotError(await self.obituary())

    async def obituary(self) -> str:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._reader), 1)
        return f"The bot ended with exit code {self._process.returncode}. Its last lines:\n{self._tail()}"

    async def aclose(self) -> None:
        """SIGTERM, then patience, then SIGKILL."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), END_WITHIN)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        await self._reader

    def _tail(self) -> str:
        return "\n".join(f"  | {line}" for line in self._last) or f"  (nothing; the log is {self.log})"

    async def _keep_log(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  # asked for with PIPE
        with self.log.open("ab") as file:
            async for line in self._process.stdout:
                file.write(line)
                file.flush()
                self._last.append(line.decode(errors="replace").rstrip())
