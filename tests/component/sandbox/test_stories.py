"""The stories' steps can fail: what is not so is not told as so."""

from typing import Any

import pytest

from sandbox.demo import sights
from sandbox.demo.door import Door, TooLateError
from sandbox.demo.invented import PROPOSALS
from sandbox.demo.sights import Place, Pull
from sandbox.demo.stories import CRASHING, CRASHING_RECEIPTS, FASTER, PIPELINE, ROUNDING, WITH_TAX
from sandbox.demo.telling import Step, Teller, UnmetError

PLACE = Place(environment="staging", namespace="payments-staging", workload="checkout")
PULL = Pull(repository="acme/checkout", number=1)
OLD, NEW, UNPINNED = "h/checkout:v1", "h/checkout:abc@sha256:1", "h/checkout:abc"


class AnsweringDoor:
    """Answers every question with the same."""

    until = Door.until

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def get(self, _path: str) -> Any:
        return self.answer

    async def pull(self, _repository: str, _number: int) -> Any:
        return self.answer


def teller(answer: Any = None, told: list[Step] | None = None) -> Teller:
    return Teller(door=AnsweringDoor(answer), tell=(told if told is not None else []).append, patience=0.0)


def cluster(image: str, *pods: str, ready: str = "True", generation: int = 1) -> Any:
    def of(kind: str) -> Any:
        return {"spec": {"containers": [{"image": kind}]}}

    meta = {"name": "checkout", "generation": generation}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "checkout"}}, "template": of(image)}
    condition = {"conditions": [{"type": "Ready", "status": ready}]}
    return {
        "deployments": [{"metadata": meta, "spec": spec}],
        "pods": [
            of(pod) | {"metadata": {"name": f"pod-{at}", "labels": {"app": "checkout"}}, "status": condition}
            for at, pod in enumerate(pods)
        ],
    }


async def test_step_that_does_not_hold_ends_the_story_and_is_told_with_what_was_seen():
    async def fails() -> None:
        raise UnmetError("the workload changed")

    told: list[Step] = []

    with pytest.raises(UnmetError):
        await teller(told=told).step("the cluster was not touched", fails())

    assert [(step.says, step.holds, step.seen) for step in told] == [
        ("the cluster was not touched", False, "the workload changed")
    ]


@pytest.mark.parametrize(
    "seen",
    [
        cluster(NEW, NEW, OLD),
        cluster(NEW, NEW),
        cluster(NEW, NEW, NEW, OLD),
        cluster(NEW, NEW, NEW, ready="False"),
        cluster(OLD, OLD, OLD),
    ],
)
async def test_rollout_is_not_over_before_every_pod_is_new_and_ready(seen):
    with pytest.raises(TooLateError):
        await sights.all_ready(teller(seen), PLACE, NEW)


async def test_rollout_is_over_when_every_pod_is_new_and_ready():
    now = await sights.all_ready(teller(cluster(NEW, NEW, NEW)), PLACE, NEW)

    assert now["image"] == NEW


@pytest.mark.parametrize(
    ("seen", "before"),
    [
        (cluster(UNPINNED, UNPINNED, UNPINNED), {}),
        (cluster(NEW, NEW, NEW), {"pod-0": OLD}),
        (cluster(NEW, NEW, NEW, OLD), {}),
    ],
)
async def test_new_pods_are_pinned_to_a_digest_and_alone(seen, before):
    with pytest.raises(TooLateError):
        await sights.new_pods(teller(seen), PLACE, "abc", {"pods": before})


@pytest.mark.parametrize("now", [cluster(NEW, OLD, OLD), cluster(OLD, OLD, OLD, generation=2)])
async def test_touched_workload_is_seen(now):
    before = await sights.runs(teller(cluster(OLD, OLD, OLD)), PLACE)

    with pytest.raises(UnmetError):
        await sights.untouched(teller(now), PLACE, before)


async def test_pod_that_no_longer_serves_is_seen():
    before = await sights.runs(teller(cluster(OLD, OLD, OLD)), PLACE)

    await sights.still_serves(teller(cluster(NEW, OLD, OLD)), PLACE, before)
    with pytest.raises(UnmetError):
        await sights.still_serves(teller(cluster(NEW, OLD)), PLACE, before)


@pytest.mark.parametrize(
    ("author_is_bot", "body"), [(False, "back on abc"), (True, "back on"), (True, "nothing of the kind")]
)
async def test_only_the_bots_comment_with_every_word_counts(author_is_bot, body):
    seen = {"comments": [{"is_bot": author_is_bot, "body": body}]}

    with pytest.raises(TooLateError):
        await sights.comment(teller(seen), PULL, ["back on", "abc"])


@pytest.mark.parametrize("written", [2, 3])
async def test_only_the_bots_reaction_to_that_very_comment_counts(written):
    rocket, of_bob = {"content": "rocket", "user": "greenlane[bot]"}, {"content": "rocket", "user": "bob"}
    comments = {1: [rocket], 2: [], 3: [of_bob]}
    seen = {"comments": [{"id": number, "reactions": given} for number, given in comments.items()]}

    await sights.reaction(teller(seen), PULL, 1, "rocket")
    with pytest.raises(TooLateError):
        await sights.reaction(teller(seen), PULL, written, "rocket")


async def test_only_the_newest_deployment_of_the_environment_counts():
    seen = [
        {"environment": "production", "state": "success", "sha": "c"},
        {"environment": "staging", "state": "failure", "sha": "b"},
        {"environment": "staging", "state": "success", "sha": "a"},
    ]

    await sights.deployment(teller(seen), PULL, PLACE, {"failure"}, sha="b")
    with pytest.raises(TooLateError):
        await sights.deployment(teller(seen), PULL, PLACE, {"success"})


def test_stories_play_the_pull_requests_they_mean():
    numbered: dict[str, list[str]] = {}
    for one in PROPOSALS:
        numbered.setdefault(one.repository, []).append(f"{one.branch} {one.image}")

    played = [numbered[pull.repository][pull.number - 1] for pull in (FASTER, ROUNDING, PIPELINE, CRASHING, WITH_TAX)]

    assert played == [
        "faster-checkout ok",
        "swiss-rounding ok",
        "new-pipeline missing",
        "database-settings crash-at-start",
        "with-tax ok",
    ]
    assert numbered[CRASHING_RECEIPTS.repository][CRASHING_RECEIPTS.number - 1] == "numbers crash-at-start"
