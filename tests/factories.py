"""Builders with defaults: a test names only what it is about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.catalog import Catalog, load_catalog
from bot.domain.intent import Intent, IntentId, Kind, NewIntent, Repository, State, Target

REPOSITORY = Repository(id=1, full_name="acme/checkout", installation_id=7)
TARGET = Target(namespace="payments-staging", kind="deployment", name="checkout", container="web")
NOW = datetime(2026, 3, 4, 11, 42, tzinfo=UTC)

CATALOG = """
version: 1
teams:
  payments:
    github: acme/payments
    apps:
      checkout:
        repository: acme/checkout
        branch: main
        image: registry.example/payments/checkout
        checks: {require: [build, test]}
        environments:
          staging: {namespace: payments-staging, workload: deployment/checkout, container: web, deploy: on-merge}
"""


def sha(letter: str) -> str:
    """A commit per letter: `sha("a")` is forty times `a`."""
    return letter * 40


def catalog(text: str = CATALOG) -> Catalog:
    return load_catalog({"greenlane.yaml": text})


def wish(**changes: Any) -> NewIntent:
    values: dict[str, Any] = {
        "key": f"automatic:1:payments/checkout:staging:{changes.get('sha', sha('a'))}",
        "repository": REPOSITORY,
        "team": "payments",
        "app": "checkout",
        "environment": "staging",
        "kind": Kind.AUTOMATIC,
        "sha": sha("a"),
        "branch": "main",
        "pull_request": 12,
        "actor": "alice",
        "target": TARGET,
    }
    return NewIntent(**(values | changes))


def intent(**changes: Any) -> Intent:
    base = wish(**{name: changes.pop(name) for name in list(changes) if name in NewIntent.__slots__})
    values: dict[str, Any] = {
        "id": IntentId(1),
        "state": State.WAITING_CHECKS,
        "reason": "",
        "detail": "",
        "state_since": NOW,
        "created_at": NOW,
        "updated_at": NOW,
    }
    wish_values = {name: getattr(base, name) for name in NewIntent.__slots__}
    return Intent(**(wish_values | values | changes))


def after(**duration: float) -> datetime:
    return NOW + timedelta(**duration)
