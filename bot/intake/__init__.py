"""The HTTP edge: signature, size, storing, 202."""
