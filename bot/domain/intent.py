"""The intent: the wish that one commit of one app runs in one environment, and its legal ways."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType, TypedDict

IntentId = NewType("IntentId", int)


class Kind(StrEnum):
    """Why an intent exists."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    ROLLBACK = "rollback"


class State(StrEnum):
    """Where an intent is. The order of the open ones is the order of the work."""

    WAITING_CHECKS = "waiting_checks"
    RESOLVING_IMAGE = "resolving_image"
    QUEUED = "queued"
    ROLLING_OUT = "rolling_out"
    SUCCEEDED = "succeeded"
    NEUTRAL = "neutral"  # applied, but nothing runs (zero replicas): nothing was verified
    FAILED = "failed"  # the cluster was changed and the new version did not hold
    REFUSED = "refused"  # ended before the cluster was touched
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # the deadline passed and the truth could not be read

    @property
    def is_open(self) -> bool:
        """Whether somebody still works on it."""
        return self in OPEN_STATES


OPEN_STATES = frozenset({State.WAITING_CHECKS, State.RESOLVING_IMAGE, State.QUEUED, State.ROLLING_OUT})
_ENDS = frozenset({State.REFUSED, State.SUPERSEDED, State.CANCELLED})

TRANSITIONS: dict[State, frozenset[State]] = {
    State.WAITING_CHECKS: _ENDS | {State.RESOLVING_IMAGE},
    State.RESOLVING_IMAGE: _ENDS | {State.QUEUED, State.WAITING_CHECKS},
    State.QUEUED: _ENDS | {State.ROLLING_OUT, State.WAITING_CHECKS},
    State.ROLLING_OUT: frozenset(
        {
            State.SUCCEEDED,
            State.NEUTRAL,
            State.FAILED,
            State.REFUSED,  # the patch itself was refused: nothing changed
            State.SUPERSEDED,
            State.CANCELLED,
            State.UNKNOWN,
        }
    ),
    # A failed check that was run again and passed: the wish is the same one.
    State.REFUSED: frozenset({State.WAITING_CHECKS}),
    State.SUCCEEDED: frozenset(),
    State.NEUTRAL: frozenset(),
    State.FAILED: frozenset(),
    State.SUPERSEDED: frozenset(),
    State.CANCELLED: frozenset(),
    State.UNKNOWN: frozenset(),
}


def is_legal(before: State, after: State) -> bool:
    """Whether an intent may go from one state to the other."""
    return after in TRANSITIONS[before]


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A repository as an installation sees it; the id stays when the name changes."""

    id: int
    full_name: str
    installation_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where exactly one app environment runs."""

    namespace: str
    kind: str
    """`deployment`, as the catalog writes it."""
    name: str
    container: str
    cluster: str = "default"

    @property
    def key(self) -> str:
        """One string per target; unique in the catalog and in the running intents."""
        return f"{self.cluster}/{self.namespace}/{self.kind}/{self.name}/{self.container}"

    @property
    def workload(self) -> str:
        """`deployment/checkout`, as people say it."""
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What was seen of one failure, ready to be shown: who, where, why, the last words, what to do."""

    reason: str
    sentence: str
    pod: str = ""
    container: str = ""
    exit_code: int | None = None
    words: str = ""
    """The cluster's own words: outside text, one line."""
    event: str = ""
    """The cluster's last event about it: outside text, one line."""
    log_lines: tuple[str, ...] = ()
    next_step: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewIntent:
    """A wish before it has a row. `key` makes the same wish arrive once, however often it is told."""

    key: str
    repository: Repository
    team: str
    app: str
    environment: str
    kind: Kind
    sha: str
    branch: str
    pull_request: int | None
    actor: str
    """Login of the person (or bot) whose act this is: for a merge, who merged. `greenlane` for our own acts."""
    target: Target
    actor_id: int | None = None
    """The person's number, where a person asked for it; logins can change hands."""
    command_id: int | None = None
    """The command that asked for it."""
    hotfix: str = ""
    """The reason for which it may pass a stop or a closed window."""
    undoes: IntentId | None = None
    """A rollback's: the intent whose code it takes back."""
    restores: IntentId | None = None
    """A rollback's: the release it goes back to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent(NewIntent):
    """One row of the intents table. Times are aware UTC."""

    id: IntentId
    state: State
    reason: str
    """A stable code, or empty: `checks_failed`, `image_not_found`, `crash_loop`."""
    detail: str
    """One sentence for people: what happened or what it waits for."""
    attempts: int = 0
    """Looks since it entered its state, without an answer that counted."""
    evidence: tuple[Evidence, ...] = ()
    image: str = ""
    """`repository:tag@sha256:…` once resolved; empty before."""
    digest: str = ""
    accepted_digests: frozenset[str] = frozenset()
    """What a pod may report as its image: the index, or one of its platforms."""
    previous_image: str = ""
    """What the container ran before our patch."""
    previous_sha: str = ""
    workload_uid: str = ""
    generation: int = 0
    """`metadata.generation` that our patch returned; 0 before."""
    patch_sent_at: datetime | None = None
    """When our patch left; from then on the cluster may have changed."""
    patched_at: datetime | None = None
    """When the cluster's answer to it was stored."""
    complete_at: datetime | None = None
    """When all new pods were first seen ready."""
    progress: str = ""
    """How many new pods were ready when it last went on: `3 of 20 new pods ready`."""
    state_since: datetime
    deadline_at: datetime | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def short_sha(self) -> str:
        """The seven characters people recognise."""
        return self.sha[:7]


class Facts(TypedDict, total=False):
    """What a step learned and wants stored in the intent's row."""

    evidence: Sequence[Evidence]
    image: str
    digest: str
    accepted_digests: frozenset[str]
    previous_image: str
    previous_sha: str
    workload_uid: str
    generation: int
    patch_sent_at: datetime | None
    patched_at: datetime
    complete_at: datetime
    progress: str
    deadline_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """One line of an intent's timeline."""

    at: datetime
    state: State
    reason: str
    detail: str
