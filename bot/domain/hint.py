"""Hints: what a webhook says to look at. Never a fact; the engine reads the truth again."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class Hint:
    """One thing to look at again. Only the fields its `kind` needs are filled."""

    kind: Literal["pull", "head", "commit", "push", "comment", "click", "installation"]
    installation_id: int = 0
    repository_id: int = 0
    repository: str = ""
    number: int = 0
    """Pull request number, for `pull`, `head` and `comment`."""
    merged: bool = False
    """What the `pull` payload claimed; says only how patiently to look again."""
    sha: str = ""
    """Commit whose checks moved, for `commit`; new head, for `push` and `head`."""
    before: str = ""
    """Old head, for `push`."""
    branch: str = ""
    action: str = ""
    """For `installation`: `created`, `deleted`, `suspend`, `unsuspend`, `added`, `removed`, …"""
    account: str = ""
    actor: str = ""
    actor_id: int = 0
    comment_id: int = 0
    digest: str = ""
    """SHA-256 of the comment as it was written, for `comment`."""
    button: str = ""
    """For `click`: `rollback`, `again`, `abort`."""
    external_id: str = ""
    """For `click`: what we called the check run with the button."""
    repositories: tuple[tuple[int, str], ...] = ()
    """(id, full name) pairs that came or went, for `installation`."""
    removed: tuple[tuple[int, str], ...] = ()
