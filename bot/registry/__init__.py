"""OCI registries: a tag becomes a verified digest."""
