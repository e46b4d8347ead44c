"""The matrix on a real cluster: every case ends as declared, with its finding, and in its time."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from bot.cluster.adapter import KubernetesCluster
from bot.domain.graces import Graces
from tests.cluster.rollouts import Seen, rolling_out
from tests.measured import Measure
from tests.testbed.bed import TestBed
from tests.testbed.cases import GROUPS, Case
from tests.testbed.cases.pictures import denying_registry

pytestmark = pytest.mark.cluster

SHORT = timedelta(seconds=3)
GRACES = Graces(registry=SHORT, config=SHORT, start=SHORT, admission=SHORT, quota=SHORT, scheduling=SHORT)
AT_ONCE = 6
"""Cases that run side by side: more would slow each other down."""
QUIET = 4.0
"""Seconds of a first rollout among so many on a machine that does nothing else."""
BUSY = 3.0
"""Runnable processes a processor that these tests alone bring about."""
ENOUGH = 60.0
"""Seconds after which a case is given up, whatever it allows."""


@pytest.fixture
def denying() -> Iterator[str]:
    with denying_registry() as host:
        yield host


@pytest.fixture
async def cluster(real_node: TestBed) -> AsyncIterator[KubernetesCluster]:
    adapter = KubernetesCluster(real_node.kubeconfig)
    await adapter.start()
    yield adapter
    await adapter.aclose()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("group", GROUPS)
async def test_cases_end_as_declared(
    group: str, real_node: TestBed, cluster: KubernetesCluster, denying: str, measure: Measure
) -> None:
    turn = asyncio.Semaphore(AT_ONCE)

    async def play(case: Case) -> Seen:
        async with turn, rolling_out(case, real_node, cluster, denying=denying, graces=GRACES) as rollout:
            return await rollout.play(seconds=allowed(case) + ENOUGH)

    seen = dict(zip(GROUPS[group], await asyncio.gather(*map(play, GROUPS[group])), strict=True))

    for case, ended in seen.items():
        measure(f"verdict on {case.title}, real cluster", ended.seconds(case))
    wrong = {case.name: how for case, ended in seen.items() if (how := difference(case, ended))}
    assert not wrong


def allowed(case: Case, slowness: float = 1.0) -> float:
    """Seconds the case may take here."""
    return (case.expected.within + (SHORT.total_seconds() if case.expected.grace else 0.0)) * slowness


def slowness(first_took: float) -> float:
    """How many times slower than a quiet machine this one is: by a first rollout of it, and by what waits to run."""
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    return max(1.0, first_took / QUIET, waiting / BUSY)


def difference(case: Case, seen: Seen) -> str:
    """What is not as declared; empty when all is."""
    judged, expected = seen.judged, case.expected
    if judged is None:
        return "was never judged"
    if (judged.verdict or "") != expected.verdict or judged.reason not in {expected.reason, expected.or_reason}:
        return f"{judged.verdict}, {judged.reason}: {judged.sentence}"
    if expected.finding and expected.finding not in {each.reason for each in judged.findings}:
        return f"findings {[each.reason for each in judged.findings]}"
    if seen.seconds(case) > (limit := allowed(case, slowness(seen.first_took))):
        return f"took {seen.seconds(case):.1f} s of {limit:.1f} s"
    return ""
