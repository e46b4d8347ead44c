"""A running `python -m sandbox`, for the tests that use it as people do: from outside."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, Queue

ROOT = Path(__file__).parents[1]
STARTED_WITHIN = 60.0
ENDED_WITHIN = 30.0


@contextmanager
def running_demo(folder: Path) -> Iterator[str]:
    """The page's address; ended by SIGINT, as Ctrl-C does, which has to work."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0", "--state-dir", str(folder)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    lines: Queue[str | None] = Queue()
    reader = threading.Thread(target=_pass_on, args=(process, lines))
    reader.start()
    try:
        yield _address(lines)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            code = process.wait(ENDED_WITHIN)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            reader.join()
            if process.stdout:
                process.stdout.close()
    assert code == 0, f"the demo ended with {code}"


def _pass_on(process: subprocess.Popen[str], lines: Queue[str | None]) -> None:
    assert process.stdout
    for line in process.stdout:
        lines.put(line.strip())
    lines.put(None)


def _address(lines: Queue[str | None]) -> str:
    seen: list[str] = []
    deadline = time.monotonic() + STARTED_WITHIN
    with suppress(Empty):
        while (line := lines.get(timeout=max(0.0, deadline - time.monotonic()))) is not None:
            seen.append(line)
            if line.startswith("Open"):
                return line.split()[-1].rstrip("/")
    raise AssertionError("the demo did not start:\n" + "\n".join(seen))
