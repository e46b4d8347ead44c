"""The whole mission on real parts: a person merges, CI turns green, and a real container with the new code answers."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from tests.cluster.ground import real_ground
from tests.e2e.scenery import app, environment, open_stage_on
from tests.e2e.stage import Merged, Stage
from tests.e2e.timing import heard_green
from tests.measured import Measure
from tests.testbed.bed import TestBed
from tests.testbed.fixtures import need
from tests.testbed.needs import missing_for_real_containers

pytestmark = [pytest.mark.cluster, pytest.mark.asyncio(loop_scope="module")]

PATIENCE = 60.0
REPLICAS = 2


def on_real_node(name: str, **more: Any) -> Any:
    staging = environment(f"{name}-staging", workload=name, soak="2s")
    return app(name, environments={"staging": staging}, **more)


APPS = (
    on_real_node("checkout"),
    on_real_node("crashing"),
    on_real_node("lost", image_deadline="3s"),
    on_real_node("undone"),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(testbed: TestBed, app_key: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Four apps, whose version 1 runs in real containers; what GitHub is asked and tells is held to its contract."""
    need(missing_for_real_containers())
    folder = tmp_path_factory.mktemp("mission")
    async with (
        real_ground(testbed, *APPS) as ground,
        open_stage_on(ground, folder, *APPS, key=app_key) as opened,
    ):
        for one in ("checkout", "crashing", "lost", "undone"):
            await answers(opened, one, "v1")
        yield opened


async def test_merge_ends_in_a_real_container_that_answers_with_the_new_code(stage: Stage, measure: Measure) -> None:
    before = await stage.workload("checkout")
    merged = await stage.merge("checkout")
    await stage.door.post("/images", repository="checkout", tag=merged.sha)
    await report(stage, merged, "build")
    await stage.said(merged, "deploys here once its checks pass", "waiting for `test`")
    await answers(stage, "checkout", "v1")

    await report(stage, merged, "test")
    await answers(stage, "checkout", merged.sha[:7])
    (deployment,) = await stage.deployed(merged, seconds=PATIENCE)
    reported = datetime.now(UTC)

    await stage.said(merged, "**staging**", "✅", "2 of 2 new pods ready", merged.sha[:7])
    await answers(stage, "checkout", merged.sha[:7])
    assert [each["state"] for each in deployment["statuses"]].count("success") == 1
    assert [each["conclusion"] for each in await stage.own_checks(merged)] == ["success"]
    assert len(written := await stage.writes(merged.repository)) <= 6, written
    await assert_is_told_in_the_cluster(stage, merged, before)
    green = (await heard_green(stage))[merged.sha]
    patched = datetime.fromisoformat((await stage.intents(merged))[0]["patched_at"])
    measure("last check green to patch, real cluster", (patched - green).total_seconds())
    measure("last check green to success on GitHub (soak 2 s), real cluster", (reported - green).total_seconds())


async def test_crash_at_start_is_told_with_code_and_last_line_while_old_pods_serve(stage: Stage) -> None:
    merged = await stage.merge("crashing", image="crash-at-start")

    await stage.ci(merged)
    await stage.deployed(merged, state="failure", seconds=PATIENCE)

    await stage.said(merged, "exits with code 3", "fatal: cannot reach database at db:5432")
    assert [each["conclusion"] for each in await stage.own_checks(merged)] == ["failure"]
    assert [(each["state"], each["sha"]) for each in await stage.intents(merged)] == [("failed", merged.sha)]
    await answers(stage, "crashing", "v1")


async def test_release_that_crashes_is_taken_back_and_automation_held(stage: Stage, measure: Measure) -> None:
    good = await stage.merge("undone")
    await stage.ci(good)
    await stage.deployed(good, seconds=PATIENCE)
    bad = await stage.merge("undone", image="crash-at-start")
    await stage.ci(bad)

    await stage.deployed(bad, state="failure", seconds=PATIENCE)
    await stage.said(bad, "did not start", "exits with code 3", "is back on", good.sha[:7], "/resume staging")
    await answers(stage, "undone", good.sha[:7])

    rollback, failed = [each for each in await stage.intents() if each["app"] == "undone"][:2]
    assert (rollback["kind"], rollback["state"], rollback["sha"]) == ("rollback", "succeeded", good.sha)
    assert (failed["state"], failed["reason"], failed["sha"]) == ("failed", "crash_loop", bad.sha)
    assert rollback["undoes"] == failed["id"]
    patched, ended = (datetime.fromisoformat(failed[name]) for name in ("patched_at", "updated_at"))
    measure("patch to the verdict of a crash at start, real cluster", (ended - patched).total_seconds())
    back = datetime.fromisoformat(rollback["updated_at"])
    measure("verdict to back on the last release (soak 2 s), real cluster", (back - ended).total_seconds())


async def test_missing_image_is_refused_before_the_cluster_is_touched(stage: Stage) -> None:
    before = await stage.workload("lost")
    merged = await stage.merge("lost", image="missing")

    await stage.ci(merged)
    await stage.said(merged, f"lost:{merged.sha}", "not deployed", "not in the registry", seconds=PATIENCE)

    assert await stage.workload("lost") == before
    assert [each["state"] for each in await stage.intents(merged)] == ["refused"]
    assert await stage.deployments(merged) == []
    await answers(stage, "lost", "v1")


async def report(stage: Stage, merged: Merged, check: str) -> None:
    body = {"sha": merged.sha, "name": check, "conclusion": "success"}
    await stage.door.post(f"/repos/{merged.repository}/checks", **body)


async def assert_is_told_in_the_cluster(stage: Stage, merged: Merged, before: Any) -> None:
    """The object says who deployed what and why, and runs the digest that the registry holds."""
    after = await stage.workload(merged.app)
    (intent,) = await stage.intents(merged)
    (pushed,) = [each for each in await stage.door.get("/images") if each["tag"] == merged.sha]
    assert after["generation"] == before["generation"] + 1
    assert after["image"] == f"{stage.registry}/{merged.app}:{merged.sha}@{pushed['digest']}"
    assert {name: value for name, value in after["annotations"].items() if name.startswith("greenlane.dev/")} == {
        "greenlane.dev/intent": str(intent["id"]),
        "greenlane.dev/commit": merged.sha,
        "greenlane.dev/pull-request": f"{merged.repository}#{merged.number}",
        "greenlane.dev/deployed-by": "bob",
    }


async def answers(stage: Stage, name: str, version: str) -> None:
    """Returns when all ready pods of an app, as many as it should have, answer over HTTP with that version."""

    async def look() -> list[str]:
        return await asyncio.gather(*(asyncio.to_thread(_ask, address) for address in await _addresses(stage, name)))

    await stage.until(look, lambda seen: seen == [version] * REPLICAS, PATIENCE)


async def _addresses(stage: Stage, name: str) -> Sequence[str]:
    pods = (await stage.door.get(f"/cluster/{name}-staging"))["pods"]
    ready = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"] and _is_ready(pod)]
    return [f"http://{pod['status']['podIP']}:8080/" for pod in ready]


def _is_ready(pod: Any) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _ask(address: str) -> str:
    """The version a container says it is; why it could not be asked where it has just left."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=5) as answer:
            return str(json.load(answer)["version"])
    except OSError as error:
        return str(error)
