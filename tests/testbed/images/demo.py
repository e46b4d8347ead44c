"""The demo application as images that behave well or badly, and the pause image a real node needs."""

from typing import Literal

from tests.testbed.build import IMAGES, built
from tests.testbed.images.build import ARCHITECTURE, Image, build_image, push
from tests.testbed.progress import Say, say_on_stderr

Behaviour = Literal[
    "ok", "crash-at-start", "crash-later", "crash-once", "exit-zero", "out-of-memory", "never-ready",
    "unready-later", "slow",
]  # fmt: skip


def demo_image(
    *, version: str, behaviour: Behaviour = "ok", revision: str = "", platform: str = f"linux/{ARCHITECTURE}",
    say: Say = say_on_stderr,
) -> Image:  # fmt: skip
    """Answers `{"version": version, …}` at `/`; `revision` becomes the label that names the commit."""
    labels = {"org.opencontainers.image.version": version}
    if revision:
        labels["org.opencontainers.image.revision"] = revision
    env = {"APP_VERSION": version, "APP_BEHAVIOUR": behaviour}
    return build_image(built(IMAGES, say) / "app", labels=labels, env=env, platform=platform)


def push_demo(
    registry: str, repository: str, tag: str, *, version: str, behaviour: Behaviour = "ok", revision: str = ""
) -> str:
    """Pushes a demo image to `registry` (a URL); returns its digest."""
    return push(registry, repository, tag, demo_image(version=version, behaviour=behaviour, revision=revision))


def push_pause(registry: str, say: Say = say_on_stderr) -> str:
    """Pushes the pause image; returns the name a node pulls it by."""
    push(registry, "pause", "1", build_image(built(IMAGES, say) / "pause"))
    return f"{registry.removeprefix('http://')}/pause:1"
