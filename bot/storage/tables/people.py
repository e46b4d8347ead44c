"""What people asked for, and what they set: commands, holds, locks, stops, and the heads they saw."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from bot.storage.tables.base import Id, UtcDateTime, metadata

holds = Table(
    "holds",
    metadata,
    Column("id", Id, primary_key=True),
    Column("team", String(128), nullable=False),
    Column("app", String(128), nullable=False),
    Column("environment", String(255), nullable=False),
    Column("reason", Text, nullable=False),
    Column("set_by", String(128), nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
    Column("intent_id", Id, nullable=True),  # the rollback that set it
    Column("released_by", String(128), nullable=False, server_default=""),
    Column("released_at", UtcDateTime, nullable=True),
    # One hold at a time; those that were released stay as history.
    Index(
        "uq_holds_active",
        "team",
        "app",
        "environment",
        unique=True,
        sqlite_where=text("released_at IS NULL"),
        postgresql_where=text("released_at IS NULL"),
    ),
)

locks = Table(
    "locks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("team", String(128), nullable=False),
    Column("app", String(128), nullable=False),
    Column("environment", String(255), nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("pull_request", Integer, nullable=False),
    Column("owner_id", BigInteger, nullable=False),
    Column("owner", String(128), nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("set_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("reminded_at", UtcDateTime, nullable=True),
    Column("command_id", Id, nullable=True),
    Column("released_by", String(128), nullable=False, server_default=""),
    Column("released_at", UtcDateTime, nullable=True),
    Index(
        "uq_locks_active",
        "team",
        "app",
        "environment",
        unique=True,
        sqlite_where=text("released_at IS NULL"),
        postgresql_where=text("released_at IS NULL"),
    ),
    Index(None, "repository_id", "pull_request"),
)

pull_holds = Table(
    "pull_holds",
    metadata,
    Column("id", Id, primary_key=True),
    Column("repository_id", BigInteger, nullable=False),
    Column("pull_request", Integer, nullable=False),
    Column("app", String(128), nullable=False, server_default=""),
    Column("environment", String(255), nullable=False, server_default=""),
    Column("set_by", String(128), nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
    Column("released_by", String(128), nullable=False, server_default=""),
    Column("released_at", UtcDateTime, nullable=True),
    Index(None, "repository_id", "pull_request"),
)

stops = Table(
    "stops",
    metadata,
    Column("id", Id, primary_key=True),
    # Both empty: everybody.
    Column("team", String(128), nullable=False, server_default=""),
    Column("app", String(128), nullable=False, server_default=""),
    Column("reason", Text, nullable=False),
    Column("set_by", String(128), nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("lifted_by", String(128), nullable=False, server_default=""),
    Column("lifted_at", UtcDateTime, nullable=True),
)

heads = Table(
    "heads",
    metadata,
    Column("id", Id, primary_key=True),
    Column("repository_id", BigInteger, nullable=False),
    Column("pull_request", Integer, nullable=False),
    Column("sha", String(64), nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Index(None, "repository_id", "pull_request", "seen_at"),
)

commands = Table(
    "commands",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(255), nullable=False, unique=True),
    Column("repository_id", BigInteger, nullable=True),
    Column("repository", String(255), nullable=False, server_default=""),
    Column("installation_id", BigInteger, nullable=True),
    Column("pull_request", Integer, nullable=True),
    Column("comment_id", BigInteger, nullable=True),
    Column("actor_id", BigInteger, nullable=True),
    Column("actor", String(128), nullable=False),
    Column("verb", String(32), nullable=False),
    Column("line", Text, nullable=False),
    Column("team", String(128), nullable=False, server_default=""),
    Column("app", String(128), nullable=False, server_default=""),
    Column("environment", String(255), nullable=False, server_default=""),
    Column("at", UtcDateTime, nullable=False),
    Column("decision", String(16), nullable=False),
    Column("reason", String(64), nullable=False, server_default=""),
    Column("sentence", Text, nullable=False, server_default=""),
    Column("answer", Text, nullable=False, server_default=""),
    Column("facts", JSON, nullable=False),
    Column("intent_id", Id, nullable=True),
    Index(None, "at"),
    Index(None, "intent_id"),
)
