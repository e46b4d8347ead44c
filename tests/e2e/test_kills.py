"""The bot is killed at every step and started again: each effect is there exactly once, and nothing is lost.

One bot is held at a different step of each app by a fault, then killed once: its next life has to mend all of it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from tests.e2e.runner import JSON
from tests.e2e.scenery import app, open_stage
from tests.e2e.stage import Merged, Stage, repository_of

HELD = 13.0
"""Seconds a fault holds an answer back: the kill comes before."""
LONG = 45.0

At = Callable[[Stage, str], Awaitable[object]]


def github(operation: str, kind: str = "delay") -> JSON:
    """`delay`: the effect happens, after the kill; `hang`: it never does."""
    return {"where": "github", "kind": kind, "operation": operation, "seconds": HELD}


def patching(kind: str) -> JSON:
    return {"where": "cluster", "kind": kind, "verb": "patch", "seconds": HELD}


def asks(operation: str) -> At:
    """The bot's request has arrived at GitHub, and hangs there."""

    async def at(stage: Stage, name: str) -> None:
        async def look() -> list[JSON]:
            requests = await stage.door.get("/requests")
            return [each for each in requests if f"/{name}-org/" in each["path"] and each["fault"]]

        found = await stage.until(look, bool)
        assert found[0]["operation"] == operation

    return at


def says(event: str, **facts: str) -> At:
    """The bot has logged that of the app."""

    async def at(stage: Stage, name: str) -> None:
        async def look() -> list[JSON]:
            lines = stage.bot.log(event)
            return [each for each in lines if f"/{name}-staging/" in each["target"] and facts.items() <= each.items()]

        await stage.until(look, bool)

    return at


async def is_patched(stage: Stage, name: str) -> None:
    await stage.until(lambda: stage.workload(name), lambda seen: seen["generation"] == 2)


def has(what: str) -> At:
    """GitHub has it, though the bot, killed before the answer, does not know."""

    async def look(stage: Stage, name: str) -> int:
        found = await stage.door.get(f"/repos/{repository_of(name)}/{what.removesuffix('/statuses')}")
        match what:
            case "comments":
                return sum(each["is_bot"] for each in found)
            case "check-runs":
                return sum(each["by"] == "greenlane" for each in found)
            case "deployments/statuses":
                return sum(len(each["statuses"]) for each in found)
            case _:
                return len(found)

    async def at(stage: Stage, name: str) -> None:
        await stage.until(lambda: look(stage, name), bool)

    return at


@dataclass(frozen=True, kw_only=True)
class Kill:
    """Where the bot is held by `fault`, and how that is seen; `meanwhile` is seen between its death and next life."""

    at: At
    fault: JSON = field(default_factory=dict)
    meanwhile: At | None = None
    ci_while_dead: bool = False
    image: str = "ok"


COMPARE = "repos/compare-commits-with-basehead"
# Those that do not stand still come last.
STEPS = {
    "stored": Kill(fault=github("pulls/get"), at=asks("pulls/get")),
    "waiting": Kill(at=says("intent_waits", state="waiting_checks"), ci_while_dead=True),
    "checking": Kill(fault=github("checks/list-for-ref"), at=asks("checks/list-for-ref")),
    "resolved": Kill(fault=github(COMPARE), at=asks(COMPARE)),
    "unpatched": Kill(fault=patching("slow"), at=says("intent_moved", state="rolling_out")),
    "patched": Kill(fault=patching("abort-after"), at=is_patched),
    "rolling": Kill(at=is_patched, image="slow"),
}
WRITES = {
    "createdeployment": Kill(
        fault=github("repos/create-deployment"),
        at=asks("repos/create-deployment"),
        meanwhile=has("deployments"),
    ),
    "nodeployment": Kill(fault=github("repos/create-deployment", "hang"), at=asks("repos/create-deployment")),
    "status": Kill(
        fault=github("repos/create-deployment-status"),
        at=asks("repos/create-deployment-status"),
        meanwhile=has("deployments/statuses"),
    ),
    "comment": Kill(fault=github("issues/create-comment"), at=asks("issues/create-comment"), meanwhile=has("comments")),
    "edit": Kill(fault=github("issues/update-comment", "hang"), at=asks("issues/update-comment")),
    "checkrun": Kill(fault=github("checks/create"), at=asks("checks/create"), meanwhile=has("check-runs")),
}


@pytest.mark.parametrize("kills", [STEPS, WRITES], ids=["steps", "writes"])
async def test_kill_and_restart_loses_and_doubles_nothing(tmp_path, app_key, kills):
    async with open_stage(tmp_path, *map(app, kills), key=app_key) as stage:
        merged = {name: await _hold(stage, name, kill) for name, kill in kills.items()}

        await stage.bot.kill()
        await asyncio.gather(*[kill.meanwhile(stage, name) for name, kill in kills.items() if kill.meanwhile])
        for name, kill in kills.items():
            if kill.ci_while_dead:
                await stage.ci(merged[name])
        await stage.door.delete("/faults")
        await stage.bot.start()

        await asyncio.gather(*[stage.deployed_once(one, LONG) for one in merged.values()])
        intents = await stage.intents()
        assert {each["app"]: each["state"] for each in intents} == dict.fromkeys(kills, "succeeded")
        assert len(intents) == len(kills)


async def test_stop_in_the_middle_of_a_rollout_is_quick_and_clean(tmp_path, app_key):
    async with open_stage(tmp_path, app("slow"), key=app_key) as stage:
        merged = await _hold(stage, "slow", STEPS["rolling"])

        seconds = await stage.bot.stop()
        await stage.bot.start()

        assert seconds < 5
        assert not [line for line in stage.bot.log() if line["level"] == "error"]
        await stage.deployed_once(merged)


async def _hold(stage: Stage, name: str, kill: Kill) -> Merged:
    """Bring the app to its step."""
    if kill.fault:
        where = {"github": {"repository": repository_of(name)}, "cluster": {"namespace": f"{name}-staging"}}
        await stage.fault(**kill.fault, **where[kill.fault["where"]])
    merged = await stage.merge(name, image=kill.image)
    if name == "edit":
        await stage.said(merged, "waiting for")  # the comment is there, so that the end is an edit
    if not kill.ci_while_dead:
        await stage.ci(merged)
    await kill.at(stage, name)
    return merged
