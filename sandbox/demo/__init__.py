"""The demo: an invented company, the real bot as its own process, and four stories played through the door."""
