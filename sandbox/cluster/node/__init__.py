"""The scheduler and the one node: what happens to a pod."""
