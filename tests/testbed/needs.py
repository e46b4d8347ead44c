"""What this machine can do, and what it lacks, in the words of its package manager."""

import os
import shutil
import sys
from pathlib import Path
from typing import Literal

NodeKind = Literal["kubelet", "kwok"]

PLUGIN_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"), Path("/usr/libexec/cni"))
_ADMIN = 21
"""Number of CAP_SYS_ADMIN, capabilities(7)."""


def can_run_containers() -> bool:
    """Root on Linux with the right to mount; a root without it lives in a locked container itself."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    status = Path("/proc/self/status").read_text()
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(effective, 16) >> _ADMIN & 1)


def choose_node() -> NodeKind:
    """A real kubelet wherever it can work."""
    return "kubelet" if can_run_containers() else "kwok"


def plugin_folder() -> Path | None:
    """Where the network plugins are."""
    return next((folder for folder in PLUGIN_FOLDERS if (folder / "ptp").exists()), None)


def missing_parts(node: NodeKind | None = None) -> list[str]:
    """One text a thing this machine lacks for the test bed, with its Debian package; empty when all is there."""
    missing = []
    if (node or choose_node()) == "kubelet":
        if not shutil.which("runc"):
            missing.append("runc, which starts containers (Debian: runc)")
        if not plugin_folder():
            missing.append("the network plugins ptp and host-local (Debian: containernetworking-plugins)")
    return missing


def missing_for_real_containers() -> list[str]:
    """As `missing_parts`, for what needs a real node and no stand-in."""
    if not can_run_containers():
        return ["a real node: root on Linux, with the right to mount"]
    return missing_parts("kubelet")


def missing_for_image_build() -> list[str]:
    """As `missing_parts`, for building and running the Dockerfile."""
    tools = {"buildah": "buildah", "debootstrap": "debootstrap"}
    lacking = [f"{tool} (Debian: {package})" for tool, package in tools.items() if not shutil.which(tool)]
    return missing_for_real_containers() + lacking
