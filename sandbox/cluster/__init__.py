"""A Kubernetes cluster simulated in one process: the real API's words, conditions and delays, without containers."""

from sandbox.cluster.auth import Rule
from sandbox.cluster.faults import Fault, Request
from sandbox.cluster.server import ADMIN_TOKEN, SimulatedCluster

__all__ = ["ADMIN_TOKEN", "Fault", "Request", "Rule", "SimulatedCluster"]
