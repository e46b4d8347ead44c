"""Which moments of which case are recorded, and what a person expects of each. Not from what the engine says."""

from tests.recorded.moments import (
    Moment,
    When,
    after,
    answered,
    asks_for,
    before,
    both,
    complete,
    condition,
    ends,
    failed,
    fresh,
    gone,
    made,
    overwritten,
    progress,
    restarts,
    runs_unready,
    tells,
    unscheduled,
    waits,
)  # fmt: skip

REFUSED = condition("ReplicaFailure", "True", "FailedCreate")
EXCEEDED = condition("Progressing", "False", "ProgressDeadlineExceeded")


def end(name: str, when: When, verdict: str, reason: str, *findings: str) -> Moment:
    return Moment(name=name, when=when, verdict=verdict, reason=reason, findings=frozenset(findings))


def pulls(code: str, creating: str = "pods_creating") -> tuple[Moment, ...]:
    """Doomed at the first sight of the error, and still while the node backs off."""
    return (
        progress("creating", fresh, creating),
        failed("verdict", waits("ErrImagePull"), code),
        failed("back-off", waits("ImagePullBackOff"), code),
    )


def crashes(code: str) -> tuple[Moment, ...]:
    """One exit may be bad luck, two are a loop."""
    return (failed("verdict", ends(2), code), failed("later", after(30), code))


def waiting_then(code: str, early: When, seconds: float) -> tuple[Moment, ...]:
    """It may still heal, until its grace is over."""
    return (
        progress("early", early, "pods_creating", code),
        failed("verdict", after(seconds), code),
    )


def refused_then(code: str, seconds: float) -> tuple[Moment, ...]:
    """The same for pods that are refused: that is the reason from the first moment."""
    return (progress("early", REFUSED, code, code), failed("verdict", after(seconds), code))


def good(starting: str = "pods_creating") -> tuple[Moment, ...]:
    return (
        progress("starting", made(), starting),
        progress("soaking", complete, "soaking"),
        end("finished", both(complete, after(40)), "succeeded", "finished"),
    )


OLD = (
    progress("before", before, "patch_not_seen"),
    progress("answered", answered, "controller_pending"),
)

SCRIPT: dict[str, tuple[Moment, ...]] = {
    "good": (*OLD, *good()),
    "good-without-probe": good(),
    "slow-start": (
        progress("unready", both(after(5), runs_unready), "pods_starting"),
        progress("soaking", complete, "soaking"),
        end("finished", both(complete, after(40)), "succeeded", "finished"),
    ),
    "crash-once": (
        progress("restarted", complete, "soaking", "crash_loop"),
        end("finished", both(complete, after(40)), "succeeded", "finished", "crash_loop"),
    ),
    "same-image": (
        end("answered", answered, "no_change", "no_change"),
        end("later", after(3), "no_change", "no_change"),
    ),
    "zero-replicas": (end("verdict", after(3), "neutral", "zero_replicas"),),
    "paused": (end("verdict", after(3), "paused", "paused"),),
    "stale-deadline": (
        progress("answered", answered, "controller_pending"),
        *good(),
    ),
    "missing-tag": pulls("image_not_found"),
    "index-without-platform": pulls("image_platform"),
    "other-platform": crashes("crash_loop"),
    "denied": pulls("image_denied"),
    "unreachable": (
        progress("early", waits("ErrImagePull"), "pods_creating", "image_pull"),
        progress("back-off", both(after(60), waits("ImagePullBackOff", "ErrImagePull")), "image_pull", "image_pull"),
        failed("verdict", after(185), "image_pull"),
    ),
    "invalid-name": (failed("verdict", waits("InvalidImageName"), "invalid_image_name"),),
    "never-pull": (failed("verdict", waits("ErrImageNeverPull"), "image_never_pulled"),),
    "exit-3": crashes("crash_loop"),
    "exit-0": crashes("crash_loop"),
    "crash-later": (
        progress("soaking", complete, "soaking"),
        failed("verdict", ends(1), "restarted_in_soak"),
        failed("looping", both(restarts(3), waits("CrashLoopBackOff")), "crash_loop"),
    ),
    "crash-later-without-probe": (
        progress("soaking", complete, "soaking"),
        failed("verdict", ends(1), "restarted_in_soak"),
    ),
    "unready-later": (
        progress("soaking", complete, "soaking"),
        progress("unready", runs_unready, "pods_starting"),
    ),
    "out-of-memory": crashes("out_of_memory"),
    "command-not-found": (
        failed("verdict", ends(1), "cannot_start"),
        failed("back-off", waits("CrashLoopBackOff"), "cannot_start"),
        failed("later", after(30), "cannot_start"),
    ),
    "init-exits-3": crashes("crash_loop"),
    "sidecar-crashes": crashes("crash_loop"),
    "liveness-fails": (failed("verdict", both(restarts(2), tells("Killing")), "liveness_killed"),),
    "missing-config-map": waiting_then("container_config", waits("CreateContainerConfigError"), 65),
    "missing-secret-key": waiting_then("container_config", waits("CreateContainerConfigError"), 65),
    "missing-secret-volume": (
        progress("early", fresh, "pods_creating"),
        end("verdict", EXCEEDED, "failed", "progress_deadline_exceeded"),
        end("later", both(after(35), tells("FailedMount")), "failed", "progress_deadline_exceeded", "volume_pending"),
    ),
    "never-ready": (
        progress("early", runs_unready, "pods_starting"),
        end("verdict", EXCEEDED, "failed", "progress_deadline_exceeded"),
        end("later", both(after(35), tells("Unhealthy")), "failed", "progress_deadline_exceeded", "not_ready"),
    ),
    "unschedulable": waiting_then("unschedulable", unscheduled, 305),
    "quota-exceeded": refused_then("quota_exceeded", 65),
    "quota-frees": (
        progress("early", REFUSED, "quota_exceeded", "quota_exceeded"),
        end("finished", both(complete, after(50)), "succeeded", "finished"),
    ),
    "quota-asks-for-requests": (failed("verdict", REFUSED, "quota_needs_requests"),),
    "limit-range": (failed("verdict", REFUSED, "limit_range"),),
    "pod-security": (failed("verdict", REFUSED, "pod_security"),),
    "missing-service-account": refused_then("service_account_missing", 35),
    "admission-policy": refused_then("admission_denied", 35),
    "statefulset-pod-security": (failed("verdict", tells("FailedCreate"), "pod_security"),),
    "daemonset-pod-security": (failed("verdict", tells("FailedCreate"), "pod_security"),),
    "statefulset-good": (*OLD, *good("pods_starting")),
    "statefulset-missing-tag": pulls("image_not_found"),
    "statefulset-stuck": (
        progress("answered", answered, "controller_pending"),
        progress("later", after(30), "stuck_pod", "stuck_pod"),
    ),
    "statefulset-healed": (
        progress("soaking", complete, "soaking"),
        end("finished", both(complete, after(40)), "succeeded", "finished"),
    ),
    "statefulset-partition": (
        progress("soaking", both(made(1, ready=1), after(4)), "soaking"),
        end("finished", after(40), "neutral", "partition"),
    ),
    "statefulset-on-delete": (end("verdict", after(3), "neutral", "on_delete"),),
    "statefulset-crashing": crashes("crash_loop"),
    "daemonset-good": (*OLD, *good("pods_starting")),
    "daemonset-crashing": crashes("crash_loop"),
    "daemonset-on-delete": (end("verdict", after(3), "neutral", "on_delete"),),
    "daemonset-no-node": (end("verdict", after(3), "neutral", "no_nodes"),),
    "another-writer": (end("verdict", both(overwritten, after(1)), "superseded", "another_writer"),),
    "deleted": (end("verdict", gone, "failed", "workload_deleted"),),
    "recreated": (end("verdict", after(6), "failed", "workload_recreated"),),
    "scaled": (
        progress("grown", both(made(), asks_for(3)), "pods_creating"),
        end("finished", both(complete, after(60)), "succeeded", "finished"),
    ),
    "paused-midway": (end("verdict", condition("Progressing", "Unknown", "DeploymentPaused"), "paused", "paused"),),
    "scaled-to-zero": (end("verdict", both(asks_for(0), after(15)), "neutral", "zero_replicas"),),
}
