"""`make demo` from start to end: sandbox up, bot up, a person or the stories, everything down again."""

import asyncio
import shlex
import signal
import socket
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.demo import auto, clusters
from sandbox.demo.auto import say
from sandbox.demo.botprocess import BotProcess
from sandbox.demo.folder import claimed, empty, near
from sandbox.demo.house import House, check_port
from sandbox.registry import SandboxRegistry

ROOT = Path(__file__).resolve().parents[2]
AUTO_WITHIN = 15 * 60.0


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the command line asked for. `registry` is `host:port` as the nodes reach it, empty for loopback."""

    port: int
    auto: bool
    cluster: str
    kubeconfig: Path | None
    registry: str
    folder: Path


async def run(wish: Wish) -> int:
    """The exit code. Raises the errors of the parts, which the command line words."""
    with claimed(wish.folder):
        check_port(wish.port)  # before anything of the last demo is gone
        empty(wish.folder)
        return await _run(wish)


async def _run(wish: Wish) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    begin = time.monotonic()
    async with _registry(wish) as registry, _cluster(wish) as cluster:
        say(f"  ✓ registry {registry.host} and cluster ({cluster.name})  {time.monotonic() - begin:.1f} s")
        listen = f"127.0.0.1:{_free_port()}"
        house = await House.start(
            registry=registry, image_host=wish.registry or registry.host, cluster=cluster.view, binary=cluster.binary,
            port=wish.port, root=ROOT, folder=wish.folder,
        )  # fmt: skip
        try:
            say(f"  ✓ GitHub, page and control door  {time.monotonic() - begin:.1f} s")
            return await _with_bot(wish, house, cluster, listen, stop, begin)
        finally:
            await house.aclose()


async def _with_bot(
    wish: Wish, house: House, cluster: clusters.Chosen, listen: str, stop: asyncio.Event, begin: float
) -> int:
    log = wish.folder / "bot.log"
    settings = house.settings(kubeconfig=cluster.kubeconfig, listen=listen)
    _keep_settings(wish.folder, settings)
    bot = await BotProcess.start(settings, root=ROOT, log=log)
    try:
        await bot.ready(f"http://{listen}")
        house.send_webhooks_to(f"http://{listen}")
        say(f"  ✓ the bot (process {bot.pid}, log in {near(log)})  {time.monotonic() - begin:.1f} s")
        _invite(house, auto=wish.auto)
        return await _first(_play(wish, house, cluster), _until_it_ends(bot), _told_to_stop(stop))
    finally:
        await bot.aclose()


async def _play(wish: Wish, house: House, cluster: clusters.Chosen) -> int:
    if not wish.auto:
        await asyncio.Event().wait()
    async with asyncio.timeout(AUTO_WITHIN):
        return 0 if await auto.play(house.address, cluster=cluster.name) else 1


async def _until_it_ends(bot: BotProcess) -> int:
    """Raises `BotError`: it is never meant to end by itself."""
    await bot.ended()
    return 1


async def _told_to_stop(stop: asyncio.Event) -> int:
    await stop.wait()
    say("\n  stopping…")
    return 0


async def _first(*ways: Coroutine[None, None, int]) -> int:
    """The result of whichever ends first; the others are cancelled."""
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _invite(house: House, *, auto: bool) -> None:
    settings = shlex.quote(near(house.folder / "bot.env"))
    say(f"\n  Open  {house.address}/")
    if not auto:
        say("  Merge a pull request, then click “CI passes”, and watch staging; /help in a comment says what else.")
        say("  Ctrl-C ends it all.")
    say(f"  What the bot knows:  (set -a; . {settings}; .venv/bin/greenlane intents)")


def _keep_settings(folder: Path, settings: Mapping[str, str]) -> None:
    """For `greenlane intents` and friends beside the running demo."""
    file = folder / "bot.env"
    file.touch(mode=0o600)
    file.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items()), encoding="utf-8")


@asynccontextmanager
async def _registry(wish: Wish) -> AsyncIterator[SandboxRegistry]:
    """On loopback; where nodes of another machine have to reach it, on all addresses at the port they call."""
    registry = SandboxRegistry()
    if wish.registry:
        await registry.start("0.0.0.0", int(wish.registry.rpartition(":")[2]))
    else:
        await registry.start()
    try:
        yield registry
    finally:
        await registry.aclose()


def _cluster(wish: Wish) -> AbstractAsyncContextManager[clusters.Chosen]:
    if wish.kubeconfig:
        return clusters.from_kubeconfig(wish.kubeconfig, ROOT)
    if wish.cluster == "real":
        return clusters.testbed(wish.folder, ROOT)
    return clusters.simulated(wish.folder)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
