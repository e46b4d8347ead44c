"""What a scene acts and looks through: the sandbox's door, the bot, and the questions every scene asks.

Each app has its own organisation, repository and namespaces, so that scenes on one stage do not meet:
neither at a fault, nor at the pace at which one installation is written to.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.control.stage import Stage as Worlds
from sandbox.demo.door import Door
from tests.contract.validator import ContractValidator
from tests.e2e.runner import JSON, Bot, greenlane

PATIENCE = 20.0

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Merged:
    """A merged pull request of the app `app`; `sha` is the commit it became."""

    app: str
    repository: str
    number: int
    sha: str


def repository_of(name: str) -> str:
    return f"{name}-org/{name}"


@dataclass(kw_only=True)
class Stage:
    """What a scene needs: the door to act through and to read back, the bot, and what it must never violate."""

    door: Door
    bot: Bot
    contract: ContractValidator
    registry: str
    """`host:port`."""
    worlds: Worlds
    """What the door acts on: for acts and looks that are too many to go through it."""

    async def open_pull(self, name: str, *, title: str = "A change", repository: str = "", **more: Any) -> int:
        repository = repository or repository_of(name)
        branch = f"branch-{time.monotonic_ns()}"
        body = {"head": branch, "author": "alice", "files": {f"{branch}.py": "1\n"}} | more
        opened = await self.door.post(f"/repos/{repository}/pulls", title=title, **body)
        return int(opened["number"])

    async def merge(self, name: str, *, method: str = "merge", repository: str = "", **more: Any) -> Merged:
        """A pull request is opened by alice and merged by bob; its CI has not said anything yet."""
        repository = repository or repository_of(name)
        number = await self.open_pull(name, repository=repository, **more)
        done = await self.door.post(f"/repos/{repository}/pulls/{number}/merge", by="bob", method=method)
        return Merged(app=name, repository=repository, number=number, sha=done["merge_commit_sha"])

    async def ci(self, merged: Merged, result: str = "pass", **more: Any) -> None:
        """CI of the merged commit: pushes the image, then reports its checks."""
        await self.door.post(f"/repos/{merged.repository}/pulls/{merged.number}/ci", result=result, **more)

    async def fault(self, where: str, **how: Any) -> None:
        await self.door.post("/faults", where=where, **how)

    async def until(self, look: Callable[[], Awaitable[T]], holds: Callable[[T], Any], seconds: float = PATIENCE) -> T:
        """The first look that holds. Fails with what was seen last."""
        deadline = time.monotonic() + seconds
        while not holds(seen := await look()):
            assert time.monotonic() < deadline, f"not within {seconds:g} s; last seen: {seen}"
            await asyncio.sleep(0.05)
        return seen

    async def deployments(self, merged: Merged) -> list[JSON]:
        """GitHub's deployments of the merged commit."""
        everything = await self.door.get(f"/repos/{merged.repository}/deployments")
        return [each for each in everything if each["sha"] == merged.sha]

    async def deployed(
        self, merged: Merged, *, state: str = "success", times: int = 1, seconds: float = PATIENCE
    ) -> list[JSON]:
        """The commit's deployments once so many, and all there are, are in that state; their check runs are there."""

        async def look() -> tuple[list[JSON], list[JSON]]:
            return await self.deployments(merged), await self.own_checks(merged)

        def holds(seen: tuple[list[JSON], list[JSON]]) -> bool:
            found, checks = seen
            return min(len(found), len(checks)) >= times and all(each["state"] == state for each in found)

        return (await self.until(look, holds, seconds))[0]

    async def own_checks(self, merged: Merged) -> list[JSON]:
        """The bot's check runs on the commit, repeated ones included."""
        runs = await self.door.get(f"/repos/{merged.repository}/check-runs")
        return [each for each in runs if each["sha"] == merged.sha and each["name"].startswith("greenlane / ")]

    async def bot_comments(self, merged: Merged) -> list[str]:
        """Texts of the bot's comments on the pull request, oldest first."""
        pull = await self.door.pull(merged.repository, merged.number)
        return [each["body"] for each in pull["comments"] if each["is_bot"]]

    async def said(self, merged: Merged, *words: str, seconds: float = PATIENCE) -> str:
        """The bot's comments once they have all the words, in one text."""

        async def look() -> str:
            return "\n".join(await self.bot_comments(merged))

        return await self.until(look, lambda text: all(word in text for word in words), seconds)

    async def workload(self, name: str, where: str = "staging") -> JSON:
        """`image`, `generation`, `annotations` of an app's workload in an environment's namespace."""
        objects = await self.door.get(f"/cluster/{name}-{where}")
        found = next(each for each in objects["deployments"] if each["metadata"]["name"] == name)
        image = found["spec"]["template"]["spec"]["containers"][0]["image"]
        about = found["metadata"]
        return {"image": image, "generation": about["generation"], "annotations": about.get("annotations", {})}

    async def writes(self, repository: str) -> list[str]:
        """Operations by which the bot changed something people see."""
        written = await self.door.get("/requests?writes=1")
        return [each["operation"] for each in written if f"/repos/{repository}/" in each["path"]]

    async def intents(self, merged: Merged | None = None) -> list[JSON]:
        """`greenlane intents --json`, of one commit or all."""
        code, out, error = await greenlane("intents", "--json", settings=self.bot.settings)
        assert code == 0, error
        found: list[JSON] = json.loads(out)
        return [each for each in found if merged is None or each["sha"] == merged.sha]

    async def deployed_once(self, merged: Merged, seconds: float = PATIENCE) -> None:
        """To its end, by one patch, one deployment without a status said twice, one check run, one comment."""
        (deployment,) = await self.deployed(merged, seconds=seconds)
        await self.said(merged, "✅ deployed", seconds=seconds)
        states = [each["state"] for each in deployment["statuses"]]
        assert states in (["in_progress", "success"], ["success"]), (merged.app, states)
        assert [each["conclusion"] for each in await self.own_checks(merged)] == ["success"], merged.app
        assert len(await self.bot_comments(merged)) == 1, merged.app
        workload = await self.workload(merged.app)
        assert workload["image"].startswith(f"{self.registry}/{merged.app}:{merged.sha}@sha256:"), merged.app
        assert workload["generation"] == 2, merged.app
