"""Workload + replica sets + pods + now → the rollout's verdict: ordered rules, the first that speaks decides.

Nothing is remembered between two looks: what the patch returned is in `Wanted`, the rest is read again each time, so a
restart, a missed event or a doubled one changes nothing.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.diagnosis import Finding, decisive, diagnose, runs_unready
from bot.domain.graces import DEFAULT_GRACES, Graces
from bot.domain.outside import as_code
from bot.domain.workload import Observation, Pod, Revision, Workload, find_condition

NO_DEADLINE = 2**31 - 1
"""How Kubernetes writes "no progress deadline"."""
_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What to hold the cluster to, remembered at patch time."""

    uid: str
    generation: int
    """`metadata.generation` that the patch returned."""
    container: str
    image: str
    """The pinned reference as the patch RETURNED it: admission may have rewritten ours."""
    digests: frozenset[str]
    """Digests a pod's `imageID` may show: the index's or a platform's, `sha256:…`."""
    patched_at: datetime
    deadline: datetime
    """Our own end of patience; the cluster's may be unset."""
    changed: bool = True
    """False when the image was there already: then the healthy end is `no_change`."""
    soak: timedelta = timedelta(0)
    """How long the new pods have to stay ready, without a restart, before success is said."""
    graces: Graces = DEFAULT_GRACES
    """How long trouble that may heal is borne."""


class Verdict(StrEnum):
    """How a rollout stands or ended. A rollout in progress has none."""

    SUCCEEDED = "succeeded"
    NO_CHANGE = "no_change"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    SUPERSEDED = "superseded"
    PAUSED = "paused"
    NEUTRAL = "neutral"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """One look at a rollout."""

    verdict: Verdict | None
    """None while it is in progress."""
    reason: str
    """Stable code: `pods_starting`, `crash_loop`, `digest_mismatch`."""
    sentence: str
    """One clause for people, without a full stop; outside text in it is inside code spans."""
    findings: tuple[Finding, ...] = ()
    progress: str = ""
    """`1 of 2 new pods ready`."""

    @property
    def in_progress(self) -> bool:
        """Whether to look again."""
        return self.verdict is None


def judge(observation: Observation, wanted: Wanted, now: datetime) -> Judgement:
    """The verdict for a Deployment, or the reason why there is none yet; never raises.

    Kubernetes' own conditions are only believed once they are about this rollout. `paused` is no end: it lasts until
    somebody resumes, and our own deadline does not run meanwhile.
    """
    workload = observation.workload
    if workload is None or workload.uid != wanted.uid:
        return _gone(workload)
    early = _before_rollout(workload, wanted)
    if early is not None:
        return _or_timed_out(early, wanted, now)
    revision = observation.new_revision
    if revision is None or revision.images.get(wanted.container) != wanted.image:
        waiting = _waiting("replica_set_pending", "the cluster has not made the new replica set yet")
        return _or_timed_out(_zero(observation, workload) or waiting, wanted, now)
    return _judge_pods(observation, workload, revision, wanted, now)


def _gone(workload: Workload | None) -> Judgement:
    if workload is None:
        return _end(Verdict.FAILED, "workload_deleted", "the workload was deleted during the rollout")
    text = f"`{workload.name}` was deleted and made anew during the rollout"
    return _end(Verdict.FAILED, "workload_recreated", f"{text}; what runs now is not what was deployed")


def _before_rollout(workload: Workload, wanted: Wanted) -> Judgement | None:
    """What can be said before the controller has acted; no condition is read here."""
    if workload.generation < wanted.generation:
        # The watch is older than our patch: what it shows is the past, also the image.
        return _waiting("patch_not_seen", "waiting for the cluster to show the change")
    if workload.images.get(wanted.container) != wanted.image:
        return _superseded(workload, wanted)
    if workload.observed_generation is None or workload.observed_generation < wanted.generation:
        return _waiting("controller_pending", "waiting for the cluster's controller to take up the change")
    if workload.paused:
        resume = f"kubectl -n {workload.namespace} rollout resume deployment/{workload.name}"
        return _end(Verdict.PAUSED, "paused", f"the rollout is paused; `{resume}` lets it go on")
    return None


def _superseded(workload: Workload, wanted: Wanted) -> Judgement:
    image = workload.images.get(wanted.container)
    if image is None:
        what = f"container `{wanted.container}` is no longer part of the workload"
    else:
        what = f"the image of container `{wanted.container}` was changed to {as_code(image)}"
    who = f" by {as_code(workload.last_writer)}" if workload.last_writer else ""
    return _end(Verdict.SUPERSEDED, "another_writer", f"{what}{who} during the rollout")


def _judge_pods(
    observation: Observation, workload: Workload, revision: Revision, wanted: Wanted, now: datetime
) -> Judgement:
    new, old = observation.pods_of(revision), observation.other_pods(revision)
    findings = diagnose(observation, revision, graces=wanted.graces, now=now)
    decided = (
        _mismatch(new, wanted)
        or _doomed(findings, new)
        or _deadline_exceeded(workload, revision, wanted, findings, now)
        or _zero(observation, workload)
        or _in_progress(workload, new, old, wanted)
        or _soaking(new, wanted, now)
        or _finished(workload, new, wanted)
    )
    shown = replace(decided, findings=findings, progress=_progress(workload, new))
    return _or_timed_out(shown, wanted, now)


def _mismatch(new: tuple[Pod, ...], wanted: Wanted) -> Judgement | None:
    for pod in new:
        digest = _digest_of(pod, wanted)
        if digest and digest not in wanted.digests:
            text = f"pod `{pod.name}` runs {as_code(digest)}, which is not the image that was verified"
            return _end(Verdict.FAILED, "digest_mismatch", text)
    return None


def _digest_of(pod: Pod, wanted: Wanted) -> str:
    """Manifest digest the pod's container runs; empty while unknown, or when the node shows only its own image id."""
    container = pod.container(wanted.container)
    found = _DIGEST.search(container.image_id) if container else None
    return found.group(1) if found else ""


def _doomed(findings: tuple[Finding, ...], new: tuple[Pod, ...]) -> Judgement | None:
    finding = decisive(findings, new)
    if finding is None:
        return None
    return _end(Verdict.FAILED, finding.reason, finding.sentence + _spread(finding, findings, new))


def _spread(finding: Finding, findings: tuple[Finding, ...], new: tuple[Pod, ...]) -> str:
    if not finding.pod:
        return ""
    alike = {each.pod for each in findings if (each.reason, each.container) == (finding.reason, finding.container)}
    return f", in {len(alike)} of {_pods(len(new))}"


def _deadline_exceeded(
    workload: Workload, revision: Revision, wanted: Wanted, findings: tuple[Finding, ...], now: datetime
) -> Judgement | None:
    """The cluster's own verdict, unless it is left over from an earlier rollout.

    The controller leaves the condition as it is until it sees progress, so a rollback first reads the old failure.
    """
    condition = find_condition(workload.conditions, "Progressing")
    seconds = _deadline_seconds(workload)
    if condition is None or condition.status != "False" or condition.reason != "ProgressDeadlineExceeded":
        return None
    ours = f'"{revision.name}"' in condition.message
    long_enough = seconds is not None and now - wanted.patched_at >= timedelta(seconds=seconds)
    if not ours and not long_enough:
        return None
    limit = f" within {seconds} s" if seconds is not None else ""
    text = f"the new pods made no progress{limit} (`progressDeadlineSeconds`)"
    return _end(Verdict.FAILED, "progress_deadline_exceeded", text + _because(findings))


def _deadline_seconds(workload: Workload) -> int | None:
    seconds = workload.progress_deadline_seconds
    return None if seconds is None or seconds >= NO_DEADLINE else seconds


def _zero(observation: Observation, workload: Workload) -> Judgement | None:
    """Zero replicas: applied, and nothing was verified. Never green."""
    if workload.replicas != 0:
        return None
    if workload.status_replicas or observation.other_pods(None):
        return _waiting("scaling_to_zero", "the workload is scaled to zero and its last pods still stop")
    return _end(Verdict.NEUTRAL, "zero_replicas", "applied, but the workload is scaled to zero: nothing runs")


def _in_progress(workload: Workload, new: tuple[Pod, ...], old: tuple[Pod, ...], wanted: Wanted) -> Judgement | None:
    """Why it is not finished; None when counts, pods and the controller all say that it is."""
    goal = workload.replicas
    # A pod that runs unready holds back those after it: then it is the cause, not that they are missing.
    if (workload.updated_replicas != goal or len(new) != goal) and not any(runs_unready(pod) for pod in new):
        return _waiting("pods_creating", f"{len(new)} of {_pods(goal)} created")
    if workload.available_replicas != goal or not all(pod.ready for pod in new):
        return _waiting("pods_starting", _progress(workload, new))
    if workload.status_replicas != workload.updated_replicas or old:
        return _waiting("old_pods_left", "the new pods are ready, the old ones still stop")
    if _deadline_seconds(workload) is not None and not _is_complete(workload):
        return _waiting(
            "controller_finishing", "the new pods are ready, the cluster's controller has not closed it yet"
        )
    if not all(_digest_of(pod, wanted) in wanted.digests for pod in new):
        return _waiting("digest_unknown", "the new pods are ready, but the node does not say which digest they run")
    return None


def _is_complete(workload: Workload) -> bool:
    condition = find_condition(workload.conditions, "Progressing")
    return condition is not None and condition.status == "True" and condition.reason == "NewReplicaSetAvailable"


def _soaking(new: tuple[Pod, ...], wanted: Wanted, now: datetime) -> Judgement | None:
    """Pods can pass one probe and fall over: success waits until all stayed ready for the soak time.

    A restart makes a pod ready anew, and so begins the time again. Clocks that differ can only shorten it by the time
    between patch and readiness.
    """
    if not wanted.changed or wanted.soak <= timedelta(0):
        return None
    ready = max((pod.ready_at or now for pod in new), default=now)
    until = max(ready, wanted.patched_at) + wanted.soak
    if now >= until:
        return None
    # No countdown: a sentence that changes every second would be written down every second.
    return _waiting("soaking", f"all new pods are ready; watching them until {until:%H:%M:%S} UTC")


def _finished(workload: Workload, new: tuple[Pod, ...], wanted: Wanted) -> Judgement:
    if not wanted.changed:
        return _end(Verdict.NO_CHANGE, "no_change", f"this image was running already: {_progress(workload, new)}")
    return _end(Verdict.SUCCEEDED, "finished", _progress(workload, new))


def _or_timed_out(judgement: Judgement, wanted: Wanted, now: datetime) -> Judgement:
    # What came up in time may still be watched to the end of its soak.
    deadline = wanted.deadline + (wanted.soak if judgement.reason == "soaking" else timedelta(0))
    if not judgement.in_progress or now < deadline:
        return judgement
    allowed = _lasting(wanted.deadline - wanted.patched_at)
    text = f"not finished after {allowed}: {judgement.sentence}{_because(judgement.findings)}"
    # Everything runs, and only which bytes can't be said: that is no failure of the new version.
    verdict = Verdict.UNKNOWN if judgement.reason == "digest_unknown" else Verdict.TIMED_OUT
    reason = judgement.reason if verdict is Verdict.UNKNOWN else "deadline"
    return replace(judgement, verdict=verdict, reason=reason, sentence=text)


def _because(findings: tuple[Finding, ...]) -> str:
    if not findings:
        return ""
    pod = f" (pod `{findings[0].pod}`)" if findings[0].pod else ""
    return f"; {findings[0].sentence}{pod}"


def _progress(workload: Workload, new: tuple[Pod, ...]) -> str:
    return f"{sum(pod.ready for pod in new)} of {_pods(workload.replicas)} ready"


def _lasting(time: timedelta) -> str:
    seconds = time.total_seconds()
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _pods(count: int) -> str:
    return f"{count} new pod" if count == 1 else f"{count} new pods"


def _waiting(reason: str, sentence: str) -> Judgement:
    return Judgement(verdict=None, reason=reason, sentence=sentence)


def _end(verdict: Verdict, reason: str, sentence: str) -> Judgement:
    return Judgement(verdict=verdict, reason=reason, sentence=sentence)
