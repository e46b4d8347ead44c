"""A real Kubernetes, a real registry and real containers on this machine, for tests and for `CLUSTER=real`."""
