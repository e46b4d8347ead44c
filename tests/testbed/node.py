"""A real node: containerd, a network of point-to-point links, and the kubelet."""

import fcntl
import json
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from tests.testbed.api import Api, ApiError
from tests.testbed.cache import cache_folder
from tests.testbed.images.build import ARCHITECTURE
from tests.testbed.needs import plugin_folder
from tests.testbed.processes import Program, TestBedError, free_ports

NAME = "localhost"
"""The API server reaches the kubelet by this name, so that logs work over loopback."""


def start_node(
    *, control: Path, containerd: Path, state: Path, kubeconfig: Path, api: Api, pause: str,
    started: Callable[[Program], None], stack: ExitStack,
) -> None:  # fmt: skip
    """Returns when the node is Ready; `control` and `containerd` are folders of programs, `pause` an image name.

    Raises `TestBedError`.
    """
    socket = _start_containerd(containerd, state, pause, _claim_subnet(stack), started)
    port = free_ports(1)[0]
    config = state / "kubelet.json"
    config.write_text(json.dumps(_kubelet(state, socket, port), indent=1))
    kubelet = Program.start(
        "kubelet",
        [control / "controlplane", "kubelet", "--config", config, "--kubeconfig", kubeconfig, "--hostname-override", NAME,
         "--root-dir", state / "kubelet", "--cert-dir", state / "kubelet-certs"],
        state=state,
    )  # fmt: skip
    started(kubelet)
    kubelet.wait_ready(lambda: node_is_ready(api, NAME), seconds=90)


def node_is_ready(api: Api, name: str) -> bool:
    try:
        conditions = api.get(f"/api/v1/nodes/{name}")["status"].get("conditions", [])
    except ApiError:
        return False
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _start_containerd(folder: Path, state: Path, pause: str, subnet: str, started: Callable[[Program], None]) -> Path:
    socket = state / "containerd.sock"
    network = state / "cni"
    network.mkdir(parents=True, exist_ok=True)
    (network / "10-testbed.conflist").write_text(json.dumps(_network(state, subnet), indent=1))
    config = state / "containerd.toml"
    config.write_text(_containerd(state, socket, network, pause))
    # containerd looks for its shim in PATH; runc is the machine's.
    path = f"{folder}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    program = Program.start(
        "containerd", [folder / "containerd", "--config", config], state=state, environment={"PATH": path}
    )
    started(program)
    program.wait_ready(socket.exists, seconds=30)
    return socket


def _claim_subnet(stack: ExitStack) -> str:
    """A /24 that no other test bed on this machine uses; given back when `stack` closes, or this process ends."""
    for number in range(16):
        lock: IO[str] = (cache_folder() / f"subnet-{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        stack.enter_context(lock)
        return f"10.204.{number}.0/24"
    raise TestBedError("sixteen test beds run on this machine already; stop one of them")


def _network(state: Path, subnet: str) -> dict[str, object]:
    addresses = {
        "type": "host-local", "ranges": [[{"subnet": subnet}]], "dataDir": str(state / "addresses"),
        "routes": [{"dst": "0.0.0.0/0"}],
    }  # fmt: skip
    return {
        "cniVersion": "0.4.0", "name": "testbed",
        "plugins": [{"type": "ptp", "ipMasq": False, "ipam": addresses}],
    }  # fmt: skip


def _snapshotter(state: Path) -> str:
    """`overlayfs` where it can be mounted (not on top of another overlay), else `native`, which copies every layer."""
    probe = state / "overlay-probe"
    folders = [probe / name for name in ("lower", "upper", "work", "merged")]
    for folder in folders:
        folder.mkdir(parents=True)
    options = f"lowerdir={folders[0]},upperdir={folders[1]},workdir={folders[2]}"
    mounted = subprocess.run(
        ["mount", "-t", "overlay", "overlay", "-o", options, folders[3]], check=False, capture_output=True
    )
    if mounted.returncode:
        return "native"
    subprocess.run(["umount", folders[3]], check=True)
    return "overlayfs"


def _containerd(state: Path, socket: Path, network: Path, pause: str) -> str:
    """The `unpack_config` table is needed: without it pulls end with "no unpack platforms defined"."""
    snapshotter = _snapshotter(state)
    images, runtime = 'plugins."io.containerd.cri.v1.images"', 'plugins."io.containerd.cri.v1.runtime"'
    return f"""version = 3
root = "{state}/containerd"
state = "{state}/run"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.internal.v1.tracing"]
[grpc]
address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
path = "{state}/opt"
[{images}]
snapshotter = "{snapshotter}"
[{images}.pinned_images]
sandbox = "{pause}"
[{runtime}]
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[{runtime}.cni]
bin_dirs = ["{plugin_folder()}"]
conf_dir = "{network}"
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
platform = "linux/{ARCHITECTURE}"
snapshotter = "{snapshotter}"
"""


def _kubelet(state: Path, socket: Path, port: int) -> dict[str, object]:
    """No cgroup tree, no limits, no eviction and no firewall rules of its own: it shares the machine with other work.

    `eventRecordQPS: 0` would not be "no limit" but the client's own 5 a second: events then come half a minute late.
    """
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "address": "127.0.0.1", "port": port, "healthzPort": 0, "readOnlyPort": 0,
        "containerRuntimeEndpoint": f"unix://{socket}",
        "podLogsDir": str(state / "pod-logs"), "volumePluginDir": str(state / "volume-plugins"),
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "failCgroupV1": False, "failSwapOn": False, "cgroupDriver": "cgroupfs", "cgroupsPerQOS": False,
        "enforceNodeAllocatable": [], "localStorageCapacityIsolation": False, "makeIPTablesUtilChains": False,
        "evictionHard": {}, "imageGCHighThresholdPercent": 100, "serializeImagePulls": False,
        "registryPullQPS": 0, "eventRecordQPS": 500, "eventBurst": 1000,
    }  # fmt: skip
