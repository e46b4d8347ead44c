"""Where the App is installed."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    Integer,
    String,
    Table,
)

from bot.storage.tables.base import UtcDateTime, metadata

installations = Table(
    "installations",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account", String(128), nullable=False),
    Column("status", String(16), nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

repositories = Table(
    "repositories",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("full_name", String(255), nullable=False),
    Column("installation_id", BigInteger, nullable=False),
    Column("removed", Integer, nullable=False, server_default="0"),
    # Sweeps never look further back than `enrolled_at`, so that a first start deploys nothing old.
    Column("enrolled_at", UtcDateTime, nullable=False),
    Column("swept_at", UtcDateTime, nullable=False),
    Column("heads", JSON, nullable=False),
    Index(None, "full_name"),
)
