"""Older versions, hanging answers and slow rollouts: what must not happen in between."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.intent import State
from bot.domain.workload import Observation
from bot.engine.outcome import CatalogRow
from bot.engine.steps import queue, rollout
from tests.component.engine.rig import Rig
from tests.factories import CATALOG, sha
from tests.fakes.registry import digest

SOAK = 40


async def deploy(rig: Rig, number: int, letter: str) -> None:
    await rig.merge(number, letter)
    await rig.checks(letter, build="success", test="success")
    await rig.pass_time(SOAK)


async def test_an_older_merge_does_not_overwrite_what_ran_before_a_head_that_was_tried(desk: Rig) -> None:
    await desk.merge(12, "a")
    await desk.checks("a", build="failure", test="success")
    await deploy(desk, 13, "b")
    await desk.open_pull(14, "e")
    desk.registry.push(sha("e"))
    desk.github.set_checks(sha("e"), build="success", test="success")
    await desk.comment(14, f"/deploy staging {sha('e')}")
    await desk.pass_time(SOAK)
    await desk.checks("a", build="success", test="success")
    await desk.pass_time(SOAK)

    assert [intent.state for intent in await desk.intents()] == [State.SUPERSEDED, State.SUCCEEDED, State.SUCCEEDED]


async def test_a_deploy_that_came_in_between_is_seen_in_the_transaction_that_starts(rig: Rig) -> None:
    await deploy(rig, 12, "a")
    await rig.merge(13, "b")
    ours = (await rig.intents())[-1]
    app = rig.tools.catalog.apps[0]
    workload = await rig.cluster.read(ours.target)
    move = queue.start(
        rig.tools,
        CatalogRow(app=app, environment=app.environments[0]),
        ours,
        workload,
        endings=(),
        present="",
        before=None,  # when it was read, nobody had been there
    )

    assert move.unless is not None
    async with rig.database.begin() as connection:
        assert await move.unless(connection) == queue.RACE


@pytest.mark.parametrize("step", [60, 400])
async def test_a_rollout_that_goes_on_has_its_time_anew(rig: Rig, step: int) -> None:
    await rig.merge(12, "a")
    real = rig.cluster.observe
    ready = 0

    async def growing(target: object) -> Observation:
        seen = await real(target)
        assert seen.workload is not None
        pods = tuple(
            replace(
                pod,
                ready=index < ready,
                containers=tuple(replace(one, ready=index < ready, running=True) for one in pod.containers),
            )
            for index, pod in enumerate(replace(seen.pods[0], name=f"p{number:02}") for number in range(20))
        )
        workload = replace(
            seen.workload, replicas=20, status_replicas=20, updated_replicas=20, available_replicas=ready
        )
        return Observation(workload=workload, revisions=seen.revisions, pods=pods)

    rig.cluster.observe = growing
    await rig.checks("a", build="success", test="success")
    for _ in range(8):
        ready += 2
        await rig.pass_time(step, step=20)

    assert (await rig.only()).state is State.ROLLING_OUT


async def test_logs_that_hang_do_not_hold_up_the_verdict(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "LOG_PATIENCE", 0.01)

    async def never(*_: object, **__: object) -> list[str]:
        await asyncio.sleep(3600)
        return []

    rig.cluster.last_log_lines = never
    rig.cluster.crashing.add(sha("a"))
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")

    intent = await rig.only()
    assert (intent.state, intent.reason) == (State.FAILED, "crash_loop")


async def test_what_failed_and_was_kept_proves_itself_when_it_is_deployed_again(desk: Rig) -> None:
    keep = CATALOG.replace("deploy: on-merge", "deploy: on-merge, on_failure: keep")
    rig = Rig(database=desk.database, clock=desk.clock, catalog_text=keep, github=desk.github)
    rig.cluster.crashing.add(sha("a"))
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")
    rig.cluster.crashing.clear()
    rig.cluster.ready_at = rig.clock()
    await rig.comment(12, "/deploy staging")
    await rig.pass_time(5)
    soaking = (await rig.intents())[-1]
    await rig.pass_time(SOAK)

    assert (soaking.state, soaking.reason) == (State.ROLLING_OUT, "soaking")
    assert (await rig.intents())[-1].state is State.SUCCEEDED


async def test_a_build_over_the_same_platform_image_may_be_named_by_the_index_before(rig: Rig) -> None:
    platform = "sha256:" + "5" * 64
    real = rig.registry.resolve

    async def resolve(*, repository: str, tag: str):  # type: ignore[no-untyped-def]
        return replace(await real(repository=repository, tag=tag), platform_digests=frozenset({platform}))

    rig.registry.resolve = resolve
    await deploy(rig, 12, "a")
    await rig.merge(13, "b")
    await rig.checks("b", build="success", test="success")

    assert digest(sha("a")) in (await rig.intents())[-1].accepted_digests


async def test_what_waits_for_people_asks_nobody_meanwhile(desk: Rig) -> None:
    await desk.merge(12, "a")
    await desk.comment(12, "/hold staging")
    await desk.checks("a", build="success", test="success")
    before = desk.github.asked
    await desk.pass_time(timedelta(hours=1).total_seconds(), step=60)

    assert desk.github.asked - before <= 6
