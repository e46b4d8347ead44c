"""GitHub on one laptop: a stateful emulation, held to GitHub's own description by the contract tests."""

from sandbox.github.app import create_app
from sandbox.github.contract import Validator
from sandbox.github.errors import RefusedError
from sandbox.github.faults import Fault
from sandbox.github.hooks import Mode
from sandbox.github.world import World

__all__ = ["Fault", "Mode", "RefusedError", "Validator", "World", "create_app"]
