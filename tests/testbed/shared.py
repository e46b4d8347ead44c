"""One test bed for several test processes: the first starts it, and it ends by itself when the last has left.

Every user holds a shared lock on one file; the test bed's process waits for the exclusive one. Locks of processes
that die are given back by the kernel, so a killed test run leaves no cluster behind.
"""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Self

from tests.testbed.bed import TestBed
from tests.testbed.processes import TestBedError, wait_until

ROOT = Path(__file__).parents[2]


@contextmanager
def shared_bed(folder: Path) -> Iterator[TestBed]:
    """The test bed of all processes that name the same folder. Raises `TestBedError`."""
    with (folder / "users.lock").open("a") as users:
        with (folder / "start.lock").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            # Waits while an earlier one is ending.
            fcntl.flock(users, fcntl.LOCK_SH)
            if not _is_up(folder):
                _start(folder)
        yield TestBed.attach(json.loads(_facts(folder).read_text()))
    _see_it_end(folder)


class Owner:
    """The other side, in the test bed's own process; entered before the bed is started and left after it has ended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._users: IO[str] = (folder / "users.lock").open("a")

    def serve(self, bed: TestBed) -> None:
        """Tells the users where the bed is; returns when the last of them has left."""
        draft = self._folder / "testbed.draft"
        draft.write_text(json.dumps({**bed.facts, "owner": os.getpid()}))
        draft.rename(_facts(self._folder))
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX)
        finally:
            _facts(self._folder).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._users.close()


def _facts(folder: Path) -> Path:
    return folder / "testbed.json"


def _is_up(folder: Path) -> bool:
    """Whether the process that told of itself still lives; a killed one could not take it back."""
    try:
        return _lives(int(json.loads(_facts(folder).read_text())["owner"]))
    except (OSError, ValueError):
        return False


def _start(folder: Path) -> None:
    """As a child of nobody, for it may outlive the test process that happened to need it first."""
    _facts(folder).unlink(missing_ok=True)
    log = folder / "testbed.log"
    command = [sys.executable, "-m", "tests.testbed", "up", "--while-used", str(folder)]
    launch = ["sh", "-c", 'log=$1; shift; "$@" >>"$log" 2>&1 & echo $!', "sh", str(log), *command]
    launched = subprocess.run(
        launch,
        cwd=ROOT,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    process = int(launched.stdout)

    def told() -> bool:
        if not _lives(process) and not _facts(folder).exists():
            raise TestBedError(f"the test bed did not start:\n{log.read_text()[-3000:]}")
        return _facts(folder).exists()

    wait_until(told, seconds=240, what="the start of the test bed")


def _see_it_end(folder: Path) -> None:
    """Waits for the end when we were the last; others may still use it."""
    with suppress(TestBedError), (folder / "users.lock").open("a") as users:
        wait_until(lambda: not _facts(folder).exists(), seconds=1, what="taking the address back")
        wait_until(lambda: _is_free(users), seconds=45, what="the end of the test bed")


def _is_free(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
