"""When a recording is made: a look at raw objects, and what a person expects of the verdict then."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.testbed.cases.case import Object
from tests.testbed.cases.progress import is_complete, is_stuck, statuses


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """A namespace at one moment, as the API server lists it."""

    workload: Object | None
    revisions: list[Object]
    pods: list[Object]
    events: list[Object]
    new: list[Object] = field(default_factory=list)
    """Pods of the new version that are not stopping."""
    seconds: float = 0.0
    """Since the change."""


When = Callable[[Snapshot], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """What to record, once `when` is true after the moment before it."""

    name: str
    when: When
    verdict: str = ""
    """Empty: in progress."""
    reason: str
    findings: frozenset[str] = frozenset()
    """Reason codes of all findings."""


def progress(name: str, when: When, reason: str, *findings: str) -> Moment:
    """A moment at which there is no verdict yet."""
    return Moment(name=name, when=when, reason=reason, findings=frozenset(findings))


def failed(name: str, when: When, reason: str, *findings: str) -> Moment:
    """A moment at which it has failed; the reason is the finding's where no other is named."""
    return Moment(name=name, when=when, verdict="failed", reason=reason, findings=frozenset(findings or {reason}))


def before(_: Snapshot) -> bool:
    """As it was just before the change."""
    return True


def answered(_: Snapshot) -> bool:
    """The API server's answer to the change, and all else as before."""
    return True


def after(seconds: float) -> When:
    return lambda seen: seen.seconds >= seconds


def both(one: When, other: When) -> When:
    return lambda seen: one(seen) and other(seen)


def made(count: int = 1, ready: int = 0) -> When:
    """That many new pods, of which so many are ready."""
    return lambda seen: len(seen.new) == count and sum(map(is_ready, seen.new)) == ready


def fresh(seen: Snapshot) -> bool:
    """There are new pods, and nothing is wrong with them yet."""
    return bool(seen.new) and not any(is_stuck(each) or is_ready(each) for each in seen.new)


def waits(*reasons: str) -> When:
    """A container of a new pod waits for one of these reasons."""
    return lambda seen: any(_waiting(each) in reasons for each in _containers(seen))


def ends(count: int) -> When:
    """A container of a new pod shows that many ends, now and before."""
    return lambda seen: any(_ends(each) >= count for each in _containers(seen))


def restarts(count: int) -> When:
    return lambda seen: any(each["restartCount"] >= count for each in _containers(seen))


def runs_unready(seen: Snapshot) -> bool:
    return any("running" in each["state"] and not each["ready"] for each in _containers(seen))


def complete(seen: Snapshot) -> bool:
    return seen.workload is not None and is_complete(seen.workload)


def gone(seen: Snapshot) -> bool:
    return seen.workload is None


def tells(reason: str, *words: str) -> When:
    """An event of that reason is there; with words, one that has them."""
    return lambda seen: any(
        each.get("reason") == reason and all(word in each.get("message", "") for word in words) for each in seen.events
    )


def condition(kind: str, status: str, reason: str) -> When:
    """On the workload or a revision of it."""
    wanted = (kind, status, reason)

    def found(seen: Snapshot) -> bool:
        objects = [*seen.revisions, *([seen.workload] if seen.workload else [])]
        conditions = [each for one in objects for each in one.get("status", {}).get("conditions", [])]
        return any((each["type"], each["status"], each.get("reason")) == wanted for each in conditions)

    return found


def asks_for(replicas: int) -> When:
    return lambda seen: seen.workload is not None and seen.workload["spec"]["replicas"] == replicas


def overwritten(seen: Snapshot) -> bool:
    """The workload's template has an image that no pod had at the change."""
    image = seen.workload["spec"]["template"]["spec"]["containers"][0]["image"] if seen.workload else ""
    return "/web:other" in image


def unscheduled(seen: Snapshot) -> bool:
    conditions = [each for pod in seen.new for each in pod["status"].get("conditions", [])]
    return any(each["type"] == "PodScheduled" and each["status"] == "False" for each in conditions)


def is_ready(pod: Object) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _containers(seen: Snapshot) -> list[Any]:
    return [each for pod in seen.new for each in statuses(pod)]


def _waiting(status: Any) -> str:
    return str(status["state"].get("waiting", {}).get("reason", ""))


def _ends(status: Any) -> int:
    return ("terminated" in status["state"]) + ("terminated" in status["lastState"])
