"""The control door: scripts, tests and the page act as people through HTTP and JSON, on loopback only."""
