"""rolling_out: patch the workload once, then watch it to its verdict."""

import asyncio
from datetime import datetime, timedelta

import structlog

from bot.domain.diagnosis import Finding
from bot.domain.intent import Evidence, Facts, Intent, State
from bot.domain.outside import as_code, as_printed
from bot.domain.stuck import stuck_pods
from bot.domain.verdict import NO_DEADLINE, Judgement, Verdict, Wanted, judge
from bot.domain.workload import (
    ANNOTATION_COMMIT,
    ANNOTATION_DEPLOYED_BY,
    ANNOTATION_INTENT,
    ANNOTATION_PULL_REQUEST,
    Observation,
    Workload,
    WorkloadKind,
)
from bot.engine.outcome import CatalogRow, Move, Outcome, Stay, look_again, refused
from bot.engine.tools import Remember, Tools
from bot.errors import RejectedError, TransientError
from bot.storage import intents
from bot.telemetry.redaction import redact_outside

log = structlog.get_logger("greenlane.engine")

SOAK_LOOK = timedelta(seconds=1)
"""While only the soak time is left, nothing in the cluster has to move for it to end."""

LOG_LINES = 20
LOG_PATIENCE = 10.0
"""Seconds. The verdict does not wait for a node that is cut off."""
LONGEST_PAUSE = timedelta(days=1)
MOST_EVIDENCE = 3
DEFAULT_DEADLINE = timedelta(minutes=10)
LONGEST_ROLLOUT = timedelta(hours=6)
"""However many pods come up one after the other."""
DEADLINE_MARGIN = timedelta(seconds=60)
BLIND_MARGIN = timedelta(minutes=2)
"""How much longer than the rollout's deadline we look for the truth when the cluster can't be read."""

_STATES = {
    Verdict.SUCCEEDED: State.SUCCEEDED,
    Verdict.NO_CHANGE: State.SUCCEEDED,
    Verdict.FAILED: State.FAILED,
    Verdict.TIMED_OUT: State.FAILED,
    Verdict.SUPERSEDED: State.SUPERSEDED,
    Verdict.NEUTRAL: State.NEUTRAL,
    Verdict.CANCELLED: State.CANCELLED,
    Verdict.UNKNOWN: State.UNKNOWN,
}


async def run(tools: Tools, row: CatalogRow, intent: Intent, remember: Remember) -> Outcome:
    if intent.patched_at is None:
        return await _patch(tools, row, intent, remember)
    return await _watch(tools, row, intent)


async def _patch(tools: Tools, row: CatalogRow, intent: Intent, remember: Remember) -> Outcome:
    """Patch, unless an earlier try of ours has arrived; record what is about to be replaced first."""
    target = intent.target
    workload = await tools.cluster.read(target)
    if workload.uid != intent.workload_uid:
        raise RejectedError("workload_recreated", f"{target.workload} was deleted and made anew just now.")
    current = workload.images[target.container]
    if workload.annotations.get(ANNOTATION_INTENT) == str(intent.id):
        if not _runs(workload, intent):  # ours had arrived, and somebody has changed it since
            detail = f"the image of container `{target.container}` was changed to {as_code(current)} after our patch"
            return Move(state=State.SUPERSEDED, reason="another_writer", detail=detail)
        return _patched(tools, row, intent, workload, detail="found our own patch in place")
    await remember(Facts(previous_image=current, patch_sent_at=tools.clock()))
    try:
        patched = await tools.cluster.patch(
            target,
            uid=intent.workload_uid,
            expected_image=current,
            expected_intent=workload.annotations.get(ANNOTATION_INTENT, ""),
            image=intent.image,
            annotations=annotations(intent),
        )
    except RejectedError as error:
        return refused(error)  # the API server's own no to this very patch
    detail = "patched" if patched.changed else "the workload ran this image already"
    return _patched(tools, row, intent, patched.workload, detail=detail)


def annotations(intent: Intent) -> dict[str, str]:
    """Who, what and why, for whoever looks at the workload."""
    return {
        ANNOTATION_INTENT: str(intent.id),
        ANNOTATION_COMMIT: intent.sha,
        ANNOTATION_PULL_REQUEST: f"{intent.repository.full_name}#{intent.pull_request}" if intent.pull_request else "",
        ANNOTATION_DEPLOYED_BY: intent.actor,
    }


def _runs(workload: Workload, intent: Intent) -> bool:
    return workload.images.get(intent.target.container, "").endswith(f"@{intent.digest}")


def _patched(tools: Tools, row: CatalogRow, intent: Intent, workload: Workload, *, detail: str) -> Stay:
    now = tools.clock()
    facts = Facts(
        generation=workload.generation,
        patched_at=now,
        deadline_at=now + _allowed(row, workload) + row.environment.soak + BLIND_MARGIN,
        image=workload.images.get(intent.target.container, intent.image),
    )
    return Stay(detail=detail, again_in=timedelta(0), facts=facts)


async def _watch(tools: Tools, row: CatalogRow, intent: Intent) -> Outcome:
    """Judge what the cluster shows now."""
    now = tools.clock()
    observation = await tools.cluster.observe(intent.target)
    wanted = _wanted(row, intent, ran=await _held_already(tools, intent))
    judgement = judge(observation, wanted, now)
    if judgement.verdict is None or judgement.verdict is Verdict.PAUSED:
        soaking = judgement.reason == "soaking"
        again_in = SOAK_LOOK if soaking else look_again(intent.state)
        facts = _paused(row, intent, observation.workload, now) if judgement.verdict is Verdict.PAUSED else Facts()
        if soaking and intent.complete_at is None:
            facts = Facts(complete_at=now)
        elif _ready(judgement.progress) > _ready(intent.progress):
            facts = _went_on(row, intent, judgement.progress, observation.workload, now)
        deleted = await _delete_stuck(tools, row, intent, observation, now)
        return Stay(
            detail=deleted or judgement.sentence,
            reason=judgement.reason,
            again_in=again_in,
            facts=facts,
            told=any(finding.told for finding in judgement.findings),
        )
    return await _end(tools, intent, judgement)


async def _delete_stuck(tools: Tools, row: CatalogRow, intent: Intent, observation: Observation, now: datetime) -> str:
    """A StatefulSet waits for ever for a broken pod of another version: away with it, where the catalog allows it.

    Repeatable: a pod is deleted by its uid. Says what was deleted; empty: nothing.
    """
    revision = observation.new_revision
    if not row.environment.delete_broken_pods or revision is None or intent.target.kind != WorkloadKind.STATEFULSET:
        return ""
    stuck = stuck_pods(observation, revision, row.environment.graces, now)
    try:
        gone = [pod.name for pod in stuck if await tools.cluster.delete_pod(intent.target, pod=pod.name, uid=pod.uid)]
    except RejectedError as error:  # without the right to, a person is told the command
        log.warning("broken_pod_not_deleted", error=str(error))
        return ""
    return f"deleted the broken pod of another version: {', '.join(as_code(name) for name in gone)}" if gone else ""


async def _held_already(tools: Tools, intent: Intent) -> bool:
    """Whether this very image was running well: what failed and was kept has to prove itself as if it were new."""
    if intent.previous_image != intent.image:
        return False
    async with tools.database.begin() as connection:
        last = await intents.last_touching(connection, target_key=intent.target.key, except_id=intent.id)
    return last is None or (last.state is State.SUCCEEDED and last.digest == intent.digest)


def _wanted(row: CatalogRow, intent: Intent, *, ran: bool) -> Wanted:
    if intent.patched_at is None:
        raise TransientError("the patch is not recorded yet")
    return Wanted(
        uid=intent.workload_uid,
        generation=intent.generation,
        container=intent.target.container,
        image=intent.image,
        digests=intent.accepted_digests,
        patched_at=intent.patched_at,
        deadline=(intent.deadline_at or intent.patched_at) - row.environment.soak - BLIND_MARGIN,
        changed=intent.previous_image != intent.image or not ran,
        soak=row.environment.soak,
        graces=row.environment.graces,
        complete_at=intent.complete_at,
    )


def _ready(progress: str) -> int:
    """The count at its front."""
    count = progress.partition(" ")[0]
    return int(count) if count.isdecimal() else 0


def _went_on(row: CatalogRow, intent: Intent, progress: str, workload: Workload | None, now: datetime) -> Facts:
    """As in the cluster, the time allowed is for no progress at all; what the catalog allows is for everything."""
    if row.environment.rollout_deadline:
        return Facts(progress=progress)
    later = now + _allowed(row, workload) + row.environment.soak + BLIND_MARGIN
    return Facts(progress=progress, deadline_at=min(later, intent.state_since + LONGEST_ROLLOUT))


def _paused(row: CatalogRow, intent: Intent, workload: Workload | None, now: datetime) -> Facts:
    """The deadline does not run while somebody holds the rollout, for up to a day."""
    later = now + _allowed(row, workload) + row.environment.soak + BLIND_MARGIN
    return Facts(deadline_at=min(later, intent.state_since + LONGEST_PAUSE))


def _allowed(row: CatalogRow, workload: Workload | None) -> timedelta:
    """How long the rollout may take: the environment's word, else the workload's own plus a margin."""
    if row.environment.rollout_deadline:
        return row.environment.rollout_deadline
    seconds = workload.progress_deadline_seconds if workload else None
    if not seconds or seconds >= NO_DEADLINE:
        return DEFAULT_DEADLINE
    return timedelta(seconds=seconds) + DEADLINE_MARGIN


async def _end(tools: Tools, intent: Intent, judgement: Judgement) -> Move:
    assert judgement.verdict is not None  # noqa: S101 - narrowed by the caller
    shown = judgement.findings[:MOST_EVIDENCE]
    evidence = await asyncio.gather(*(_evidence(tools, intent, finding) for finding in shown))
    return Move(
        state=_STATES[judgement.verdict],
        reason=judgement.reason,
        detail=judgement.sentence,
        facts=Facts(evidence=list(evidence)),
    )


async def _evidence(tools: Tools, intent: Intent, finding: Finding) -> Evidence:
    """The finding with the container's last words; a log that can't be read does not change the verdict."""
    lines: list[str] = []
    if finding.pod and finding.container:
        try:
            async with asyncio.timeout(LOG_PATIENCE):
                lines = await tools.cluster.last_log_lines(
                    intent.target,
                    pod=finding.pod,
                    container=finding.container,
                    previous=finding.previous_logs,
                    lines=LOG_LINES,
                )
        except (RejectedError, TransientError, TimeoutError):
            lines = []
    return Evidence(
        reason=finding.reason,
        sentence=finding.sentence,
        pod=finding.pod,
        container=finding.container,
        exit_code=finding.exit_code,
        words=redact_outside(as_printed(finding.evidence)),
        event=redact_outside(as_printed(finding.event)),
        # Before it is stored: what an app prints at its end may hold a password.
        log_lines=tuple(redact_outside(as_printed("\n".join(lines))).split("\n")) if lines else (),
        next_step=finding.next_step,
    )
