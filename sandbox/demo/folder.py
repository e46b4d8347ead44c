"""The demo's folder: one demo at a time has it, and finds it empty."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OURS = ("greenlane.db*", "bot.log", "bot.env", "catalog.yaml", "app.pem", "kubeconfig")


class DemoRunsError(Exception):
    """Another demo has the folder."""


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Made if need be, held until the end; the kernel gives it back when a process dies. Raises `DemoRunsError`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemoRunsError(_who(folder, (folder / "lock").read_text(encoding="utf-8"))) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def empty(folder: Path) -> None:
    """Every demo begins at the beginning. Only what a demo wrote is removed."""
    for pattern in OURS:
        for old in folder.glob(pattern):
            old.unlink()


def near(path: Path) -> str:
    """As one would type it here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _who(folder: Path, process: str) -> str:
    whose = f"process {process}, files" if process else "files"
    return (
        f"A demo runs here already ({whose} in {near(folder)}). "
        "Use its page, or end it with Ctrl-C in its terminal and start again: make demo"
    )
