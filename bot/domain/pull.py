"""A pull request as the engine needs it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Pull:
    """A pull request, freshly read."""

    number: int
    title: str
    state: str
    merged: bool
    merge_commit_sha: str | None
    """Only meaningful when `merged`."""
    merged_by: str
    merged_at: datetime | None
    author: str
    base: str
    """Branch it goes into, without `refs/heads/`."""
    head_sha: str
    head_repository_id: int | None = None
    """None: the fork is gone."""
    author_id: int | None = None
    merged_by_id: int | None = None
