"""Merges that go well or wrong and commands in comments, told step by step through the door."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sandbox.demo.sights import (
    REACTIONS,
    Place,
    Pull,
    all_ready,
    check,
    comment,
    deployment,
    deployments,
    new_pods,
    reaction,
    runs,
    still_serves,
    untouched,
)
from sandbox.demo.telling import Teller, UnmetError

JSON = dict[str, Any]

CHECKOUT, RECEIPTS = "acme/checkout", "acme/receipts"
STAGING = Place(environment="staging", namespace="payments-staging", workload="checkout")
PRODUCTION = Place(environment="production", namespace="payments-production", workload="checkout")
RECEIPTS_STAGING = Place(environment="staging", namespace="payments-staging", workload="receipts")

# As `invented.PROPOSALS` opens them.
FASTER, ROUNDING, PIPELINE, CRASHING, WITH_TAX = (Pull(repository=CHECKOUT, number=each) for each in range(1, 6))
CRASHING_RECEIPTS = Pull(repository=RECEIPTS, number=2)


async def merged_and_rolled_out(teller: Teller) -> None:
    before = await teller.step("version 1 runs in staging", all_ready(teller, STAGING))
    sha = await _merge(teller, FASTER, "merge")
    await teller.step("CI passes on the merged commit, its image is pushed", _ci(teller, FASTER, "pass"))
    await teller.step("Kubernetes runs the new image in new pods", new_pods(teller, STAGING, sha, before))
    await teller.step("the deployment on GitHub says success", deployment(teller, FASTER, STAGING, {"success"}))
    await teller.step("the check run 'greenlane / staging' is green", check(teller, FASTER, STAGING, "success"))
    await teller.step("the bot's comment says that it is deployed", comment(teller, FASTER, [sha[:7], "deployed"]))


async def failing_check_deploys_nothing(teller: Teller) -> None:
    before = await runs(teller, STAGING)
    await _merge(teller, ROUNDING, "squash")
    await teller.step("CI fails on the merged commit", _ci(teller, ROUNDING, "fail"))
    await teller.step("the comment names the failing check", comment(teller, ROUNDING, ["test", "fail"]))
    await teller.step("the cluster was not touched", untouched(teller, STAGING, before))


async def missing_image_is_refused(teller: Teller) -> None:
    before = await runs(teller, STAGING)
    sha = await _merge(teller, PIPELINE, "rebase")
    await teller.step("CI says green, but pushed no image", _ci(teller, PIPELINE, "pass"))
    told = comment(teller, PIPELINE, [f"checkout:{sha}", "not deployed", "not in the registry"])
    await teller.step("the comment says which image does not exist", told)
    await teller.step("the cluster was not touched", untouched(teller, STAGING, before))


async def crashing_image_is_explained(teller: Teller) -> None:
    """Of an app that has no release yet: there is nothing to go back to."""
    pull, place = CRASHING_RECEIPTS, RECEIPTS_STAGING
    before = await all_ready(teller, place)
    await _merge(teller, pull, "merge")
    await teller.step("CI passes, and the image crashes at start", _ci(teller, pull, "pass"))
    told = comment(teller, pull, ["exit", "3", "cannot reach database"])
    await teller.step("the pull request shows exit code 3 and the last log line", told)
    await teller.step("the deployment on GitHub says failure", deployment(teller, pull, place, {"failure", "error"}))
    await teller.step("the check run 'greenlane / staging' is red", check(teller, pull, place, "failure"))
    await teller.step("version 1 goes on serving", still_serves(teller, place, before))


async def crash_is_rolled_back(teller: Teller) -> None:
    release = await teller.step("a release runs in staging", all_ready(teller, STAGING))
    sha = _sha_of(release)
    await _merge(teller, CRASHING, "merge")
    await teller.step("CI passes, and the image crashes at start", _ci(teller, CRASHING, "pass"))
    told = comment(teller, CRASHING, ["so staging is back on", sha[:7], "exit", "3", "cannot reach database"])
    await teller.step("the pull request says why, and that staging is back on the release before", told)
    await teller.step("Kubernetes runs the release before, by its digest", all_ready(teller, STAGING, release["image"]))
    held = comment(teller, CRASHING, ["automatic deploys to staging are on hold", "/resume staging"])
    await teller.step("automatic deploys to staging are on hold", held)
    await _next_merge_waits_for_resume(teller)


async def _next_merge_waits_for_resume(teller: Teller) -> None:
    before = await runs(teller, STAGING)
    sha = await _merge(teller, WITH_TAX, "merge")
    await teller.step("CI passes on the merged commit", _ci(teller, WITH_TAX, "pass"))
    await teller.step("the next merge waits, and says for what", comment(teller, WITH_TAX, ["on hold", "/resume"]))
    await teller.step("the cluster was not touched", untouched(teller, STAGING, before))
    await _write(teller, WITH_TAX, "bob", "/resume staging", "rocket")
    await teller.step("Kubernetes runs the next merge in new pods", new_pods(teller, STAGING, sha, before))
    succeeded = deployment(teller, WITH_TAX, STAGING, {"success"}, sha=sha)
    await teller.step("the deployment on GitHub says success", succeeded)


async def commands_deploy_and_take_back(teller: Teller) -> None:
    first = await _deploy_to_production(teller, FASTER)
    second = await _deploy_to_production(teller, WITH_TAX)
    await _stranger_is_refused(teller, second)
    written = await _write(teller, WITH_TAX, "alice", "/rollback production", "eyes")
    back = all_ready(teller, PRODUCTION, first["image"])
    await teller.step("Kubernetes runs the release before, by its digest", back)
    succeeded = deployment(teller, FASTER, PRODUCTION, {"success"}, sha=_sha_of(first))
    await teller.step("the newest deployment on GitHub is that release's", succeeded)
    await teller.step("alice's comment has a 🚀", reaction(teller, WITH_TAX, written, "rocket"))
    await _write(teller, WITH_TAX, "carol", "/status", "rocket")
    await teller.step("the bot says what runs in staging and in production", _status(teller))


async def _stranger_is_refused(teller: Teller, before: JSON) -> None:
    deployed = await deployments(teller, FASTER, PRODUCTION)
    await _write(teller, FASTER, "mallory", "/deploy production", "confused")
    await teller.step("the bot refuses it with a sentence", comment(teller, FASTER, ["mallory", "write permission"]))
    await teller.step("nothing changed in production", untouched(teller, PRODUCTION, before))
    await teller.step("GitHub has no new deployment of it", _nothing_new(teller, deployed))


async def _nothing_new(teller: Teller, before: list[JSON]) -> None:
    now = await deployments(teller, FASTER, PRODUCTION)
    if [each["id"] for each in now] != [each["id"] for each in before]:
        raise UnmetError(f"of {len(before)} deployments there are {len(now)}, the newest {now[0]['state']}")


async def _deploy_to_production(teller: Teller, pull: Pull) -> JSON:
    """What runs there then."""
    before = await all_ready(teller, PRODUCTION)
    sha = str((await teller.door.pull(pull.repository, pull.number))["merge_commit_sha"])
    written = await _write(teller, pull, "alice", "/deploy production", "eyes")
    await teller.step("Kubernetes runs its image in new pods in production", new_pods(teller, PRODUCTION, sha, before))
    succeeded = deployment(teller, pull, PRODUCTION, {"success"}, sha=sha)
    await teller.step("the production deployment on GitHub says success", succeeded)
    await teller.step("alice's comment has a 🚀", reaction(teller, pull, written, "rocket"))
    return await runs(teller, PRODUCTION)


async def _status(teller: Teller) -> None:
    """The answer names the commits that the cluster really runs."""
    places = [STAGING, PRODUCTION]
    shas = [_sha_of(await runs(teller, place)) for place in places]
    lines = [f"**{place.environment}**: `{sha[:7]}`" for place, sha in zip(places, shas, strict=True)]
    await comment(teller, WITH_TAX, lines)


STORIES: Mapping[str, tuple[str, Callable[[Teller], Awaitable[None]]]] = {
    "a": ("merge, checks green, rolled out", merged_and_rolled_out),
    "b": ("merge with a failing check: nothing is deployed", failing_check_deploys_nothing),
    "c": ("an image that does not exist: refused before the cluster is touched", missing_image_is_refused),
    "d": ("an image that crashes: failed, with the reason", crashing_image_is_explained),
    "e": ("a crash after a release: rolled back by itself, and on hold until a person resumes", crash_is_rolled_back),
    "f": ("commands: production deployed and rolled back, a stranger refused", commands_deploy_and_take_back),
}


async def _merge(teller: Teller, pull: Pull, method: str) -> str:
    title = (await teller.door.pull(pull.repository, pull.number))["title"]
    call = teller.door.post(f"{pull.path}/merge", by="bob", method=method)
    merged = await teller.step(f"bob merges #{pull.number} “{title}” ({method})", call)
    return str(merged["merge_commit_sha"])


async def _ci(teller: Teller, pull: Pull, result: str) -> JSON:
    done: JSON = await teller.door.post(f"{pull.path}/ci", result=result)
    return done


async def _write(teller: Teller, pull: Pull, author: str, line: str, content: str) -> int:
    """A person's comment and the bot's reaction to it; the comment's number."""
    written = int((await teller.door.post(f"{pull.path}/comments", author=author, body=line))["id"])
    answered = reaction(teller, pull, written, content)
    await teller.step(f"{author} writes {line} on #{pull.number}: {REACTIONS[content]}", answered)
    return written


def _sha_of(seen: JSON) -> str:
    """The commit whose image runs; the tag is its SHA."""
    return str(seen["image"].partition("@")[0].rpartition(":")[2])
