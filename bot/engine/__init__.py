"""The reconciler: one step at a time from a stored intent to its end."""
