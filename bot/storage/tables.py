"""Every table, in one place. Enum values are stored as their text, times as aware UTC."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in and out; SQLite forgets the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        _ = dialect
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone was about to be stored")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        _ = dialect
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only an INTEGER key


def _lease_columns() -> list[Column[Any]]:
    """Columns of a row that workers claim: due, held by, until, and the number that makes a stale write fail."""
    return [
        Column("due_at", UtcDateTime, nullable=True),
        Column("lease_owner", String(64), nullable=True),
        Column("lease_until", UtcDateTime, nullable=True),
        Column("fence", Integer, nullable=False, server_default="0"),
        Column("attempts", Integer, nullable=False, server_default="0"),
    ]


deliveries = Table(
    "deliveries",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("guid", String(64), nullable=False),
    Column("hook_id", String(32), nullable=False),
    Column("event", String(64), nullable=False),
    Column("action", String(64), nullable=False, server_default=""),
    Column("repository", String(255), nullable=False, server_default=""),
    Column("hint", JSON, nullable=True),
    Column("body", LargeBinary, nullable=False),  # zlib of the raw bytes
    Column("status", String(16), nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("received_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime, nullable=True),
    *_lease_columns(),
    UniqueConstraint("guid", "hook_id"),
    Index(None, "due_at"),
    Index(None, "received_at"),
)

intents = Table(
    "intents",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("key", String(512), nullable=False, unique=True),
    Column("repository_id", BigInteger, nullable=False),
    Column("repository", String(255), nullable=False),
    Column("installation_id", BigInteger, nullable=False),
    Column("team", String(128), nullable=False),
    Column("app", String(128), nullable=False),
    Column("environment", String(255), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("sha", String(64), nullable=False),
    Column("branch", String(255), nullable=False),
    Column("pull_request", Integer, nullable=True),
    Column("actor", String(128), nullable=False, server_default=""),
    Column("cluster", String(128), nullable=False),
    Column("namespace", String(128), nullable=False),
    Column("workload_kind", String(32), nullable=False),
    Column("workload_name", String(253), nullable=False),
    Column("container", String(128), nullable=False),
    Column("target_key", String(700), nullable=False),
    Column("state", String(32), nullable=False),
    Column("reason", String(64), nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default=""),
    Column("evidence", JSON, nullable=False),
    Column("image", String(1024), nullable=False, server_default=""),
    Column("digest", String(128), nullable=False, server_default=""),
    Column("accepted_digests", JSON, nullable=False),
    Column("previous_image", String(1024), nullable=False, server_default=""),
    Column("previous_sha", String(64), nullable=False, server_default=""),
    # A rollback's: the intent it takes back, and the release it goes back to.
    Column("undoes", _Id, nullable=True),
    Column("restores", _Id, nullable=True),
    Column("workload_uid", String(64), nullable=False, server_default=""),
    Column("generation", BigInteger, nullable=False, server_default="0"),
    # Set before a patch leaves, `patched_at` when its answer came: between them nobody knows.
    Column("patch_sent_at", UtcDateTime, nullable=True),
    Column("patched_at", UtcDateTime, nullable=True),
    Column("state_since", UtcDateTime, nullable=False),
    Column("deadline_at", UtcDateTime, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    *_lease_columns(),
    Index(None, "due_at"),
    Index(None, "repository_id", "sha"),
    Index(None, "repository_id", "pull_request"),
    Index(None, "target_key", "state"),
    # One running rollout per target, held by the database and not by our care.
    Index(
        "uq_intents_running_target",
        "target_key",
        unique=True,
        sqlite_where=text("state = 'rolling_out'"),
        postgresql_where=text("state = 'rolling_out'"),
    ),
)

transitions = Table(
    "transitions",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("intent_id", _Id, ForeignKey("intents.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("before", String(32), nullable=False, server_default=""),
    Column("state", String(32), nullable=False),
    Column("reason", String(64), nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default=""),
    Index(None, "intent_id"),
)

holds = Table(
    "holds",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("team", String(128), nullable=False),
    Column("app", String(128), nullable=False),
    Column("environment", String(255), nullable=False),
    Column("reason", Text, nullable=False),
    Column("set_by", String(128), nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
    Column("intent_id", _Id, nullable=True),  # the rollback that set it
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

outbox = Table(
    "outbox",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("key", String(255), nullable=False, unique=True),
    Column("kind", String(32), nullable=False),
    Column("intent_id", _Id, ForeignKey("intents.id"), nullable=False),
    Column("installation_id", BigInteger, nullable=False),
    Column("argument", String(64), nullable=False, server_default=""),
    Column("status", String(16), nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("external_id", BigInteger, nullable=True),
    Column("last_error", Text, nullable=False, server_default=""),
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime, nullable=True),
    *_lease_columns(),
    Index(None, "due_at"),
    Index(None, "intent_id"),
)

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
