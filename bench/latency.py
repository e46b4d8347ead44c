"""`python -m bench.latency`: how long after the webhook of the last green check the workload is patched.

All parts on loopback: emulated GitHub, registry and cluster in this process, the real bot in its own.
"""

import argparse
import asyncio
import json
import math
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sandbox.github import World
from tests.e2e.runner import greenlane
from tests.e2e.scenery import app, environment, open_stage
from tests.e2e.stage import Merged, Stage
from tests.e2e.timing import heard_green

APPS = tuple(f"measured-{letter}" for letter in "abcdefgh")
"""By turns, each in an organisation of its own: GitHub limits how much one installation may ask for in a minute."""
FIRST, LAST = "build", "test"
TARGET = 1.0
"""Seconds that 95 of 100 must stay under."""
PATIENCE = 60.0


async def measure(merges: int) -> list[float]:
    """Seconds from each merge's last green check to its patch, in the order of the merges."""
    key = World().add_app("key maker").private_key_pem
    apps = [app(name, environments={"staging": environment(f"{name}-staging", workload=name)}) for name in APPS]
    with tempfile.TemporaryDirectory() as folder:
        async with open_stage(Path(folder), *apps, key=key) as stage:
            done = []
            for number in range(1, merges + 1):
                done.append(await deploy(stage, APPS[number % len(APPS)]))
                progress(f"{number} of {merges} merges")
            return await read_times(stage, done)


async def deploy(stage: Stage, name: str) -> Merged:
    """One merge to its end; returns when the bot has written that it succeeded."""
    merged = await stage.merge(name)
    await stage.door.post("/images", repository=name, tag=merged.sha)
    await report(stage, merged, FIRST)
    await logged(stage, merged, "intent_waits", "1 of 2 checks passed")

    await report(stage, merged, LAST)
    await logged(stage, merged, "intent_moved", "succeeded")
    await stage.door.get("/quiet")
    return merged


async def report(stage: Stage, merged: Merged, check: str) -> None:
    await stage.door.post(f"/repos/{merged.repository}/checks", sha=merged.sha, name=check, conclusion="success")


async def logged(stage: Stage, merged: Merged, event: str, words: str) -> None:
    """Waits for a line of the bot's log; only the file is looked at, so that the measured process is left alone."""
    file, deadline = stage.bot.folder / f"{stage.bot.name}.log", time.monotonic() + PATIENCE
    marks = [f'"sha": "{merged.sha}"', f'"event": "{event}"', words]
    while not any(all(mark in line for mark in marks) for line in file.read_text().splitlines()):
        if time.monotonic() > deadline:
            last = "".join(file.read_text().splitlines(keepends=True)[-30:])
            raise TimeoutError(
                f"no {event} ({words}) of {merged.sha} within {PATIENCE:g} s; the bot's log ends:\n{last}"
            )
        await asyncio.sleep(0.1)


async def read_times(stage: Stage, done: Sequence[Merged]) -> list[float]:
    """From what was logged and stored. Raises `ValueError` for a patch before its checks were heard of."""
    code, out, error = await greenlane("intents", "--json", "--limit", str(len(done)), settings=stage.bot.settings)
    if code:
        raise ValueError(error)
    patched = {each["sha"]: datetime.fromisoformat(each["patched_at"]) for each in json.loads(out)}
    heard = await heard_green(stage)
    seconds = [(patched[one.sha] - heard[one.sha]).total_seconds() for one in done]
    if min(seconds) <= 0:
        raise ValueError("a workload was patched before its last check was heard of; nothing was measured")
    return seconds


def percentile(values: Sequence[float], part: int) -> float:
    """The smallest value that `part` percent of all do not exceed."""
    return sorted(values)[math.ceil(len(values) * part / 100) - 1]


def progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text}\033[K")
        sys.stderr.flush()


def main() -> int:
    """0 when the target is met, 1 when not."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=__doc__)
    parser.add_argument("--merges", type=int, default=50, help="how many, one after the other (50)")
    merges = parser.parse_args().merges
    begin = time.monotonic()
    seconds = asyncio.run(measure(merges))
    progress("")
    p50, p95, most = percentile(seconds, 50), percentile(seconds, 95), max(seconds)
    met = p95 < TARGET
    figures = {"p50": round(p50, 3), "p95": round(p95, 3), "max": round(most, 3)}
    took = round(time.monotonic() - begin, 1)
    print(json.dumps({"merges": merges, "seconds": figures, "target_p95": TARGET, "met": met, "took": took}))
    print(
        f"Last check green to patch: half within {p50 * 1000:.0f} ms, 95 % within {p95 * 1000:.0f} ms, "
        f"all within {most * 1000:.0f} ms. The target, 95 % within 1 s, is {'met' if met else 'missed'}."
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
