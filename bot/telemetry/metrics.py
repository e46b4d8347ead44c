"""Every metric's name, labels and meaning in one file. One `Metrics` a process, made by the wiring and passed down."""

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

KNOWN_EVENTS: Final = frozenset(
    {
        "check_run",
        "check_suite",
        "deployment_status",
        "installation",
        "installation_repositories",
        "issue_comment",
        "ping",
        "pull_request",
        "push",
        "status",
        "unverified",  # refused before its name could be believed
        "workflow_run",
    }
)
"""Events that get a label of their own; the name in a request is anybody's, and each new one would cost memory."""

_PATCH_BUCKETS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
_ROLLOUT_BUCKETS: Final = (1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800)


class Metrics:
    """What `/metrics` tells. A registry of its own, so that tests and processes stay apart."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._deliveries = Counter(
            "greenlane_deliveries", "Webhook deliveries by event and outcome.", ["event", "outcome"], registry=registry
        )
        self._intents = Gauge("greenlane_intents", "Intents by state, as last counted.", ["state"], registry=registry)
        self._green_to_patch = Histogram(
            "greenlane_green_to_patch_seconds",
            "From the last green check to the stored patch.",
            buckets=_PATCH_BUCKETS,
            registry=registry,
        )
        self._rollout = Histogram(
            "greenlane_rollout_seconds",
            "From the patch to the verdict.",
            ["verdict"],
            buckets=_ROLLOUT_BUCKETS,
            registry=registry,
        )
        self._outbox_pending = Gauge("greenlane_outbox_pending", "Writes to GitHub not done yet.", registry=registry)
        self._github_requests = Counter(
            "greenlane_github_requests", "Requests to GitHub by status code.", ["status"], registry=registry
        )

    def delivery(self, event: str, outcome: str) -> None:
        """One webhook; `outcome` is one of our own words (`stored`, `repeated`, `bad_signature`, …)."""
        self._deliveries.labels(event if event in KNOWN_EVENTS else "other", outcome).inc()

    def intents(self, by_state: Mapping[str, int]) -> None:
        """The counts of now; states that are not in it have none."""
        self._intents.clear()
        for state, count in by_state.items():
            self._intents.labels(state).set(count)

    def green_to_patch(self, seconds: float) -> None:
        """One patch was stored so long after its last check turned green."""
        self._green_to_patch.observe(max(seconds, 0))

    def rollout(self, verdict: str, seconds: float) -> None:
        """One rollout ended; `verdict` is the intent's state."""
        self._rollout.labels(verdict).observe(max(seconds, 0))

    def outbox_pending(self, count: int) -> None:
        """Writes still waiting."""
        self._outbox_pending.set(count)

    def github_request(self, status: int | None) -> None:
        """One request; None when no answer came."""
        self._github_requests.labels("none" if status is None else str(status)).inc()

    def render(self) -> bytes:
        """The text of `/metrics`, to be sent as `CONTENT_TYPE`."""
        return generate_latest(self.registry)
