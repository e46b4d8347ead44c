"""Child processes with a log, a deadline for every wait, and an end that is always the process we started."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

MARK = "GREENLANE_TESTBED"
"""In the environment of everything we start: whose it is, so that a later run can tidy up after a killed one."""


class TestBedError(RuntimeError):
    """The test bed could not be made; the text says which part and shows its last log lines."""

    __test__ = False


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on right now, on loopback."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports


def wait_until(true: Callable[[], bool], *, seconds: float, what: str, pause: float = 0.1) -> None:
    """Asks until the answer is yes; raises `TestBedError` at the deadline."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TestBedError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(pause)


@dataclass(frozen=True, slots=True)
class Program:
    """A running child and its log."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    @classmethod
    def start(
        cls, name: str, command: Sequence[str | Path], *, state: Path, environment: dict[str, str] | None = None
    ) -> "Program":
        """Starts it in its own process group, with no input, writing to `logs/<name>.log` in `state`."""
        log = state / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=state,
                env={**os.environ, **(environment or {}), MARK: str(state)},
            )
        return cls(name, process, log)

    def wait_ready(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Waits for `ready`; a program that ends or is late raises `TestBedError` with its last log lines."""

        def check() -> bool:
            if self.process.poll() is not None:
                raise TestBedError(f"{self.name} ended with exit code {self.process.returncode}")
            return ready()

        try:
            wait_until(check, seconds=seconds, what=f"{self.name} becoming ready")
        except TestBedError as error:
            raise TestBedError(f"{error}; its last lines:\n{self.tail()}") from error

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self, *, seconds: float = 10) -> None:
        """SIGTERM, then SIGKILL to its group when it has not ended in time."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=seconds)
