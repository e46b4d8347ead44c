"""What the stories look for: pull requests as GitHub shows them, and what runs in the cluster."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.demo.door import TooLateError
from sandbox.demo.telling import Teller, UnmetError

JSON = dict[str, Any]

REACTIONS = {"rocket": "🚀", "confused": "😕", "eyes": "👀"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """An environment of an app, and where it runs."""

    environment: str
    namespace: str
    workload: str


@dataclass(frozen=True, kw_only=True)
class Pull:
    """A pull request, by its address."""

    repository: str
    number: int

    @property
    def path(self) -> str:
        return f"/repos/{self.repository}/pulls/{self.number}"


async def runs(teller: Teller, place: Place) -> JSON:
    """Image, version of the object's wish, and ready pods of a workload."""
    objects = await teller.door.get(f"/cluster/{place.namespace}")
    workload = next(each for each in objects["deployments"] if each["metadata"]["name"] == place.workload)
    labels = workload["spec"]["selector"]["matchLabels"]
    pods = [each for each in objects["pods"] if labels.items() <= each["metadata"].get("labels", {}).items()]
    return {
        "image": _image(workload["spec"]["template"]),
        "generation": workload["metadata"]["generation"],
        "replicas": workload["spec"]["replicas"],
        "pods": {
            pod["metadata"]["name"]: _image(pod)
            for pod in pods
            if _is_ready(pod) and not pod["metadata"].get("deletionTimestamp")
        },
    }


def _image(template: JSON) -> str:
    return str(template["spec"]["containers"][0]["image"])


def _is_ready(pod: JSON) -> bool:
    conditions: list[JSON] = pod.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


async def all_ready(teller: Teller, place: Place, image: str = "") -> JSON:
    """Every pod is ready and none is old; all of `image` where that is named."""

    def holds(now: JSON) -> bool:
        wanted = image or now["image"]
        return now["image"] == wanted and list(now["pods"].values()) == [wanted] * now["replicas"]

    return await _runs_until(teller, place, holds)


async def new_pods(teller: Teller, place: Place, sha: str, before: JSON) -> None:
    """Only ready pods of the commit's image, by digest, and none of those before."""

    def holds(now: JSON) -> bool:
        fresh = [
            name for name, image in now["pods"].items() if f":{sha}@sha256:" in image and name not in before["pods"]
        ]
        return bool(len(fresh) == now["replicas"] == len(now["pods"]))

    await _runs_until(teller, place, holds)


async def untouched(teller: Teller, place: Place, before: JSON) -> None:
    now = await runs(teller, place)
    if now["image"] != before["image"] or now["generation"] != before["generation"]:
        raise UnmetError(f"the workload changed from {before['image']} to {now['image']}")


async def still_serves(teller: Teller, place: Place, before: JSON) -> None:
    """The pods of before, ready, whatever else there is."""
    now = await runs(teller, place)
    if not before["pods"].items() <= now["pods"].items():
        raise UnmetError(f"of {sorted(before['pods'])} are ready {sorted(now['pods'])}")


async def deployments(teller: Teller, pull: Pull, place: Place) -> list[JSON]:
    """GitHub's, of the whole repository, newest first."""
    found: list[JSON] = await teller.door.get(f"/repos/{pull.repository}/deployments")
    return [each for each in found if each["environment"] == place.environment]


async def deployment(teller: Teller, pull: Pull, place: Place, states: set[str], *, sha: str = "") -> None:
    """GitHub's newest deployment to the place is in one of the states, and of `sha` where that is named."""

    def holds(found: list[JSON]) -> bool:
        return bool(found) and found[0]["state"] in states and sha in ("", found[0]["sha"])

    try:
        await teller.door.until(lambda: deployments(teller, pull, place), holds, seconds=teller.patience)
    except TooLateError as error:
        seen = [(each["sha"][:7], each["state"]) for each in await deployments(teller, pull, place)]
        raise TooLateError(f"{error}; there is {seen or 'nothing'}") from error


async def check(teller: Teller, pull: Pull, place: Place, conclusion: str) -> None:
    name = f"greenlane / {place.environment}"

    def holds(seen: JSON) -> bool:
        return any(row["name"] == name and row["state"] == conclusion for row in seen["checks"]["rows"])

    await _pull_until(teller, pull, holds, lambda seen: [(row["name"], row["state"]) for row in seen["checks"]["rows"]])


async def comment(teller: Teller, pull: Pull, words: Sequence[str]) -> None:
    """A comment of the bot has all the words."""

    def holds(seen: JSON) -> bool:
        texts: list[str] = [each["body"].lower() for each in seen["comments"] if each["is_bot"]]
        return any(all(word.lower() in text for word in words) for text in texts)

    await _pull_until(teller, pull, holds, lambda seen: [each["body"] for each in seen["comments"]])


async def reaction(teller: Teller, pull: Pull, written: int, content: str) -> None:
    """The bot reacted so to the comment of that number."""

    def of(seen: JSON) -> list[str]:
        (found,) = [each for each in seen["comments"] if each["id"] == written]
        return [each["content"] for each in found["reactions"] if each["user"].endswith("[bot]")]

    await _pull_until(teller, pull, lambda seen: content in of(seen), of)


async def _runs_until(teller: Teller, place: Place, holds: Callable[[JSON], bool]) -> JSON:
    try:
        return await teller.door.until(lambda: runs(teller, place), holds, seconds=teller.patience)
    except TooLateError as error:
        raise TooLateError(f"{error}; there is {await runs(teller, place)}") from error


async def _pull_until(teller: Teller, pull: Pull, holds: Callable[[JSON], bool], show: Callable[[JSON], Any]) -> None:
    door = teller.door
    try:
        await door.until(lambda: door.pull(pull.repository, pull.number), holds, seconds=teller.patience)
    except TooLateError as error:
        seen = show(await door.pull(pull.repository, pull.number))
        raise TooLateError(f"{error}; there is {seen or 'nothing'}") from error
