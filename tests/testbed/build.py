"""Builds the real programs from their Go modules, once a machine, into the user's cache."""

import os
import subprocess
from collections import deque
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from platform import machine, system

from tests.testbed.cache import made_once
from tests.testbed.processes import TestBedError
from tests.testbed.progress import Say, Stopwatch, say_on_stderr
from tests.testbed.toolchain import find_go

HERE = Path(__file__).parent
KUBERNETES = "v1.36.3"
HELM_VERSION = "v4.3.1"
_VERSION = "k8s.io/component-base/version"
_KUBERNETES_FLAGS = f"-s -w -X {_VERSION}.gitVersion={KUBERNETES} -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=36"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """One Go module and the programs that come out of it."""

    name: str
    folder: Path
    programs: dict[str, str]
    """File name to Go package."""
    about: str
    """What is being built and how long that took on two cores, for the person who waits."""
    ldflags: str = "-s -w"
    tags: str = ""
    extra: tuple[str, ...] = ()
    """Files of the module `origin` that the programs need beside them, as glob patterns."""
    origin: str = ""

    @property
    def key(self) -> str:
        """Changes whenever anything that goes into the programs does."""
        digest = sha256(repr((self.programs, self.ldflags, self.tags, self.extra, system(), machine())).encode())
        for file in sorted(self.folder.rglob("*")):
            if file.suffix in {".go", ".mod", ".sum"}:
                digest.update(file.relative_to(self.folder).as_posix().encode() + file.read_bytes())
        return digest.hexdigest()[:16]


CONTROL_PLANE = Recipe(
    name="controlplane",
    folder=HERE / "controlplane",
    programs={"controlplane": "."},
    about=f"etcd, API server, controllers, scheduler and kubelet of Kubernetes {KUBERNETES} (about 5 minutes)",
    ldflags=_KUBERNETES_FLAGS,
)
CONTAINERD = Recipe(
    name="containerd",
    folder=HERE / "containerd",
    programs={
        "containerd": "github.com/containerd/containerd/v2/cmd/containerd",
        "containerd-shim-runc-v2": "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
    },
    about="containerd, which runs the containers (about 1 minute)",
    tags="no_btrfs no_zfs no_devmapper no_aufs",
)
KWOK = Recipe(
    name="kwok",
    folder=HERE / "kwok",
    programs={"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
    about="kwok, the stand-in for a node where containers can't run (about 90 seconds)",
    origin="sigs.k8s.io/kwok",
    extra=(
        "kustomize/stage/node/fast/node-*.yaml",
        "kustomize/stage/node/heartbeat-with-lease/node-*.yaml",
        "kustomize/stage/pod/fast/pod-*.yaml",
    ),
)
REGISTRY = Recipe(
    name="registry",
    folder=HERE / "distribution",
    programs={"registry": "github.com/distribution/distribution/v3/cmd/registry"},
    about="the OCI registry (about 1 minute; Debian's package docker-registry saves this)",
)
KUBECTL = Recipe(
    name="kubectl",
    folder=HERE / "kubectl",
    programs={"kubectl": "."},
    about=f"kubectl {KUBERNETES}, to compare with (about 30 seconds)",
    ldflags=_KUBERNETES_FLAGS,
)
HELM = Recipe(
    name="helm",
    folder=HERE / "helm",
    programs={"helm": "helm.sh/helm/v4/cmd/helm"},
    about=f"helm {HELM_VERSION}, to compare with (about 2 minutes)",
    ldflags=f"-s -w -X helm.sh/helm/v4/internal/version.version={HELM_VERSION}",
)
IMAGES = Recipe(
    name="images",
    folder=HERE / "images" / "app",
    programs={"app": "./app", "pause": "./pause"},
    about="the demo application (a few seconds)",
)


def built(recipe: Recipe, say: Say = say_on_stderr) -> Path:
    """The folder with the recipe's programs, building them the first time.

    Raises `TestBedError` with the compiler's last lines.
    """
    return made_once(f"{recipe.name}-{recipe.key}", lambda folder: _build(recipe, folder, say))


def _build(recipe: Recipe, folder: Path, say: Say) -> None:
    go = find_go(say)
    watch = Stopwatch(say)
    say(f"building {recipe.about}; this happens once a machine")
    for program, package in recipe.programs.items():
        _compile(go, recipe, package, folder / program, say, watch)
    for pattern in recipe.extra:
        _copy(go, recipe, pattern, folder)
    say(f"built {', '.join(recipe.programs)} in {watch.seconds:.0f} s")


def _compile(go: Path, recipe: Recipe, package: str, output: Path, say: Say, watch: Stopwatch) -> None:
    command = [str(go), "build", "-v", "-trimpath", "-mod=readonly", "-buildvcs=false", "-ldflags", recipe.ldflags]
    command += ["-tags", recipe.tags, "-o", str(output), package]
    last: deque[str] = deque(maxlen=20)
    with subprocess.Popen(
        command,
        cwd=recipe.folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for done, line in enumerate(process.stdout or (), start=1):
            last.append(line.rstrip())
            watch.tick(f"{output.name}: {done} packages downloaded or compiled")
    if process.returncode:
        raise TestBedError(f"building {output.name} failed; the last lines:\n" + "\n".join(last))


def _copy(go: Path, recipe: Recipe, pattern: str, folder: Path) -> None:
    command = [str(go), "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", recipe.origin]
    answer = subprocess.run(command, cwd=recipe.folder, env=_environment(), check=True, capture_output=True, text=True)
    for file in sorted(Path(answer.stdout.strip()).glob(pattern)):
        (folder / file.name).write_bytes(file.read_bytes())


def _environment() -> dict[str, str]:
    return {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
