"""Leaves nothing behind: processes, containers, mounts and files of one test bed, even of one that was killed."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.testbed.processes import MARK, TestBedError, wait_until


def sweep(state: Path) -> None:
    """Ends whatever carries `state` as its mark and removes the folder; fine to call twice."""
    containers = list(_containers(state))
    ours = list(_marked(state))
    for process in [*ours, *(first for container in containers for first in _first_process(container))]:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    with suppress(TestBedError):
        wait_until(lambda: not any(_is_alive(process) for process in ours), seconds=5, what="the end of a test bed")
    for container in containers:
        _forget(container)
    for mount in reversed(list(_mounts(state))):
        subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
    shutil.rmtree(state, ignore_errors=True)


def _marked(state: Path) -> Iterator[int]:
    mark = f"{MARK}={state}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int(folder.name) != os.getpid() and mark in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)


def _is_alive(process: int) -> bool:
    """A zombie is not: its parent, perhaps this process, still has to collect it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _containers(state: Path) -> Iterator[Path]:
    """containerd's folders of running containers; the name is the container's id."""
    yield from (state / "run" / "io.containerd.runtime.v2.task" / "k8s.io").glob("*")


def _first_process(container: Path) -> Iterator[int]:
    """Process 1 of a container, when its number still belongs to it."""
    with suppress(OSError, ValueError):
        process = int((container / "init.pid").read_text())
        if container.name in Path(f"/proc/{process}/cgroup").read_text():
            yield process


def _forget(container: Path) -> None:
    """Removes what a killed container leaves outside the state folder: the shim's socket and empty cgroups."""
    with suppress(OSError, ValueError, KeyError):
        address = json.loads((container / "bootstrap.json").read_text())["address"]
        Path(address.removeprefix("unix://")).unlink()
    root = Path("/sys/fs/cgroup")
    for group in (root / "k8s.io" / container.name, *root.glob(f"*/k8s.io/{container.name}")):
        with suppress(OSError):
            group.rmdir()


def _mounts(state: Path) -> Iterator[str]:
    with suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            place = line.split()[4]
            if place == str(state) or place.startswith(f"{state}/"):
                yield place
