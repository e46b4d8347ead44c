"""`/status` and `/why` while something does not answer: everything else is told, in bounded time."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.engine.commands import telling
from bot.report.answers import reply_marker
from tests.component.engine.rig import TWO_PLACES, Rig
from tests.component.engine.test_commands_rollback import answer, release
from tests.conftest import Clock
from tests.fakes.clusters import FakeClusters


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "PATIENCE", timedelta(milliseconds=200))


async def hang(*_: object, **__: object) -> Any:
    await asyncio.Event().wait()


async def test_a_cluster_that_hangs_keeps_back_nothing_of_the_others(desk: Rig) -> None:
    await release(desk, "a")
    desk.production.read = hang  # type: ignore[method-assign]

    async with asyncio.timeout(5):
        await desk.comment(1, "/status")

    said = await answer(desk)
    assert "healthy, 2 of 2 pods available" in said
    assert "**production**: nothing deployed by Greenlane yet" in said


async def test_what_hangs_is_told_as_not_answered_and_all_of_it_together_takes_the_patience_once(desk: Rig) -> None:
    await release(desk, "a")
    await desk.comment(1, "/deploy production")
    await desk.pass_time(40)
    desk.cluster.read = desk.production.read = hang  # type: ignore[method-assign]
    began = asyncio.get_running_loop().time()

    await desk.comment(1, "/status")

    assert (await answer(desk)).count("the cluster did not answer in time") == 2
    assert asyncio.get_running_loop().time() - began < 2 * telling.PATIENCE.total_seconds() + 1


async def test_why_asks_no_cluster_and_leaves_out_what_github_does_not_say(sqlite: Any, clock: Clock) -> None:
    text = TWO_PLACES.replace("deploy: on-merge}", "deploy: on-merge, approvals: 1}")
    rig = Rig(database=sqlite, clock=clock, catalog_text=text, clusters=FakeClusters())
    rig.let_people_in()
    await rig.merge(1, "a")
    await rig.checks("a", build="success", test="success")
    rig.github.approvals = hang  # type: ignore[method-assign]
    rig.cluster.read = hang  # type: ignore[method-assign]

    async with asyncio.timeout(5):
        await rig.comment(1, "/why", settle=False)
        await rig.run("deliveries")
        await rig.run("outbox")

    said = rig.github.comments[reply_marker((await rig.decided()).id)]
    assert "`aaaaaaa`: queued (#1)" in said
