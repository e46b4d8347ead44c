"""Four merges: one that goes well and three that do not, each told step by step through the door."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.demo.door import Door, TooLateError

JSON = dict[str, Any]

REPOSITORY = "acme/checkout"
STAGING = "payments-staging"
WORKLOAD = "checkout"
ENVIRONMENT = "staging"
CHECK = f"greenlane / {ENVIRONMENT}"


class UnmetError(Exception):
    """A step of a story did not hold; the text says what was seen."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """`seconds` is how long it took."""

    story: str
    says: str
    holds: bool
    seconds: float
    seen: str = ""


@dataclass(kw_only=True)
class Teller:
    """Runs a story's steps, tells each as it ends, and keeps them."""

    door: Door
    tell: Callable[[Step], None]
    patience: float
    steps: list[Step] = field(default_factory=list)
    story: str = ""

    async def step(self, says: str, does: Awaitable[Any]) -> Any:
        """Raises `UnmetError` after telling it, so that the story ends there."""
        begin = time.monotonic()
        try:
            result = await does
        except (UnmetError, TooLateError) as error:
            self._keep(says, holds=False, begin=begin, seen=str(error))
            raise UnmetError(says) from error
        self._keep(says, holds=True, begin=begin)
        return result

    def _keep(self, says: str, *, holds: bool, begin: float, seen: str = "") -> None:
        taken = round(time.monotonic() - begin, 2)
        step = Step(story=self.story, says=says, holds=holds, seconds=taken, seen=seen)
        self.steps.append(step)
        self.tell(step)


async def merged_and_rolled_out(teller: Teller, number: int) -> None:
    before = await teller.step("version 1 runs in staging", _all_ready(teller))
    sha = await _merge(teller, number, "merge")
    await teller.step("CI passes on the merged commit, its image is pushed", _ci(teller.door, number, "pass"))
    await teller.step("Kubernetes runs the new image in new pods", _new_pods(teller, sha, before))
    await teller.step("the deployment on GitHub says success", _deployment(teller, number, {"success"}))
    await teller.step(f"the check run {CHECK!r} is green", _check(teller, number, "success"))
    await teller.step("the bot's comment says that it is deployed", _comment(teller, number, [sha[:7], "deployed"]))


async def failing_check_deploys_nothing(teller: Teller, number: int) -> None:
    before = await _runs(teller.door)
    await _merge(teller, number, "squash")
    await teller.step("CI fails on the merged commit", _ci(teller.door, number, "fail"))
    await teller.step("the comment names the failing check", _comment(teller, number, ["test", "fail"]))
    await teller.step("the cluster was not touched", _untouched(teller.door, before))


async def missing_image_is_refused(teller: Teller, number: int) -> None:
    before = await _runs(teller.door)
    sha = await _merge(teller, number, "rebase")
    await teller.step("CI says green, but pushed no image", _ci(teller.door, number, "pass"))
    told = _comment(teller, number, [f"checkout:{sha}", "not deployed", "not in the registry"])
    await teller.step("the comment says which image does not exist", told)
    await teller.step("the cluster was not touched", _untouched(teller.door, before))


async def crashing_image_is_explained(teller: Teller, number: int) -> None:
    await _merge(teller, number, "merge")
    await teller.step("CI passes, and the image crashes at start", _ci(teller.door, number, "pass"))
    told = _comment(teller, number, ["exit", "3", "cannot reach database"])
    await teller.step("the pull request shows exit code 3 and the last log line", told)
    await teller.step("the deployment on GitHub says failure", _deployment(teller, number, {"failure", "error"}))
    await teller.step(f"the check run {CHECK!r} is red", _check(teller, number, "failure"))


STORIES: Mapping[str, tuple[str, Callable[[Teller, int], Awaitable[None]]]] = {
    "a": ("merge, checks green, rolled out", merged_and_rolled_out),
    "b": ("merge with a failing check: nothing is deployed", failing_check_deploys_nothing),
    "c": ("an image that does not exist: refused before the cluster is touched", missing_image_is_refused),
    "d": ("an image that crashes: failed, with the reason", crashing_image_is_explained),
}


async def _merge(teller: Teller, number: int, method: str) -> str:
    title = (await teller.door.pull(REPOSITORY, number))["title"]
    call = teller.door.post(f"/repos/{REPOSITORY}/pulls/{number}/merge", by="bob", method=method)
    merged = await teller.step(f"bob merges #{number} “{title}” ({method})", call)
    return str(merged["merge_commit_sha"])


async def _ci(door: Door, number: int, result: str) -> JSON:
    done: JSON = await door.post(f"/repos/{REPOSITORY}/pulls/{number}/ci", result=result)
    return done


async def _runs(door: Door) -> JSON:
    """Image, version of the object's wish, and pods of the staging workload."""
    objects = await door.get(f"/cluster/{STAGING}")
    workload = next(each for each in objects["deployments"] if each["metadata"]["name"] == WORKLOAD)
    labels = workload["spec"]["selector"]["matchLabels"]
    pods = [each for each in objects["pods"] if labels.items() <= each["metadata"].get("labels", {}).items()]
    return {
        "image": workload["spec"]["template"]["spec"]["containers"][0]["image"],
        "generation": workload["metadata"]["generation"],
        "replicas": workload["spec"]["replicas"],
        "pods": {
            pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"]
            for pod in pods
            if _is_ready(pod) and not pod["metadata"].get("deletionTimestamp")
        },
    }


def _is_ready(pod: JSON) -> bool:
    conditions: list[JSON] = pod.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


async def _all_ready(teller: Teller) -> JSON:
    def holds(now: JSON) -> bool:
        return bool(len(now["pods"]) == now["replicas"])

    return await teller.door.until(lambda: _runs(teller.door), holds, seconds=teller.patience)


async def _new_pods(teller: Teller, sha: str, before: JSON) -> None:
    def holds(now: JSON) -> bool:
        fresh = [
            name for name, image in now["pods"].items() if f":{sha}@sha256:" in image and name not in before["pods"]
        ]
        return bool(len(fresh) == now["replicas"] == len(now["pods"]))

    await teller.door.until(lambda: _runs(teller.door), holds, seconds=teller.patience)


async def _untouched(door: Door, before: JSON) -> None:
    now = await _runs(door)
    if now["image"] != before["image"] or now["generation"] != before["generation"]:
        raise UnmetError(f"the workload changed from {before['image']} to {now['image']}")


async def _deployment(teller: Teller, number: int, states: set[str]) -> None:
    def holds(pull: JSON) -> bool:
        return any(each["environment"] == ENVIRONMENT and each["state"] in states for each in pull["deployments"])

    await _pull_until(teller, number, holds, lambda pull: [each["state"] for each in pull["deployments"]])


async def _check(teller: Teller, number: int, conclusion: str) -> None:
    def holds(pull: JSON) -> bool:
        return any(row["name"] == CHECK and row["state"] == conclusion for row in pull["checks"]["rows"])

    await _pull_until(
        teller, number, holds, lambda pull: [(each["name"], each["state"]) for each in pull["checks"]["rows"]]
    )


async def _comment(teller: Teller, number: int, words: list[str]) -> None:
    """A comment of the bot has all the words."""

    def holds(pull: JSON) -> bool:
        texts: list[str] = [each["body"].lower() for each in pull["comments"] if each["is_bot"]]
        return any(all(word.lower() in text for word in words) for text in texts)

    await _pull_until(teller, number, holds, lambda pull: [each["body"] for each in pull["comments"]])


async def _pull_until(teller: Teller, number: int, holds: Callable[[JSON], bool], show: Callable[[JSON], Any]) -> None:
    door = teller.door
    try:
        await door.until(lambda: door.pull(REPOSITORY, number), holds, seconds=teller.patience)
    except TooLateError as error:
        seen = show(await door.pull(REPOSITORY, number))
        raise TooLateError(f"{error}; there is {seen or 'nothing'}") from error
