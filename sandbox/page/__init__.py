"""The web page: pull requests with a green button, and what came of it. Reads the world, acts through the door."""
