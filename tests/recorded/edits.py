"""What the test bed can't be brought to do: pairs that are made from recorded ones, each by one small change."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.recorded import changes as to
from tests.recorded.moments import Moment, before, failed, progress
from tests.recorded.pair import Pair, to_text
from tests.recorded.recorder import to_expected

Change = Callable[[dict[str, Any]], None]
TimedChange = Callable[[dict[str, Any], datetime], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """A pair made from another one."""

    of: str
    what: str
    change: Change | None = None
    timed: TimedChange | None = None
    """One that has to know when it is."""
    deadline: float | None = None
    """Seconds after the patch."""
    later: float = 0.0
    """Seconds for which nothing changes any more."""
    moment: Moment

    @property
    def name(self) -> str:
        return f"edited-{self.moment.name}"


def edit(wish: Edit) -> Pair:
    """The edited pair, which says where it comes from."""
    origin = Pair.read(wish.of)
    objects, expected = copy.deepcopy(origin.objects), copy.deepcopy(origin.expected)
    if wish.change:
        wish.change(objects)
    if wish.timed:
        wish.timed(objects, origin.now)
    if wish.later:
        expected["now"] = to_text(origin.now + timedelta(seconds=wish.later))
    if wish.deadline is not None:
        expected["wanted"]["deadline"] = wish.deadline
    source = f"edited from {wish.of}: {wish.what}"
    return Pair(
        name=wish.name,
        objects=objects,
        expected={**expected, "source": source, "expected": to_expected(wish.moment)},
    )


def declare_anew(name: str, moment: Moment) -> None:
    """Write what the script expects by now into a pair that is there."""
    pair = Pair.read(name)
    Pair(name=name, objects=pair.objects, expected={**pair.expected, "expected": to_expected(moment)}).write()


def _goes_on(name: str, reason: str, *findings: str) -> Moment:
    return progress(name, before, reason, *findings)


def _fails(name: str, reason: str) -> Moment:
    return failed(name, before, reason)


def _ends(name: str, verdict: str, reason: str, *findings: str) -> Moment:
    return Moment(name=name, when=before, verdict=verdict, reason=reason, findings=frozenset(findings))


EDITS: tuple[Edit, ...] = (
    Edit(
        of="unready-later-unready",
        what="the pod stays unready",
        later=10,
        moment=_fails("stays-unready", "unready_in_soak"),
    ),
    Edit(
        of="missing-tag-verdict",
        what="the node's policy refuses the signature",
        change=to.says(
            "SignatureValidationFailed: image pull failed: no signatures exist", "SignatureValidationFailed"
        ),
        moment=_fails("signature", "image_signature"),
    ),
    Edit(
        of="missing-tag-verdict",
        what="the registry asks for patience",
        change=to.says("failed to resolve image: unexpected status code: 429 Too Many Requests"),
        moment=_goes_on("too-many-requests", "pods_creating", "image_pull"),
    ),
    Edit(
        of="missing-tag-verdict",
        what="the registry has a fault of its own",
        change=to.says("failed to resolve image: unexpected status code: 503 Service Unavailable"),
        moment=_goes_on("registry-fault", "pods_creating", "image_pull"),
    ),
    Edit(
        of="missing-config-map-verdict",
        what="the node is behind with what it knows of config maps",
        change=to.says("failed to sync configmap cache: timed out waiting for the condition"),
        moment=_goes_on("cache-not-synced", "container_config", "container_config"),
    ),
    Edit(
        of="command-not-found-verdict",
        what="the node, not the command, is to blame",
        change=to.start_fails(to.SHIM),
        moment=_goes_on("node-fault", "pods_creating", "node_fault"),
    ),
    Edit(
        of="missing-tag-verdict",
        what="the node evicted the pod",
        change=to.evicted,
        moment=_goes_on("evicted", "pods_creating"),
    ),
    Edit(
        of="exit-3-verdict",
        what="the node of the pod is lost",
        change=to.node_lost,
        moment=_goes_on("node-lost", "pods_creating"),
    ),
    Edit(
        of="exit-3-verdict",
        what="the pod is preempted",
        change=to.taken_away,
        moment=_goes_on("preempted", "pods_creating"),
    ),
    Edit(
        of="unschedulable-verdict",
        what="a node is on its way since a minute",
        timed=to.scale_up(seconds_before=60),
        moment=_goes_on("scale-up", "unschedulable", "unschedulable"),
    ),
    Edit(
        of="unschedulable-verdict",
        what="a node has been on its way for too long",
        timed=to.scale_up(seconds_before=301),
        moment=_fails("scale-up-too-late", "unschedulable"),
    ),
    Edit(
        of="unschedulable-verdict",
        what="the pod waits for its volume claim",
        change=to.scheduler_says(to.UNBOUND),
        moment=_goes_on("unbound-claim", "volume_pending", "volume_pending"),
    ),
    Edit(
        of="missing-secret-volume-later",
        what="no deadline of the cluster yet, and the pod's sandbox fails",
        change=to.still_finishing,
        timed=to.sandbox_fails,
        moment=_goes_on("sandbox-fails", "not_started", "not_started"),
    ),
    Edit(
        of="admission-policy-early",
        what="refused in other words",
        change=to.refusal_says('pods "web-" is forbidden: the node pool is closed'),
        moment=_goes_on("refused-early", "pods_refused", "pods_refused"),
    ),
    Edit(
        of="admission-policy-verdict",
        what="refused in other words",
        change=to.refusal_says('pods "web-" is forbidden: the node pool is closed'),
        moment=_fails("refused", "pods_refused"),
    ),
    Edit(
        of="admission-policy-verdict",
        what="a webhook denies",
        change=to.refusal_says('admission webhook "pods.example.com" denied the request: exceeded quota'),
        moment=_fails("webhook", "admission_denied"),
    ),
    Edit(
        of="good-starting",
        what="the replica set is not there yet",
        change=to.without_new_revision,
        moment=_goes_on("no-replica-set", "replica_set_pending"),
    ),
    Edit(
        of="statefulset-good-starting",
        what="the revision is not there yet",
        change=to.without_new_revision,
        moment=_goes_on("no-revision", "revision_pending"),
    ),
    Edit(
        of="stale-deadline-starting",
        what="the earlier rollout's failure is still on it",
        change=to.stale_deadline,
        moment=_goes_on("stale-failure", "pods_creating"),
    ),
    Edit(
        of="good-soaking",
        what="the condition is behind the counts",
        change=to.still_finishing,
        moment=_goes_on("finishing", "controller_finishing"),
    ),
    Edit(
        of="good-soaking",
        what="an old pod still counts",
        change=to.status_of(replicas=3),
        moment=_goes_on("old-pod", "old_pods_left"),
    ),
    Edit(
        of="good-finished",
        what="the node does not say which digest it runs",
        change=to.runs(""),
        moment=_goes_on("digest-unknown", "digest_unknown"),
    ),
    Edit(
        of="good-finished",
        what="the node does not say which digest it runs until the deadline",
        change=to.runs(""),
        deadline=10,
        moment=_ends("digest-never-known", "unknown", "digest_unknown"),
    ),
    Edit(
        of="good-finished",
        what="the pods run another digest",
        change=to.runs(to.OTHER_DIGEST),
        moment=_ends("other-digest", "failed", "digest_mismatch"),
    ),
    Edit(
        of="scaled-to-zero-verdict",
        what="a pod still stops",
        change=to.status_of(replicas=1),
        moment=_goes_on("scaling-to-zero", "scaling_to_zero"),
    ),
    Edit(
        of="unreachable-back-off",
        what="our own deadline is over",
        deadline=30,
        moment=_ends("deadline", "timed_out", "deadline", "image_pull"),
    ),
    Edit(
        of="statefulset-stuck-later",
        what="our own deadline is over",
        deadline=20,
        moment=_ends("stuck-deadline", "timed_out", "deadline", "stuck_pod"),
    ),
    Edit(
        of="good-starting",
        what="the container is no longer part of the workload",
        change=to.without_container,
        moment=_ends("container-removed", "superseded", "another_writer"),
    ),
    Edit(
        of="good-finished",
        what="the cluster keeps no deadline",
        change=to.without_deadline,
        moment=_ends("no-deadline", "succeeded", "finished"),
    ),
    Edit(
        of="good-finished",
        what="no controller has seen it",
        change=to.not_observed,
        moment=_goes_on("not-observed", "controller_pending"),
    ),
)
