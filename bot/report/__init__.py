"""Pure texts: an intent and its history as Markdown, check run and status."""
