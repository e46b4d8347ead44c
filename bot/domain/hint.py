"""Hints: what a webhook says to look at. Never a fact; the engine reads the truth again."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class Hint:
    """One thing to look at again. Only the fields its `kind` needs are filled."""

    kind: Literal["pull", "commit", "push", "installation"]
    installation_id: int = 0
    repository_id: int = 0
    repository: str = ""
    number: int = 0
    """Pull request number, for `pull`."""
    merged: bool = False
    """What the `pull` payload claimed; says only how patiently to look again."""
    sha: str = ""
    """Commit whose checks moved, for `commit`; new head, for `push`."""
    before: str = ""
    """Old head, for `push`."""
    branch: str = ""
    action: str = ""
    """For `installation`: `created`, `deleted`, `suspend`, `unsuspend`, `added`, `removed`, …"""
    account: str = ""
    actor: str = ""
    repositories: tuple[tuple[int, str], ...] = ()
    """(id, full name) pairs that came or went, for `installation`."""
    removed: tuple[tuple[int, str], ...] = ()
