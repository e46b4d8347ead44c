"""The demo: an invented company, the real bot as its own process, and six stories played through the door."""
