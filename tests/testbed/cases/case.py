"""What a case is: a healthy workload, what changes, who interferes, and how it has to end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Object = dict[str, Any]
"""A Kubernetes object, or a part of one, as JSON. `IMAGE` in it stands for the image of that version."""

Kind = Literal["deployment", "statefulset", "daemonset"]

Source = Literal[
    "ok", "crash-at-start", "crash-later", "crash-once", "exit-zero", "out-of-memory", "never-ready",
    "unready-later", "slow",
    "missing", "other-platform", "index-without-platform", "denied", "unreachable", "invalid-name",
]  # fmt: skip
"""Where a version's image comes from: a behaviour of the demo application, or a fault of the image itself."""

Moment = Literal["at-once", "new-pod", "stuck", "complete"]
"""`new-pod`: the first pod of the new version exists; `stuck`: one of them waits or has ended; `complete`: as kubectl says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """How the case ends for Greenlane."""

    verdict: str
    """As `bot.domain.verdict.Verdict` writes it; empty where it stays in progress."""
    reason: str
    or_reason: str = ""
    """Another one that is as right: who watches may see a state in between."""
    finding: str = ""
    """Reason code that has to be among the findings; for a failure it mostly is the reason itself."""
    within: float = 5.0
    """Seconds from the first new pod (refusals, and where no pod is new: from the patch), the grace not counted."""
    grace: str = ""
    """Name of the grace of `bot.domain.graces.Graces` that has to be over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """What somebody else does in mid-rollout."""

    when: Moment
    do: Literal["patch", "delete", "recreate", "delete-stuck-pods"]
    patch: Object = field(default_factory=dict)
    """A merge patch of the workload; `OTHER` in it stands for a third version's image."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Case:
    """One rollout. Version 1 is always healthy; everything else is said here.

    The order: version 1 is complete → `rules` and `labels` come → `then` → `detour` until it is stuck → the change.
    """

    name: str
    """Also of its files: `missing-tag`."""
    title: str
    kind: Kind = "deployment"
    replicas: int = 2
    spec: Object = field(default_factory=dict)
    """Merged into the workload's spec from the start."""
    probe: bool = True
    """Whether the container has a readiness probe."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Of the namespace."""
    rules: tuple[Object, ...] = ()
    """Whole objects that are made after version 1; `NAMESPACE` in them stands for the namespace's name."""
    then: Object = field(default_factory=dict)
    """Merged into the workload's spec after version 1."""
    detour: Source | None = None
    """A version that is rolled out, and gets stuck, before the change."""
    image: Source = "ok"
    container: Object = field(default_factory=dict)
    """Merged into the container with the change."""
    pod: Object = field(default_factory=dict)
    """Merged into the pod's spec with the change."""
    same: bool = False
    """The change is to version 1: nothing changes, or with a detour it is put back."""
    acts: tuple[Act, ...] = ()
    refused: bool = False
    """Whether the cluster refuses to create the new pods; then the rules are waited for until they work."""
    soak: float = 3.0
    """Seconds the new pods are watched after they are all ready, before it is a success."""
    peers: bool = True
    """Whether kubectl and helm can be asked to do the same: one change, and nobody interferes."""
    expected: Expected

    @property
    def collection(self) -> str:
        return f"{self.kind}s"
