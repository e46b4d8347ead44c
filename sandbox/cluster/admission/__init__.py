"""What the API server asks before it stores a pod: limits, service account, Pod Security, quota."""
