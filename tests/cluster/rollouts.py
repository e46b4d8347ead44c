"""A case played on the real cluster while the bot's own adapter watches: for verdicts here, and below an engine."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.cluster.adapter import KubernetesCluster
from bot.domain.graces import Graces
from bot.domain.intent import Target
from bot.domain.verdict import Judgement, Wanted, judge
from bot.domain.workload import Observation
from tests.testbed.bed import TestBed
from tests.testbed.cases import Case
from tests.testbed.cases.manifests import NAME
from tests.testbed.cases.stage import Changed, Stage, staged

DEADLINE = timedelta(minutes=10)
_LOOK = 0.25
"""A grace ends without anything that changes."""


@dataclass(slots=True)
class Rollout:
    """A stage seen through the adapter."""

    stage: Stage
    cluster: KubernetesCluster
    graces: Graces
    first_took: float
    """Seconds until version 1 was complete: how fast this machine is now."""
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def target(self) -> Target:
        return Target(namespace=self.stage.namespace, kind=self.stage.case.kind, name=NAME, container=NAME)

    def wanted(self, changed: Changed) -> Wanted:
        """As the engine would remember it of its patch."""
        case = self.stage.case
        return Wanted(
            uid=changed.workload["metadata"]["uid"],
            generation=changed.workload["metadata"]["generation"],
            container=NAME,
            image=changed.image,
            digests=frozenset({changed.digest} if changed.digest else ()),
            patched_at=changed.at,
            deadline=changed.at + DEADLINE,
            changed=not case.same or case.detour is not None,
            soak=timedelta(seconds=case.soak),
            graces=self.graces,
        )

    async def play(self, *, seconds: float) -> "Seen":
        """Change it and watch until the case's end is seen, or until the time is up; other people act meanwhile."""
        stop = self.cluster.subscribe(self.stage.namespace, self.woken.set)
        try:
            await self.cluster.observe(self.target)
            seen = Seen(begun=time.monotonic(), first_took=self.first_took)
            changed = await asyncio.to_thread(self.stage.change)
            async with asyncio.TaskGroup() as group:
                group.create_task(asyncio.to_thread(self.stage.interfere))
                await self._watch(seen, self.wanted(changed), seconds)
        finally:
            stop()
        return seen

    async def _watch(self, seen: "Seen", wanted: Wanted, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._watch_to_end(seen, wanted)

    async def _watch_to_end(self, seen: "Seen", wanted: Wanted) -> None:
        while not seen.is_end_of(self.stage.case):
            self.woken.clear()
            observed = await self.cluster.observe(self.target)
            now = datetime.now(UTC)
            judged = judge(observed, wanted, now)
            wanted = remembering(wanted, judged, now)
            seen.note(observed, judged)
            await self._until_woken()

    async def _until_woken(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK):
                await self.woken.wait()


def remembering(wanted: Wanted, judged: Judgement, now: datetime) -> Wanted:
    """As the engine remembers when it first found it complete."""
    return replace(wanted, complete_at=wanted.complete_at or now) if judged.reason == "soaking" else wanted


@dataclass(slots=True)
class Seen:
    """What was judged, and when."""

    begun: float
    """Just before the patch."""
    first_took: float
    """Seconds until version 1 was complete."""
    first_pod: float | None = None
    judged: Judgement | None = None
    at: float = 0.0

    def note(self, observed: Observation, judged: Judgement) -> None:
        self.judged, self.at = judged, time.monotonic()
        revision = observed.new_revision
        if self.first_pod is None and revision and observed.pods_of(revision):
            self.first_pod = self.at

    def is_end_of(self, case: Case) -> bool:
        """A verdict; where none is expected, the finding."""
        if self.judged is None:
            return False
        wanted = case.expected.finding if not case.expected.verdict else ""
        return not self.judged.in_progress or wanted in {each.reason for each in self.judged.findings}

    def seconds(self, case: Case) -> float:
        """From the first new pod, or from the patch where the cluster refuses the pods or none is new."""
        since = self.begun if case.refused or self.first_pod is None else self.first_pod
        return self.at - since


@asynccontextmanager
async def rolling_out(
    case: Case, bed: TestBed, cluster: KubernetesCluster, *, denying: str, graces: Graces
) -> AsyncIterator[Rollout]:
    """The case, prepared up to its change."""
    context = staged(case, bed, denying)
    stage = await asyncio.to_thread(context.__enter__)
    try:
        begun = time.monotonic()
        await asyncio.to_thread(stage.start_first)
        first_took = time.monotonic() - begun
        await asyncio.to_thread(stage.lay_rules)
        await asyncio.to_thread(stage.take_detour)
        yield Rollout(stage=stage, cluster=cluster, graces=graces, first_took=first_took)
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)
