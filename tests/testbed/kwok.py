"""A stand-in for a node: kwok moves pods through their states without running anything.

It is kinder than a node (every image exists, nothing crashes), so what needs truth asks for a kubelet.
"""

from collections.abc import Callable
from pathlib import Path

from tests.testbed.api import Api
from tests.testbed.images.build import ARCHITECTURE
from tests.testbed.node import node_is_ready
from tests.testbed.processes import Program

NAME = "kwok-0"
_IMAGE = "      - image: {{ .image | Quote }}\n"
_IMAGE_ID = (
    _IMAGE
    + '        imageID: {{ if contains "@" .image }}{{ regexReplaceAll ":[^:@/]+@" .image "@" | Quote }}{{ else }}""{{ end }}\n'
)
"""A kubelet reports `repository@digest`; upstream's stages leave it out, and a rollout could never be confirmed."""


def start_kwok(*, folder: Path, state: Path, kubeconfig: Path, api: Api, started: Callable[[Program], None]) -> None:
    """Returns when the pretended node is Ready. Raises `TestBedError`."""
    stages = state / "stages.yaml"
    texts = [file.read_text() for file in sorted(folder.glob("*.yaml"))]
    stages.write_text("\n---\n".join(texts).replace(_IMAGE, _IMAGE_ID))
    command: list[str | Path] = [folder / "kwok", "--kubeconfig", kubeconfig, "--config", stages, "--manage-all-nodes=true",
               "--node-ip", "127.0.0.1", "--node-lease-duration-seconds", "40"]  # fmt: skip
    program = Program.start("kwok", command, state=state, environment={"HOME": str(state)})
    started(program)
    api.create("/api/v1/nodes", _node())
    program.wait_ready(lambda: node_is_ready(api, NAME), seconds=30)


def _node() -> dict[str, object]:
    room = {"cpu": "64", "memory": "256Gi", "pods": "1000"}
    return {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {
            "name": NAME, "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {"kubernetes.io/hostname": NAME, "kubernetes.io/os": "linux", "kubernetes.io/arch": ARCHITECTURE},
        },
        "status": {"allocatable": room, "capacity": room, "nodeInfo": {"architecture": ARCHITECTURE}},
    }  # fmt: skip
