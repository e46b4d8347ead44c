"""Kubernetes: read, watch and patch one workload."""
