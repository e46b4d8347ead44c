"""A container that ends → why, and whether it is doomed: a crash loop is known after two failed exits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.events import latest
from bot.domain.finding import TOLD_AFTER, Finding, Look, in_one_line, said
from bot.domain.waiting import FIX_COMMAND, NODE_FAULT, PROGRAM_FAULT
from bot.domain.workload import Container, Event, Pod, Terminated, find_condition

SETTLED_RESTARTS = 3
RIGHT_AFTER_START = timedelta(seconds=3)
ADD_PROBE = " It has no readiness probe, so it counts as ready before it can serve: add one."
_FAILED_STARTS = frozenset({"StartError", "ContainerCannotRun"})
_LOST = "ContainerStatusUnknown"
"""The node went away with the container: that is no exit of the program."""
_CODES = {"OOMKilled": "out_of_memory", "StartError": "cannot_start", "ContainerCannotRun": "cannot_start"}
_PROBES = ("liveness", "startup")


@dataclass(frozen=True, slots=True)
class _Killed:
    """The probe for which the node killed a container, and the event that says so."""

    probe: str
    event: Event


def find_crash(look: Look, pod: Pod, container: Container) -> Finding | None:
    """Exits of a container that should run on; an init container may end, but only with 0.

    Two exits are fatal while it is not ready; one is, when its program is not there. A container that once passed its
    own readiness probe is given one more restart: it may have lost something that comes back.
    """
    exits = failed_exits(container)
    if not exits or (_may_end(container) and container.terminated and container.terminated.exit_code == 0):
        return None
    if look.probe and was_ready(pod) and (look.is_ours(container) or not look.container):
        looping = container.restarts >= SETTLED_RESTARTS
    else:
        looping = len(exits) == 2 or container.restarts >= 2 or _is_program_fault(exits[0])
    fatal = looping and not container.ready and not is_node_fault(exits[0])
    since = _first_end(exits) or pod.started_at or pod.created_at or look.now
    killed = _killed(look, pod, container)
    return Finding(
        reason="liveness_killed" if killed else _CODES.get(exits[0].reason, "crash_loop"),
        pod=pod.name,
        container=container.name,
        since=since,
        fatal=fatal,
        sentence=exit_sentence(look, pod, container),
        exit_code=exits[0].exit_code,
        previous_logs=container.terminated is None,
        next_step=_next_step(look, container, exits[0], killed),
        evidence=in_one_line(exits[0].message),
        event=said(killed.event) if killed else "",
        told=fatal or (not container.ready and look.lasted(since) >= TOLD_AFTER),
    )


def failed_exits(container: Container) -> list[Terminated]:
    """Newest first; for a container that should run on, any end is a failed one."""
    ends = [each for each in (container.terminated, container.last_terminated) if each and each.reason != _LOST]
    return [each for each in ends if each.exit_code != 0 or not _may_end(container)]


def is_node_fault(end: Terminated) -> bool:
    """Whether the node, not the image, is to blame."""
    # The message of an ordinary exit is the program's own, and may speak of anything.
    return end.reason in _FAILED_STARTS and not _is_program_fault(end) and NODE_FAULT.search(end.message) is not None


def _is_program_fault(end: Terminated) -> bool:
    return end.reason in _FAILED_STARTS and PROGRAM_FAULT.search(end.message) is not None


def was_ready(pod: Pod) -> bool:
    """Whether it is or has been ready: the first `Ready=False` carries the time the kubelet took the pod over."""
    condition = find_condition(pod.conditions, "Ready")
    if pod.ready or condition is None or condition.changed_at is None or pod.started_at is None:
        return pod.ready
    return condition.changed_at - pod.started_at > timedelta(seconds=1)


def exit_sentence(look: Look, pod: Pod, container: Container) -> str:
    """How the newest of its failed exits is told; it must have one."""
    end, name = failed_exits(container)[0], called(container)
    killed = _killed(look, pod, container)
    if killed:
        return f"{name} is killed because its {killed.probe} probe fails (exit code {end.exit_code})"
    if end.reason == "OOMKilled":
        return f"{name} needs more memory than its limit and is killed (exit code {end.exit_code})"
    if end.reason in _FAILED_STARTS:
        return f"the command of {name} can't be run"
    if end.exit_code == 0:
        return f"{name} ends by itself with code 0, and a workload's container must run on"
    return f"{name} exits with code {end.exit_code}{_lifetime(end)}"


def called(container: Container) -> str:
    """The container as people call it."""
    kind = "sidecar" if container.sidecar else "init container" if container.init else "container"
    return f"{kind} `{container.name}`"


def lifetime(end: Terminated) -> timedelta | None:
    """How long it ran; None when the node does not say."""
    if end.started_at is None or end.finished_at is None:
        return None
    return end.finished_at - end.started_at


def _may_end(container: Container) -> bool:
    return container.init and not container.sidecar


def _first_end(exits: list[Terminated]) -> datetime | None:
    return min((each.finished_at for each in exits if each.finished_at), default=None)


def _killed(look: Look, pod: Pod, container: Container) -> _Killed | None:
    """Whether a probe had it killed; the exit itself then says 137, 143 or what the program makes of the signal."""
    end = failed_exits(container)[0]
    if end.reason in _CODES:
        return None
    for probe in _PROBES:
        event = latest(look.observation, pod.uid, "Killing", says=f"Container {container.name} failed {probe} probe")
        if event is None and end.exit_code == 137:
            event = latest(look.observation, pod.uid, "Unhealthy", says=f"{probe.capitalize()} probe failed")
        if event and _in_this_run(event, end):
            # The event about the probe itself says what it answered.
            words = latest(look.observation, pod.uid, "Unhealthy", says=f"{probe.capitalize()} probe failed")
            return _Killed(probe, words or event)
    return None


def _in_this_run(event: Event, end: Terminated) -> bool:
    """Whether it is about the run that ended, not about an earlier one; without both times it may be."""
    return event.last_at is None or end.started_at is None or event.last_at >= end.started_at


def _lifetime(end: Terminated) -> str:
    time = lifetime(end)
    if time is None:
        return ""
    return " right after start" if time < RIGHT_AFTER_START else f", {time.total_seconds():.0f} s after start"


def _next_step(look: Look, container: Container, end: Terminated, killed: _Killed | None) -> str:
    if killed:
        return f"Check the {killed.probe} probe's path, port and timing; a startup probe gives a slow start time."
    if end.reason == "OOMKilled":
        return "Raise the container's memory limit, or make it need less."
    if end.reason in _FAILED_STARTS:
        return FIX_COMMAND
    time = lifetime(end)
    late = time is not None and time >= RIGHT_AFTER_START
    advice = ADD_PROBE if look.is_ours(container) and not look.probe and late else ""
    return "Read the container's last log lines, fix and merge." + advice
