"""Containers that do not stay up."""

from tests.testbed.cases.case import Case, Expected, Object

CRASH_LOOP = Expected(verdict="failed", reason="crash_loop", finding="crash_loop")


def _init(name: str, behaviour: str, **more: object) -> Object:
    return {"initContainers": [{"name": name, "image": "IMAGE", "args": [behaviour], **more}]}


CRASHES = (
    Case(name="exit-3", title="exit code 3 right after start", image="crash-at-start", expected=CRASH_LOOP),
    Case(name="exit-0", title="ends by itself with code 0", image="exit-zero", expected=CRASH_LOOP),
    Case(
        name="crash-later",
        soak=30,
        title="ready, and a crash after ten seconds",
        image="crash-later",
        container={"env": [{"name": "APP_CRASH_AFTER", "value": "10"}]},
        replicas=1,
        expected=Expected(verdict="failed", reason="restarted_in_soak", finding="restarted_in_soak", within=16),
    ),
    Case(
        name="crash-later-without-probe",
        soak=30,
        title="no probe, and a crash after ten seconds: for a while it counts as available",
        image="crash-later",
        container={"env": [{"name": "APP_CRASH_AFTER", "value": "10"}]},
        probe=False,
        replicas=1,
        expected=Expected(verdict="failed", reason="restarted_in_soak", finding="restarted_in_soak", within=16),
    ),
    Case(
        name="out-of-memory",
        title="killed at its memory limit",
        image="out-of-memory",
        container={"resources": {"limits": {"memory": "48Mi"}}},
        expected=Expected(verdict="failed", reason="out_of_memory", finding="out_of_memory"),
    ),
    Case(
        name="command-not-found",
        title="a command that is not in the image",
        container={"command": ["/nope"]},
        expected=Expected(verdict="failed", reason="cannot_start", finding="cannot_start"),
    ),
    Case(
        name="init-exits-3",
        title="an init container that exits with code 3",
        pod=_init("prepare", "crash-at-start"),
        expected=CRASH_LOOP,
    ),
    Case(
        name="sidecar-crashes",
        title="a sidecar (an init container that restarts) that keeps crashing",
        pod=_init("proxy", "crash-at-start", restartPolicy="Always"),
        expected=CRASH_LOOP,
    ),
    Case(
        name="liveness-fails",
        title="a liveness probe that never passes: the node kills the container again and again",
        container={
            "livenessProbe": {
                "httpGet": {"path": "/healthz", "port": 8081},
                "periodSeconds": 1,
                "failureThreshold": 1,
                "initialDelaySeconds": 1,
            },
            "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8081}, "periodSeconds": 1},
        },
        expected=Expected(verdict="failed", reason="liveness_killed", finding="liveness_killed", within=12),
    ),
    Case(
        name="unready-later",
        title="ready, and no longer after five seconds",
        image="unready-later",
        soak=30,
        replicas=1,
        expected=Expected(verdict="failed", reason="unready_in_soak", finding="unready_in_soak", within=14),
    ),
)
