"""Plays many scenarios on one stage at once, then holds the audit and the intents against the tables."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from sandbox.github import Mode, World
from tests.e2e.runner import JSON, greenlane
from tests.e2e.scenery import app, environment, open_stage
from tests.e2e.stage import Stage, repository_of
from tests.scenarios.row import House, Scenario
from tests.scenarios.scene import EVERYBODY, Gates, Log, Scene

SETTLED_WITHIN = 45.0
LONGEST = 3000
"""Characters told of what was wrong with one scenario."""
ENVIRONMENTS: dict[str, JSON] = {"staging": {"deploy": "on-merge"}, "production": {"deploy": "on-command"}}


async def play(scenarios: Sequence[Scenario], *, folder: Path, key: str) -> list[str]:
    """Every scenario to its end; what was not as its row says, one text each."""
    async with _stage(scenarios, folder, key) as stage:
        scenes = _scenes(scenarios, stage)
        played = await asyncio.gather(*[_play(one, scenes[one.name]) for one in scenarios], return_exceptions=True)
        wrong = {one.name: str(error) for one, error in zip(scenarios, played, strict=True) if error}
        wrong |= await _account(stage, [one for one in scenarios if one.name not in wrong], scenes)
        return [f"{name}: {text[:LONGEST]}" for name, text in wrong.items()]


async def _play(one: Scenario, scene: Scene) -> None:
    for number, act in enumerate(one.acts, 1):
        try:
            await act.do(scene)
        except Exception as error:
            await _give_way(scene)
            said = [body for tag in scene.pulls for body in scene.from_bot(tag)]
            where = f"act {number} of {len(one.acts)}, {act.name}"
            raise AssertionError(f"{where}: {error!r}; the bot said: {said[-3:]}") from error


async def _give_way(scene: Scene) -> None:
    """The others do not wait for a scenario that has failed."""
    await scene.gates.dies.abort()
    await scene.gates.lives.abort()


def _scenes(scenarios: Sequence[Scenario], stage: Stage) -> dict[str, Scene]:
    log = Log(stage.bot.folder / f"{stage.bot.name}.log")
    waiting = sum(any(act.name == "the bot dies" for act in one.acts) for one in scenarios)
    gates = Gates(dies=_Deed(waiting, stage.bot.kill), lives=_Deed(waiting, lambda: _again(stage, scenarios)))
    return {one.name: Scene(stage=stage, log=log, app=one.name, house=one.house, gates=gates) for one in scenarios}


class _Deed(asyncio.Barrier):
    """A barrier at which the last to arrive does something before all go on."""

    def __init__(self, parties: int, deed: Any) -> None:
        super().__init__(max(1, parties))
        self._deed = deed

    async def wait(self) -> int:
        number = await super().wait()
        if number == 0:
            await self._deed()
        return await super().wait()


async def _again(stage: Stage, scenarios: Sequence[Scenario]) -> None:
    _write_catalog(stage, [(one.name, one.later or one.house) for one in scenarios])
    await stage.bot.start()


@asynccontextmanager
async def _stage(scenarios: Sequence[Scenario], folder: Path, key: str) -> AsyncIterator[Stage]:
    apps = [each for one in scenarios for each in _apps(one.name, one.house).values()]
    async with open_stage(folder, *apps, key=key, bot_starts=False) as stage:
        world = stage.worlds.world
        world.hooks.mode = Mode(concurrency=4)
        for one in scenarios:
            _people(world, one)
        _write_catalog(stage, [(one.name, one.house) for one in scenarios])
        await stage.bot.start()
        yield stage


def _apps(name: str, house: House) -> dict[str, JSON]:
    """The catalog's apps of a scenario."""
    changes = {"staging": house.staging, "production": house.production}
    places = {
        where: environment(f"{name}-{where}", workload=name, **(ENVIRONMENTS[where] | change))
        for where, change in changes.items()
        if change is not None
    }
    found = {name: app(name, environments=places, **house.app)}
    if house.second is not None:
        other = f"{name}-two"
        only = {"staging": environment(f"{other}-staging", workload=other, **(ENVIRONMENTS["staging"] | house.second))}
        found[other] = app(other, repository=repository_of(name), environments=only)
    return found


def _people(world: World, one: Scenario) -> None:
    """carol may write and is in no team, mallory may read; everybody else may write and is in `crew`."""
    repository = world.repository(repository_of(one.name))
    crew = world.add_team(repository.owner.login, "crew")
    for alias in (*EVERYBODY, *one.house.people):
        user = world.add_user(f"{one.name}-{alias}")
        world.add_member(crew.org, user)
        world.grant(repository, user, "read" if alias == "mallory" else "write")
        if alias not in ("carol", "mallory"):
            world.join_team(crew, user)


def _write_catalog(stage: Stage, houses: Sequence[tuple[str, House]]) -> None:
    teams: JSON = {}
    top: JSON = {}
    for name, house in houses:
        teams[name] = _team(stage, name, house)
        top |= house.top
    text = json.dumps({"version": 1, **top, "teams": teams}, indent=1)
    (stage.bot.folder / "catalog.yaml").write_text(text.replace("REGISTRY", stage.registry))


def _team(stage: Stage, name: str, house: House) -> JSON:
    text = json.dumps({"github": "TEAM/crew", **house.team, "apps": _apps(name, house)}).replace(
        "TEAM/", f"{name}-org/"
    )
    made: JSON = json.loads(re.sub(r'"ID:([a-z]+)"', lambda found: _id(stage, name, found[1]), text))
    return made


def _id(stage: Stage, name: str, alias: str) -> str:
    return str(stage.worlds.world.user(f"{name}-{alias}").id)


async def _account(stage: Stage, scenarios: Sequence[Scenario], scenes: dict[str, Scene]) -> dict[str, str]:
    """What the audit and the list of intents have to say, once they say it; else what they said last."""
    deadline = time.monotonic() + SETTLED_WITHIN
    while True:
        audit, intents = await _listed(stage, "audit"), await _listed(stage, "intents")
        waited = (
            {line["reason"] for line in scenes[scenarios[0].name].log.lines("intent_waits")} if scenarios else set()
        )
        wrong = {
            one.name: text for one in scenarios if (text := _differences(one, scenes[one.name], audit, intents, waited))
        }
        if not wrong or time.monotonic() > deadline:
            return wrong


async def _listed(stage: Stage, what: str) -> list[JSON]:
    code, out, error = await greenlane(what, "--json", "--limit", "10000", settings=stage.bot.settings)
    assert code == 0, error
    found: list[JSON] = json.loads(out)
    return found[::-1]


def _differences(one: Scenario, scene: Scene, audit: Sequence[JSON], intents: Sequence[JSON], besides: set[str]) -> str:
    commands = [each for each in audit if each["repository"] == scene.name and each["verb"] not in ("merge", "push")]
    wishes = [each for each in intents if each["repository"] == scene.name]
    decided = [[each["verb"], each["reason"] or each["decision"]] for each in commands]
    became = [
        [word for word in (each["kind"], scene.named(each["sha"]), each["state"], each["reason"]) if word]
        for each in wishes
    ]
    wanted = [[*words, "finished"] if words[2:] == ["succeeded"] else words for words in one.wishes]
    said = {words[1] for words in decided} | {each["reason"] for each in wishes} | besides
    parts = []
    if one.audit is not None and decided != one.commands:
        parts.append(f"the audit has {_told(decided)}, not {one.audit!r}")
    if one.intents is not None and became != wanted:
        parts.append(f"the intents are {_told(became)}, not {one.intents!r}")
    if one.codes - said:
        parts.append(f"nothing has {sorted(one.codes - said)}")
    return "; ".join(parts)


def _told(rows: Sequence[Sequence[str]]) -> str:
    runs = [(words, len(list(same))) for words, same in groupby(rows)]
    return repr(" · ".join(" ".join(words) + (f" x{times}" if times > 1 else "") for words, times in runs))
