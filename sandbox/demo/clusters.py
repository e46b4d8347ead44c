"""Which cluster the demo runs on: simulated here, the test bed's, or the one of a kubeconfig."""

import asyncio
import fcntl
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.control.stage import ClusterView
from sandbox.demo.realcluster import RealCluster
from sandbox.demo.simulated import Simulated

BUILD_WITHIN = 30 * 60


class ClusterError(Exception):
    """The cluster could not be had; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """`binary` is the demo app's program where images have to start for real."""

    name: str
    view: ClusterView
    kubeconfig: Path
    binary: Path | None = None


@asynccontextmanager
async def simulated(folder: Path) -> AsyncIterator[Chosen]:
    async with Simulated.running(folder / "kubeconfig") as view:
        yield Chosen(name="simulated", view=view, kubeconfig=folder / "kubeconfig")


@asynccontextmanager
async def from_kubeconfig(kubeconfig: Path, root: Path) -> AsyncIterator[Chosen]:
    """Somebody's own cluster. Raises `ClusterError`, and `DoorError` when it does not answer."""
    binary = await demo_program(root)
    view = await RealCluster.connect(kubeconfig)
    try:
        yield Chosen(name=f"of {kubeconfig.name}", view=view, kubeconfig=kubeconfig, binary=binary)
    finally:
        await view.aclose()


@asynccontextmanager
async def testbed(folder: Path, root: Path) -> AsyncIterator[Chosen]:
    """The test bed's control plane and node, in a process of their own that ends with this one, even a killed one."""
    binary = await demo_program(root)
    with (folder / "users.lock").open("a") as using:
        # The test bed lives as long as this lock is held; the kernel gives it back when this process dies.
        fcntl.flock(using, fcntl.LOCK_SH)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.testbed", "up",
            "--state-dir", str(folder / "testbed"), "--while-used", str(folder),
            cwd=root, stdout=asyncio.subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        try:
            facts = await _facts(process)
            kubeconfig = Path(facts["kubeconfig"])
            view = await RealCluster.connect(kubeconfig)
            try:
                yield Chosen(name=f"real ({facts['node']})", view=view, kubeconfig=kubeconfig, binary=binary)
            finally:
                await view.aclose()
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _facts(process: asyncio.subprocess.Process) -> dict[str, str]:
    assert process.stdout is not None  # noqa: S101  # asked for with PIPE
    line = await asyncio.wait_for(process.stdout.readline(), BUILD_WITHIN)
    if not line:
        raise ClusterError("The test bed did not start; its reason is above.")
    facts: dict[str, str] = json.loads(line)
    return facts


async def demo_program(root: Path) -> Path:
    """The demo app, built once by the test bed. Raises `ClusterError`."""
    code = "from tests.testbed.build import IMAGES, built; print(built(IMAGES) / 'app')"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=root, stdout=asyncio.subprocess.PIPE)
    out, _ = await asyncio.wait_for(process.communicate(), BUILD_WITHIN)
    if process.returncode:
        raise ClusterError("The demo app could not be built; the reason is above.")
    return Path(out.decode().strip().splitlines()[-1])
