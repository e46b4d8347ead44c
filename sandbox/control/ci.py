"""Continuous integration, played: build the commit's image, push it, report the checks."""

from dataclasses import dataclass
from typing import cast

from sandbox.control.refusal import DoorError
from sandbox.control.show import required_names
from sandbox.control.stage import NOT_PUSHED, Stage
from sandbox.github.model import Repository
from sandbox.registry.image import Behaviour

USUAL_CHECKS = ["build", "test"]


@dataclass(frozen=True, kw_only=True)
class Build:
    """What one run of CI did."""

    sha: str
    result: str
    pushed: list[str]
    checks: dict[str, str]


async def run_ci(
    stage: Stage, repository: Repository, sha: str, *, passes: bool, behaviour: str | None = None
) -> Build:
    """A passing run pushes the image before it says so, unless its behaviour is `missing`; a failing one does not."""
    pull = stage.pull_of(repository, sha)
    how = behaviour or (stage.behaviours.get((repository.id, pull.number), "ok") if pull else "ok")
    pushed = []
    if passes and how != NOT_PUSHED:
        pushed = [
            await push_image(stage, image, sha, behaviour=how) for image in stage.images.get(repository.full_name, [])
        ]
    branch = pull.base_ref if pull else repository.default_branch
    checks = _conclusions(required_names(repository, branch) or USUAL_CHECKS, passes=passes)
    for name, conclusion in checks.items():
        stage.world.report_check(repository, sha, name, conclusion=conclusion, output=_output(name, conclusion))
    return Build(sha=sha, result="pass" if passes else "fail", pushed=pushed, checks=checks)


async def push_image(
    stage: Stage,
    image: str,
    tag: str,
    *,
    behaviour: str = "ok",
    version: str | None = None,
    labels: dict[str, str] | None = None,
    platforms: list[str] | None = None,
) -> str:
    """Returns the digest. The image says which commit it was built from when its tag is one."""
    is_commit = len(tag) == 40
    revision = {"org.opencontainers.image.revision": tag} if is_commit else {}
    if behaviour == NOT_PUSHED:
        raise DoorError(422, "A missing image is one that is not pushed.", "Leave the call out, or DELETE the image.")
    return stage.registry.push(
        image,
        tag,
        behaviour=cast("Behaviour", behaviour),
        version=version or (tag[:7] if is_commit else tag),
        labels=revision if labels is None else labels,
        platforms=platforms or ["linux/amd64"],
        binary=stage.binary,
    )


def _conclusions(names: list[str], *, passes: bool) -> dict[str, str]:
    """A failing run fails in its last check: the build went well, the tests did not."""
    return {name: "success" if passes or name != names[-1] else "failure" for name in names}


def _output(name: str, conclusion: str) -> dict[str, str]:
    if conclusion == "success":
        return {"title": f"{name} passed", "summary": "Everything went well."}
    return {"title": f"{name} failed", "summary": "1 of 148 tests failed: `test_total_includes_shipping`."}
