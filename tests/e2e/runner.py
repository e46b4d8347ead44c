"""The real bot as a process of its own: started, killed, stopped, its log read; and its other commands."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.demo.botprocess import BotError, BotProcess

ROOT = Path(__file__).resolve().parents[2]

JSON = dict[str, Any]


@dataclass(kw_only=True)
class Bot:
    """`python -m bot serve`, which may be killed and started again. `starts` are seconds until it was ready."""

    settings: dict[str, str]
    folder: Path
    name: str = "bot"
    starts: list[float] = field(default_factory=list)
    _process: BotProcess | None = None

    @property
    def address(self) -> str:
        return f"http://{self.settings['GREENLANE_LISTEN']}"

    async def start(self) -> None:
        begin = time.monotonic()
        log = self.folder / f"{self.name}.log"
        self._process = await BotProcess.start(self.settings, root=ROOT, log=log)
        await self._process.ready(self.address)
        self.starts.append(time.monotonic() - begin)

    async def kill(self) -> None:
        """SIGKILL: it gets no chance to tidy up."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> float:
        """SIGTERM; the seconds it took."""
        begin = time.monotonic()
        await self._end(signal.SIGTERM)
        return time.monotonic() - begin

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def aclose(self) -> None:
        if self._process is not None:
            await self._process.aclose()

    def log(self, event: str = "") -> list[JSON]:
        """The log's lines with that event name, or all."""
        file = self.folder / f"{self.name}.log"
        lines = [json.loads(line) for line in file.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if event in ("", line["event"])]

    async def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)
        with suppress(BotError):
            async with asyncio.timeout(10):
                await self._process.ended()
        await self._process.aclose()
        self._process = None


async def greenlane(*arguments: str, settings: Mapping[str, str]) -> tuple[int, str, str]:
    """A command to its end: exit code, output, errors."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments, cwd=ROOT, env={"PATH": os.environ["PATH"], **settings},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(30):
        out, error = await process.communicate()
    return process.returncode or 0, out.decode(), error.decode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
