"""The REST operations: each handler takes an `Ask` and returns what to show; `pipeline` does what all share."""
