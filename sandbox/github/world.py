"""The whole emulated GitHub as one object: people and scripts act on it, the REST application shows it."""

from sandbox.github.comments import Comments
from sandbox.github.deployments import Deployments
from sandbox.github.pulls import Pulls
from sandbox.github.reviews import Reviews


class World(Pulls, Deployments, Comments, Reviews):
    """Start with `add_org`, `add_user`, `add_repository`, `add_app` and `install`; then push, open, merge, report.

    Refusals are `RefusedError` in GitHub's words. `faults`, `lag`, `limits` and `hooks.mode` make it misbehave;
    `requests` and `deliveries` tell what happened.
    """
