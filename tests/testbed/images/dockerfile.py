"""Builds a Dockerfile where public base images can't be pulled: buildah without an engine, on a bootstrapped Debian.

`python:3.11-slim` is a Debian with a Python; so is this base, and both go through the same Dockerfile.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.testbed.cache import made_once, only_one
from tests.testbed.processes import TestBedError
from tests.testbed.progress import Say, Stopwatch, say_on_stderr

SUITE = "bookworm"
PACKAGES = "python3,python3-venv,ca-certificates"
BASE = "localhost/python-base"
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True, slots=True)
class Builder:
    """A buildah store of our own, with the base image in it."""

    store: Path

    def build(self, folder: Path, name: str, *, revision: str = "") -> None:
        """Builds `folder/Dockerfile` as `localhost/name`. Raises `TestBedError` with buildah's last lines."""
        with _pip_configuration() as (configuration, mounts):
            volumes = [part for path in mounts for part in ("--volume", f"{path}:{path}:ro")]
            self._run(
                "bud", "--isolation", "chroot", "--layers=false", "--format", "docker", *volumes,
                "--secret", f"id=pip,src={configuration}",
                "--build-arg", f"BASE={BASE}", "--build-arg", f"REVISION={revision}",
                "--tag", f"localhost/{name}", str(folder),
            )  # fmt: skip

    def inspect(self, name: str, template: str) -> str:
        """What a Go template says about an image."""
        return self._run("inspect", "--type", "image", "--format", template, f"localhost/{name}").strip()

    def push(self, name: str, target: str) -> None:
        """`target` is `127.0.0.1:port/repository:tag`."""
        self._run("push", "--quiet", "--tls-verify=false", f"localhost/{name}", f"docker://{target}")

    def remove(self, name: str) -> None:
        self._run("rmi", "--force", f"localhost/{name}")

    def _run(self, command: str, *arguments: str) -> str:
        where = ["--root", str(self.store / "root"), "--runroot", str(self.store / "run"), "--storage-driver", "vfs"]
        return _run(["buildah", *where, command, *arguments])


@contextmanager
def builder(say: Say = say_on_stderr) -> Iterator[Builder]:
    """The builder, alone on this machine while it is used; its base is made the first time (about a minute)."""
    store = base_store(say)
    with only_one("buildah"):
        yield Builder(store)


def base_store(say: Say = say_on_stderr) -> Path:
    """The folder with the base image, bootstrapped the first time."""
    key = sha256(f"{SUITE} {PACKAGES}".encode()).hexdigest()[:12]
    return made_once(f"buildah-{key}", lambda folder: _make_base(folder, say))


def _make_base(folder: Path, say: Say) -> None:
    say("bootstrapping a Debian with a Python as base image; this happens once a machine")
    watch = Stopwatch(say)
    with tempfile.TemporaryDirectory(prefix="greenlane-base-") as scratch:
        system = Path(scratch) / "system"
        _run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(system)])
        for leftovers in ("var/cache/apt/archives", "var/lib/apt/lists"):
            shutil.rmtree(system / leftovers)
        archive = Path(scratch) / "base.tar"
        _run(["tar", "-C", str(system), "--numeric-owner", "-cf", str(archive), "."])
        recipe = Path(scratch) / "Dockerfile"
        recipe.write_text("FROM scratch\nADD base.tar /\n")
        # The context is a folder of its own: the bootstrapped system holds sockets and devices.
        context = Path(scratch) / "context"
        context.mkdir()
        archive.rename(context / "base.tar")
        Builder(folder)._run(
            "bud", "--isolation", "chroot", "--layers=false", "--file", str(recipe), "--tag", BASE, str(context)
        )
    say(f"bootstrapped in {watch.seconds:.0f} s")


@contextmanager
def _pip_configuration() -> Iterator[tuple[Path, list[Path]]]:
    """This machine's way to its package index, as a file for one build step, and the paths it speaks of."""
    answer = _run([sys.executable, "-m", "pip", "config", "list"])
    settings = dict(re.findall(r"^(?:global|install|:env:)\.([\w-]+)='(.*)'$", answer, re.MULTILINE))
    mounts = [AUTHORITIES] if AUTHORITIES.exists() else []
    mounts += [Path(value) for value in settings.values() if value.startswith("/") and Path(value).exists()]
    with tempfile.NamedTemporaryFile("w", prefix="greenlane-pip-", suffix=".conf") as file:
        file.write("[global]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items()))
        file.flush()
        yield Path(file.name), sorted(set(mounts))


def _run(command: Sequence[str]) -> str:
    """Output of a program. Raises `TestBedError` with its last lines when it fails."""
    done = subprocess.run(
        command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        env={**os.environ, "BUILDAH_ISOLATION": "chroot"},
    )  # fmt: skip
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-25:])
        raise TestBedError(f"`{' '.join(command[:1])} …` ended with exit code {done.returncode}:\n{last}")
    return done.stdout
