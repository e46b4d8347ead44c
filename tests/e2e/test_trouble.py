"""What goes wrong around a deploy: a no ends it with a sentence, trouble only delays it, and nothing happens twice."""

import asyncio

import pytest
import pytest_asyncio

from tests.e2e.runner import JSON
from tests.e2e.scenery import app, environment, open_stage
from tests.e2e.stage import Merged, Stage, repository_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG = 30.0

# app → what is wrong in its catalog
MISPLACED: dict[str, JSON] = {
    "nowhere": {"namespace": "no-such-namespace"},
    "unnamed": {"workload": "deployment/no-such-workload"},
    "boxless": {"container": "no-such-container"},
}
# app → the intent's reason, and what the pull request says
REFUSALS: dict[str, tuple[str, list[str]]] = {
    "nowhere": ("namespace_not_found", ["was not deployed", "`no-such-namespace`"]),
    "unnamed": ("workload_not_found", ["was not deployed", "`no-such-workload`", "`unnamed-staging`"]),
    "boxless": ("container_not_found", ["was not deployed", "`no-such-container`", "`web`"]),
    "imageless": ("image_not_found", ["was not deployed", "is not in the registry"]),
    "denied": ("image_forbidden", ["was not deployed", "does not let us read"]),
    "mislabelled": ("revision_mismatch", ["was not deployed", "0123456"]),
    "failing": ("checks_failed", ["not deployed", "`test` failed (1 of 2 checks passed)"]),
    "waiting": ("checks_deadline", ["was not deployed", "gave up waiting for"]),
}
# app → trouble on its way, which has to end in a deploy all the same
GITHUB = {
    "pages": {"kind": "html", "status": 500, "method": "GET", "times": 3},
    "gateway": {"kind": "html", "status": 502, "method": "POST", "times": 2},
    "slowdown": {"kind": "secondary_limit", "status": 403, "retry_after": 1, "method": "POST", "times": 2},
    "toomany": {"kind": "secondary_limit", "status": 429, "retry_after": 1, "method": "GET"},
    "spent": {"kind": "primary_limit", "status": 403, "retry_after": 1, "method": "GET"},
    "young": {"kind": "young_token", "status": 401, "times": 2},
    "garbled": {"kind": "broken_json", "method": "GET", "times": 2},
    "lostcreate": {"kind": "reset_after", "operation": "repos/create-deployment"},
    "loststatus": {"kind": "reset_after", "operation": "repos/create-deployment-status"},
    "lostcomment": {"kind": "reset_after", "operation": "issues/create-comment"},
    "lostcheck": {"kind": "reset_after", "operation": "checks/create"},
    "halfcomment": {"kind": "truncated", "operation": "issues/create-comment"},
    "dropped": {"kind": "reset_before", "method": "POST", "times": 2},
}
CLUSTER = {
    "rotated": {"kind": "status", "verb": "get", "code": 403, "reason": "Forbidden", "message": "no", "count": 1},
    "unwell": {"kind": "status", "verb": "patch", "code": 503, "count": 2},
    "proxied": {"kind": "text", "verb": "patch", "code": 502, "count": 1},
    "abort": {"kind": "abort", "verb": "patch"},
    "abortafter": {"kind": "abort-after", "verb": "patch"},
    "cutwatch": {"kind": "cut", "verb": "watch", "resource": "pods", "count": 2},
}
REGISTRY = {
    "busy": {"status": 429, "retry_after": "1", "times": 2},
    "ill": {"status": 502, "html": True},
    "reset": {"reset": True, "times": 2},
}


def refused(name: str) -> JSON:
    where = environment(f"{name}-staging", workload=name) | MISPLACED.get(name, {})
    return app(name, environments={"staging": where}, image_deadline="1s", checks_deadline="3s")


HOUSE = (
    *map(refused, REFUSALS),
    *map(app, [*GITHUB, *CLUSTER, *REGISTRY]),
    app("barred"),
    app("darkness", image_deadline="1m"),
    app("late"),
    app("shuffled"),
    app("stale"),
    app("forgotten"),
    app("headless", environments={"staging": environment("headless-staging", workload="headless", deploy="on-push")}),
    app("quiet"),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory, app_key):
    folder = tmp_path_factory.mktemp("trouble")
    async with open_stage(folder, *HOUSE, key=app_key, forbidden=("barred-staging",)) as opened:
        yield opened


async def test_what_cannot_be_deployed_is_refused_with_its_reason(stage: Stage):
    await stage.fault("registry", status=401, path="/denied/", times=99)
    before = {name: (await stage.workload(name))["generation"] for name in REFUSALS}

    merged = dict(zip(REFUSALS, await asyncio.gather(*[_refuse(stage, name) for name in REFUSALS]), strict=True))

    said = await asyncio.gather(*[stage.said(merged[name], *words) for name, (_, words) in REFUSALS.items()])
    intents = {each["app"]: (each["state"], each["reason"]) for each in await stage.intents() if each["app"] in merged}
    assert intents == {name: ("refused", reason) for name, (reason, _) in REFUSALS.items()}
    assert all(said)
    for name, one in merged.items():
        assert (await stage.workload(name))["generation"] == before[name], name
        assert [each["conclusion"] for each in await stage.own_checks(one)] == ["failure"], name
        assert await stage.deployments(one) == [], name
    await stage.door.delete("/faults")


async def _refuse(stage: Stage, name: str) -> Merged:
    merged = await stage.merge(name)
    match name:
        case "waiting":
            pass
        case "failing":
            await stage.ci(merged, "fail")
        case "imageless":
            await stage.ci(merged, image="missing")
        case "mislabelled":
            labels = {"org.opencontainers.image.revision": "0123456789" * 4}
            await stage.door.post("/images", repository=name, tag=merged.sha, labels=labels)
            await stage.ci(merged, image="missing")
        case _:
            await stage.ci(merged)
    await stage.until(lambda: stage.own_checks(merged), bool, LONG)
    return merged


@pytest.mark.parametrize(("where", "troubles"), [("github", GITHUB), ("cluster", CLUSTER), ("registry", REGISTRY)])
async def test_trouble_delays_a_deploy_and_doubles_nothing(stage: Stage, where, troubles):
    for name, how in troubles.items():
        at = {"github": {"repository": repository_of(name)}, "registry": {"path": f"/{name}/"}}
        await stage.fault(where, **how, **at.get(where, {"namespace": f"{name}-staging"}))

    merged = await asyncio.gather(*[stage.merge(name) for name in troubles])
    await asyncio.gather(*[stage.ci(one) for one in merged])

    await asyncio.gather(*[stage.deployed_once(one, LONG) for one in merged])
    if where == "github":
        struck = {each["path"].split("/")[2] for each in await stage.door.get("/requests") if each["fault"]}
        assert struck == {f"{name}-org" for name in troubles}
    await stage.door.delete("/faults")


async def test_cluster_that_forbids_is_named_on_the_pull_request_and_left_alone(stage: Stage):
    """Asked again for about a minute, since rights and credentials are mended; the way to the end is a unit test's."""
    merged = await stage.merge("barred")
    await stage.ci(merged)

    await stage.said(merged, "does not allow Greenlane to get deployments.apps in namespace `barred-staging`")

    (intent,) = await stage.intents(merged)
    assert (intent["state"], intent["reason"]) == ("queued", "unreachable")
    assert (await stage.workload("barred"))["generation"] == 1
    assert await stage.deployments(merged) == []


async def test_registry_that_is_down_is_waited_for(stage: Stage):
    await stage.fault("registry", down=True)
    merged = await stage.merge("darkness")
    await stage.ci(merged)
    found = await stage.until(
        lambda: _waiting(stage, merged), lambda seen: seen and "could not be reached" in seen[0]["detail"]
    )
    assert (found[0]["state"], found[0]["reason"]) == ("resolving_image", "unreachable")

    await stage.door.delete("/faults")

    await stage.deployed_once(merged)


async def _waiting(stage: Stage, merged: Merged) -> list[JSON]:
    return [line for line in stage.bot.log("intent_waits") if line["sha"] == merged.sha]


async def test_merge_that_the_api_does_not_know_yet_is_not_lost(stage: Stage):
    await stage.fault("late-truth", what="merge", reads=1)

    merged = await stage.merge("late")
    await stage.ci(merged)

    await stage.deployed(merged)
    assert stage.bot.log("delivery_again")
    await stage.door.delete("/faults")


async def test_shuffled_doubled_and_delayed_webhooks_end_the_same(stage: Stage):
    await stage.fault("webhooks", order="shuffled", concurrency=4, duplicate=1.0, delay=[0, 1], seed=3)

    merged = await stage.merge("shuffled")
    await stage.ci(merged)

    await stage.deployed_once(merged)
    await stage.door.get("/quiet")
    assert [each["state"] for each in await stage.intents(merged)] == ["succeeded"]
    assert [each for each in stage.bot.log("delivery_taken") if each["outcome"] == "repeated"]
    await stage.door.delete("/faults")


async def test_snapshots_in_webhooks_are_never_believed(stage: Stage):
    await stage.fault("webhooks", stale=True)

    merged = await stage.merge("stale")
    await stage.ci(merged)

    await stage.deployed_once(merged)
    await stage.door.delete("/faults")


async def test_own_events_and_strangers_are_stored_and_ignored(stage: Stage):
    merged = await stage.merge("quiet")
    await stage.ci(merged)
    await stage.deployed(merged)
    await stage.door.post("/repos", name="quiet-org/stranger")

    pushed = await stage.door.post("/repos/quiet-org/stranger/pushes", author="alice", files={"a": "1"})
    await stage.door.get("/quiet")

    taken = stage.bot.log("delivery_taken")
    own = [each for each in taken if each["repository"] == merged.repository and each["webhook_event"] == "check_run"]
    assert {each.get("reason", "") for each in own if each["outcome"] == "ignored"} == {"our own check"}
    strange = [each for each in taken if each["repository"] == "quiet-org/stranger"]
    assert [(each["webhook_event"], each["outcome"]) for each in strange if each["webhook_event"] == "push"] == [
        ("push", "ignored")
    ]
    assert {each["reason"] for each in strange} >= {"the repository is not in the catalog"}
    assert pushed["sha"] not in {each["sha"] for each in await stage.intents()}


async def test_lost_webhooks_are_made_up_for_by_the_sweep(stage: Stage):
    """Every webhook is lost: merge, push and checks are found by looking, here at a restart instead of in a minute."""
    await stage.fault("webhooks", lose=1.0)
    merged = await stage.merge("forgotten")
    await stage.ci(merged)
    headed = await stage.merge("headless")
    await stage.ci(headed)

    await stage.bot.restart()

    await asyncio.gather(stage.deployed_once(merged), stage.deployed_once(headed))
    await stage.door.delete("/faults")
