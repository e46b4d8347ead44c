"""Three ways to learn how a rollout ended, each used as its users do: Greenlane, kubectl, helm."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bench.programs import Program, make_chart, write_manifest
from bench.table import Outcome, Said, clean
from bot.cluster.adapter import KubernetesCluster
from bot.domain.intent import State, Target
from bot.domain.verdict import Judgement, Verdict, Wanted, judge
from bot.engine.outcome import look_again
from bot.engine.steps.rollout import SOAK_LOOK
from bot.engine.watching import SETTLE_SECONDS
from bot.errors import RejectedError, TransientError
from tests.testbed.cases.manifests import NAME
from tests.testbed.cases.stage import Stage
from tests.testbed.processes import wait_until

_SAID: dict[Verdict | None, Said] = {
    Verdict.SUCCEEDED: Said.SUCCEEDED,
    Verdict.NO_CHANGE: Said.SUCCEEDED,
    Verdict.FAILED: Said.FAILED,
    Verdict.TIMED_OUT: Said.GAVE_UP,
    Verdict.PAUSED: Said.PAUSED,
    Verdict.NEUTRAL: Said.NEUTRAL,
}
_TELLING = ("error:", "Error:", "Error from server", "Release ")
"""How the lines begin that tell the end; else it is the last one."""
_FIRST_LIMIT = 90.0
"""Seconds for the first version, which is healthy."""


class Watcher(Protocol):
    async def install(self, stage: Stage) -> None:
        """Put the first version there; returns when it runs."""

    async def roll_out(self, stage: Stage, limit: float) -> Outcome:
        """Put the second version there and wait for the verdict, `limit` seconds at most."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """`kubectl apply`, then `kubectl rollout status`."""

    program: Program

    async def install(self, stage: Stage) -> None:
        file = write_manifest(self.program.home / f"{stage.namespace}.json", stage.manifest("v1"))
        await self.program.must("apply", "-n", stage.namespace, "-f", file, limit=_FIRST_LIMIT)
        await _complete(stage)

    async def roll_out(self, stage: Stage, limit: float) -> Outcome:
        file = write_manifest(self.program.home / f"{stage.namespace}.json", stage.manifest("v2"))
        begin = time.monotonic()
        code, output = await self.program.call("apply", "-n", stage.namespace, "-f", file, limit=limit)
        if not code:
            words = ["rollout", "status", f"{stage.case.kind}/{NAME}", "-n", stage.namespace, f"--timeout={limit:g}s"]
            code, output = await self.program.call(*words, limit=limit)
        return _outcome(stage, code, output, time.monotonic() - begin, limit)


@dataclass(frozen=True, slots=True)
class Helm:
    """`helm upgrade --wait` of a chart with nothing but the workload."""

    program: Program

    async def install(self, stage: Stage) -> None:
        chart = make_chart(self.program.home / stage.namespace, stage.manifest("v1"))
        await self.program.must("install", NAME, chart, "-n", stage.namespace, limit=_FIRST_LIMIT)
        await _complete(stage)

    async def roll_out(self, stage: Stage, limit: float) -> Outcome:
        chart = make_chart(self.program.home / stage.namespace, stage.manifest("v2"))
        words = ["upgrade", NAME, chart, "-n", stage.namespace, "--wait", f"--timeout={limit:g}s"]
        begin = time.monotonic()
        code, output = await self.program.call(*words, limit=limit)
        return _outcome(stage, code, output, time.monotonic() - begin, limit)


@dataclass(frozen=True, slots=True)
class Greenlane:
    """The bot's own adapter and verdict; it looks on every change, and else as often as the engine does."""

    cluster: KubernetesCluster
    soak: timedelta

    async def install(self, stage: Stage) -> None:
        await asyncio.to_thread(stage.start_first)

    async def roll_out(self, stage: Stage, limit: float) -> Outcome:
        moved = asyncio.Event()
        stop = self.cluster.subscribe(stage.namespace, moved.set)
        begin = time.monotonic()
        try:
            judgement = await self._judged(stage, await self._change(stage, limit), moved)
        except RejectedError as error:
            said, text = Said.REFUSED, error.sentence
        else:
            said, text = _SAID.get(judgement.verdict, Said.OTHER), _sentence(judgement)
        finally:
            stop()
        return Outcome(said, time.monotonic() - begin, clean(text, _names(stage)))

    async def _change(self, stage: Stage, limit: float) -> Wanted:
        """The bot patches the image; a change of more than that is the team's own, and only watched."""
        if stage.case.container or stage.case.pod:
            changed = await asyncio.to_thread(stage.change)
            about, image = changed.workload["metadata"], changed.image
            uid, generation = about["uid"], about["generation"]
        else:
            uid, generation, image = await self._patch(stage)
        now, digest = datetime.now(UTC), stage.pictures["v2"].digest
        return Wanted(
            uid=uid, generation=generation, container=NAME, image=image, digests=frozenset({digest} if digest else ()),
            patched_at=now, deadline=now + timedelta(seconds=limit), soak=self.soak,
        )  # fmt: skip

    async def _patch(self, stage: Stage) -> tuple[str, int, str]:
        target = _target(stage)
        before = await self.cluster.read(target)
        patched = await self.cluster.patch(
            target, uid=before.uid, expected_image=before.images[NAME], image=stage.pictures["v2"].reference,
            annotations={},
        )  # fmt: skip
        return before.uid, patched.workload.generation, patched.workload.images[NAME]

    async def _judged(self, stage: Stage, wanted: Wanted, moved: asyncio.Event) -> Judgement:
        while True:
            moved.clear()
            pause = look_again(State.ROLLING_OUT)
            try:
                now = datetime.now(UTC)
                judgement = judge(await self.cluster.observe(_target(stage)), wanted, now)
            except TransientError:
                pause = SOAK_LOOK
            else:
                if judgement.verdict:
                    return judgement
                if judgement.reason == "soaking":
                    pause, wanted = SOAK_LOOK, replace(wanted, complete_at=wanted.complete_at or now)
            await _next_look(pause, wanted.deadline - datetime.now(UTC), moved)


async def _next_look(pause: timedelta, left: timedelta, moved: asyncio.Event) -> None:
    """A change, the engine's next look without one, or the deadline."""
    if timedelta(0) < left < pause:
        pause = left
    with suppress(TimeoutError):
        async with asyncio.timeout(pause.total_seconds()):
            await moved.wait()
    await asyncio.sleep(SETTLE_SECONDS)


async def _complete(stage: Stage) -> None:
    def complete() -> bool:
        return stage.is_complete()

    await waited(complete, seconds=_FIRST_LIMIT, what=f"{stage.case.name}: version 1")


async def waited(true: Callable[[], bool], *, seconds: float, what: str) -> None:
    """As `wait_until`, beside other work."""
    await asyncio.to_thread(wait_until, true, seconds=seconds, what=what, pause=0.3)


def _outcome(stage: Stage, code: int, output: str, seconds: float, limit: float) -> Outcome:
    """The lines that tell the end: those before only say that it waits."""
    said = Said.SUCCEEDED if code == 0 else Said.GAVE_UP if seconds >= limit else Said.FAILED
    lines = [line for line in output.splitlines() if line.strip()]
    telling = next((lines[at:] for at, line in enumerate(lines) if line.startswith(_TELLING)), lines[-1:])
    return Outcome(said, seconds, clean(" ".join(telling[: 3 if code else 1]), _names(stage)))


def _sentence(judgement: Judgement) -> str:
    """As on the pull request: the verdict's clause and the cluster's own words."""
    words = next((each.evidence for each in judgement.findings if each.evidence), "")
    return f"{judgement.sentence}; the cluster says: {words}" if words else judgement.sentence


def _names(stage: Stage) -> dict[str, str]:
    """This run's own names, and what to show instead."""
    reference = stage.pictures["v2"].reference.partition("/")[0]
    return {reference: "registry.test", stage.bed.registry.host: "registry.test", stage.namespace: "shop"}


def _target(stage: Stage) -> Target:
    return Target(namespace=stage.namespace, kind=stage.case.kind, name=NAME, container=NAME)
