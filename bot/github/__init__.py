"""GitHub through the App's eyes: tokens, reads, writes."""
