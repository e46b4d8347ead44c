"""GitHub, a registry and a cluster on one laptop: to try Greenlane and to test it."""
