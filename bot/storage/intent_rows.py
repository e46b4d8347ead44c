"""Rows of the intents table ↔ the domain's intents."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from bot.domain.intent import Evidence, Facts, Intent, Kind, NewIntent, Repository, State, Target


def to_intent(row: RowMapping) -> Intent:
    """A row as the domain knows it."""
    repository = Repository(
        id=row["repository_id"], full_name=row["repository"], installation_id=row["installation_id"]
    )
    target = Target(
        cluster=row["cluster"],
        namespace=row["namespace"],
        kind=row["workload_kind"],
        name=row["workload_name"],
        container=row["container"],
    )
    same = (
        "id key team app environment sha branch pull_request actor reason detail attempts image digest previous_image "
        "previous_sha actor_id command_id hotfix undoes restores workload_uid generation patch_sent_at patched_at "
        "complete_at progress state_since deadline_at created_at updated_at"
    )
    evidence = tuple(Evidence(**(item | {"log_lines": tuple(item["log_lines"])})) for item in row["evidence"])
    return Intent(
        repository=repository,
        target=target,
        kind=Kind(row["kind"]),
        state=State(row["state"]),
        evidence=evidence,
        accepted_digests=frozenset(row["accepted_digests"]),
        **{name: row[name] for name in same.split()},
    )


def from_wish(wish: NewIntent) -> dict[str, Any]:
    """The columns a wish fills."""
    return {
        "key": wish.key,
        "repository_id": wish.repository.id,
        "repository": wish.repository.full_name,
        "installation_id": wish.repository.installation_id,
        "team": wish.team,
        "app": wish.app,
        "environment": wish.environment,
        "kind": wish.kind,
        "sha": wish.sha,
        "branch": wish.branch,
        "pull_request": wish.pull_request,
        "actor": wish.actor,
        "cluster": wish.target.cluster,
        "namespace": wish.target.namespace,
        "workload_kind": wish.target.kind,
        "workload_name": wish.target.name,
        "container": wish.target.container,
        "target_key": wish.target.key,
        "actor_id": wish.actor_id,
        "command_id": wish.command_id,
        "hotfix": wish.hotfix,
        "undoes": wish.undoes,
        "restores": wish.restores,
    }


def from_facts(facts: Facts) -> dict[str, Any]:
    """The columns that facts change."""
    values: dict[str, Any] = dict(facts)
    if "evidence" in facts:
        values["evidence"] = [asdict(item) for item in facts["evidence"]]
    if "accepted_digests" in facts:
        values["accepted_digests"] = sorted(facts["accepted_digests"])
    return values
