"""Workload + revisions + pods + events + now → the rollout's verdict: ordered rules, the first that speaks decides.

Nothing is remembered between two looks: what the patch returned is in `Wanted`, the rest is read again each time, so a
restart, a missed event or a doubled one changes nothing.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.applied import kept_back, left_to_people, scaled_to_zero
from bot.domain.diagnosis import decisive, examine
from bot.domain.finding import Finding, Look
from bot.domain.judgement import (
    NO_DEADLINE,
    Judgement,
    Rollout,
    Verdict,
    Wanted,
    counted,
    deadline_seconds,
    end,
    wait,
)
from bot.domain.outside import as_code
from bot.domain.progress import lag, old_left, why_not_finished
from bot.domain.soak import find_lapse, soaking
from bot.domain.workload import Observation, Pod, Revision, Workload, WorkloadKind, find_condition

__all__ = ["NO_DEADLINE", "Judgement", "Verdict", "Wanted", "judge"]

_ITS_OWN_WORD = frozenset({"soaking", "digest_unknown", "scaling_to_zero"})
"""Reasons to wait that no finding about a pod explains better."""


def judge(observation: Observation, wanted: Wanted, now: datetime) -> Judgement:
    """The verdict, or the reason why there is none yet; never raises.

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
        return _or_timed_out(scaled_to_zero(observation, workload) or _no_revision(workload), wanted, now)
    return _judge_pods(observation, workload, revision, wanted, now)


def _gone(workload: Workload | None) -> Judgement:
    if workload is None:
        return end(Verdict.FAILED, "workload_deleted", "the workload was deleted during the rollout")
    text = f"`{workload.name}` was deleted and made anew during the rollout"
    return end(Verdict.FAILED, "workload_recreated", f"{text}; what runs now is not what was deployed")


def _before_rollout(workload: Workload, wanted: Wanted) -> Judgement | None:
    """What can be said before the controller has acted; no condition is read here."""
    if workload.generation < wanted.generation:
        # The watch is older than our patch: what it shows is the past, also the image.
        return wait("patch_not_seen", "waiting for the cluster to show the change")
    if workload.images.get(wanted.container) != wanted.image:
        return _superseded(workload, wanted)
    if workload.observed_generation is None or workload.observed_generation < wanted.generation:
        return wait("controller_pending", "waiting for the cluster's controller to take up the change")
    if workload.paused:
        resume = f"kubectl -n {workload.namespace} rollout resume deployment/{workload.name}"
        return end(Verdict.PAUSED, "paused", f"the rollout is paused; `{resume}` lets it go on")
    return None


def _superseded(workload: Workload, wanted: Wanted) -> Judgement:
    image = workload.images.get(wanted.container)
    if image is None:
        what = f"container `{wanted.container}` is no longer part of the workload"
    else:
        what = f"the image of container `{wanted.container}` was changed to {as_code(image)}"
    who = f" by {as_code(workload.last_writer)}" if workload.last_writer else ""
    return end(Verdict.SUPERSEDED, "another_writer", f"{what}{who} during the rollout")


def _no_revision(workload: Workload) -> Judgement:
    if workload.kind is WorkloadKind.DEPLOYMENT:
        return wait("replica_set_pending", "the cluster has not made the new replica set yet")
    return wait("revision_pending", "the cluster has not recorded the new version yet")


def _judge_pods(
    observation: Observation, workload: Workload, revision: Revision, wanted: Wanted, now: datetime
) -> Judgement:
    rollout = Rollout(
        workload=workload,
        revision=revision,
        new=observation.pods_of(revision),
        old=observation.other_pods(revision),
        wanted=wanted,
        now=now,
    )
    look = Look(
        observation=observation,
        revision=revision,
        graces=wanted.graces,
        now=now,
        patched_at=wanted.patched_at,
        container=wanted.container,
    )
    findings = examine(look)
    decided = (
        _mismatch(rollout)
        or _doomed(findings, rollout)
        or _deadline_exceeded(rollout, findings)
        or scaled_to_zero(observation, workload)
        or left_to_people(rollout)
        or _lapsed(rollout, look)
        or why_not_finished(rollout)
        or soaking(rollout)
        or _finished(rollout, observation)
    )
    shown = replace(decided, findings=_together(decided.findings, findings), progress=rollout.progress)
    return _tell(_or_timed_out(shown, wanted, now, lag(rollout)))


def _together(first: tuple[Finding, ...], others: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Each container once, as the verdict sees it."""
    places = {(each.pod, each.container) for each in first}
    return (*first, *(each for each in others if (each.pod, each.container) not in places))


def _mismatch(rollout: Rollout) -> Judgement | None:
    for pod in rollout.new:
        digest = rollout.digest_of(pod)
        if digest and digest not in rollout.wanted.digests:
            text = f"pod `{pod.name}` runs {as_code(digest)}, which is not the image that was verified"
            return end(Verdict.FAILED, "digest_mismatch", text)
    return None


def _doomed(findings: tuple[Finding, ...], rollout: Rollout) -> Judgement | None:
    finding = decisive(findings, rollout.new)
    if finding is None:
        return None
    return end(Verdict.FAILED, finding.reason, finding.sentence + _spread(finding, findings, rollout.new))


def _spread(finding: Finding, findings: tuple[Finding, ...], new: tuple[Pod, ...]) -> str:
    if not finding.pod:
        return ""
    alike = {each.pod for each in findings if (each.reason, each.container) == (finding.reason, finding.container)}
    return f", in {len(alike)} of {counted(len(new))}"


def _deadline_exceeded(rollout: Rollout, findings: tuple[Finding, ...]) -> Judgement | None:
    """The cluster's own verdict on a Deployment, unless it is left over from an earlier rollout.

    The controller leaves the condition as it is until it sees progress, so a rollback first reads the old failure.
    """
    workload, wanted = rollout.workload, rollout.wanted
    condition = find_condition(workload.conditions, "Progressing")
    if condition is None or condition.status != "False" or condition.reason != "ProgressDeadlineExceeded":
        return None
    seconds = deadline_seconds(workload)
    ours = f'"{rollout.revision.name}"' in condition.message
    long_enough = seconds is not None and rollout.now - wanted.patched_at >= timedelta(seconds=seconds)
    if workload.kind is not WorkloadKind.DEPLOYMENT or not (ours or long_enough):
        return None
    limit = f" within {seconds} s" if seconds is not None else ""
    text = f"the new pods made no progress{limit} (`progressDeadlineSeconds`)"
    return end(Verdict.FAILED, "progress_deadline_exceeded", text + _because(findings))


def _lapsed(rollout: Rollout, look: Look) -> Judgement | None:
    finding = find_lapse(rollout, look)
    if finding is None:
        return None
    judgement = end(Verdict.FAILED, finding.reason, f"{finding.sentence} (pod `{finding.pod}`)")
    return replace(judgement, findings=(finding,))


def _finished(rollout: Rollout, observation: Observation) -> Judgement:
    kept = kept_back(rollout)
    if kept is not None:
        return kept
    if rollout.now < rollout.wanted.deadline and any(
        _still_serves(rollout, pod) for pod in observation.stopping_pods()
    ):
        return old_left()
    if not rollout.wanted.changed:
        return end(Verdict.NO_CHANGE, "no_change", f"this image was running already: {rollout.progress}")
    return end(Verdict.SUCCEEDED, "finished", rollout.progress)


def _still_serves(rollout: Rollout, pod: Pod) -> bool:
    """A pod that stops stays ready until its containers have ended; on a node that is lost it stays so for ever."""
    is_over = pod.stops_by is not None and rollout.now >= pod.stops_by
    return pod.revision != rollout.revision.key and pod.ready and not is_over


def _or_timed_out(judgement: Judgement, wanted: Wanted, now: datetime, lagging: str = "") -> Judgement:
    deadline = wanted.deadline
    if judgement.reason == "soaking" or wanted.complete_at:
        # What came up in time may still be watched to the end of its soak.
        deadline = max(deadline, wanted.complete_at or deadline) + wanted.soak
    if not judgement.in_progress or now < deadline:
        return judgement
    allowed = _lasting(wanted.deadline - wanted.patched_at)
    text = f"not finished after {allowed}: {judgement.sentence}{lagging}{_because(judgement.findings)}"
    # Everything runs, and only which bytes can't be said: that is no failure of the new version.
    verdict = Verdict.UNKNOWN if judgement.reason == "digest_unknown" else Verdict.TIMED_OUT
    reason = judgement.reason if verdict is Verdict.UNKNOWN else "deadline"
    return replace(judgement, verdict=verdict, reason=reason, sentence=text)


def _tell(judgement: Judgement) -> Judgement:
    """While it goes on, what holds it up is said as soon as it is worth telling."""
    told = [each for each in judgement.findings if each.told]
    if not judgement.in_progress or not told or judgement.reason in _ITS_OWN_WORD:
        return judgement
    finding = min(told, key=lambda each: each.reason != "stuck_pod")
    text = f"{judgement.sentence}{_because((finding,))}"
    return replace(judgement, reason=finding.reason, sentence=text)


def _because(findings: tuple[Finding, ...]) -> str:
    if not findings:
        return ""
    pod = f" (pod `{findings[0].pod}`)" if findings[0].pod else ""
    return f"; {findings[0].sentence}{pod}"


def _lasting(time: timedelta) -> str:
    seconds = time.total_seconds()
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
