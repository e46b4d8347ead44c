"""What every step may use, handed down instead of looked up."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.catalog import Catalog
from bot.domain.intent import Facts
from bot.engine.ports import Cluster, GitHubReads, Registry
from bot.storage.database import Database

Remember = Callable[[Facts], Awaitable[None]]
"""Store facts while the lease still holds; raises `LostLeaseError` otherwise. Called before an effect."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """One per process."""

    database: Database
    github: GitHubReads
    registry: Registry
    cluster: Cluster
    catalog: Catalog
    own_app_id: int
    clock: Callable[[], datetime]
    forget_installation: Callable[[int], None]
    """Drop what is cached about an installation that changed."""
