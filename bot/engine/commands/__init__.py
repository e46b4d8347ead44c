"""What people ask for on pull requests: read, allowed, recorded, done and answered."""
