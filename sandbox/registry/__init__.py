"""An OCI registry in memory: real enough for containerd, docker and skopeo, and able to misbehave on request."""

from sandbox.registry.faults import Fault
from sandbox.registry.server import SandboxRegistry
from sandbox.registry.summary import ImageSummary

__all__ = ["Fault", "ImageSummary", "SandboxRegistry"]
