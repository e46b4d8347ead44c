"""Since when things are as they are, by our own clock: Kubernetes does not record all of it, and its clocks differ."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Generic, TypeVar

from bot.cluster.kinds import RevisionObject
from bot.cluster.listwatch import Changed, Deleted, Object, Step, Sync
from bot.cluster.objects import ConditionObject, ContainerStatus, PodObject
from bot.cluster.workload_objects import ReplicaSetObject

THERE = "there"
STOPPING = "stopping"
_HAPPENINGS = (THERE, "exit ")
"""Of these a first list does not say when they came about."""

T = TypeVar("T", bound=Object)
_Fact = tuple[str, datetime | None]


def waiting(container: str) -> str:
    """What it is remembered by that a container waits for a cause."""
    return f"waiting {container}"


def exit_of(container: str) -> str:
    """What a container's newest exit is remembered by."""
    return f"exit {container}"


def condition(type_: str) -> str:
    """What a condition's status is remembered by."""
    return f"condition {type_}"


class Memory(Generic[T]):
    """What the objects of one kind showed last, fact by fact, and when each was first seen so."""

    def __init__(self, facts_of: Callable[[T], Mapping[str, str]]) -> None:
        self._facts_of = facts_of
        self._known: dict[str, dict[str, _Fact]] = {}
        self._listed = False

    def follow(self, step: Step[T], now: datetime) -> None:
        """Take one step of the list-watch."""
        match step:
            case Changed(item):
                self._note(item, now, witnessed=True)
            case Sync(items):
                self.note(items, now)
                kept = {each.metadata.uid for each in items}
                self._known = {uid: facts for uid, facts in self._known.items() if uid in kept}
            case Deleted(item):
                self._known.pop(item.metadata.uid, None)

    def note(self, items: Iterable[T], now: datetime) -> None:
        """Look at a list of objects; a fact that stays keeps its first time."""
        for item in items:
            self._note(item, now, witnessed=self._listed)
        self._listed = True

    def since(self, uid: str, fact: str) -> datetime | None:
        """When it was first seen so; None: it is not so, or it was before we looked."""
        return self._known.get(uid, {}).get(fact, ("", None))[1]

    def _note(self, item: T, now: datetime, *, witnessed: bool) -> None:
        uid = item.metadata.uid
        before, known = self._known.get(uid, {}), uid in self._known
        self._known[uid] = {
            fact: before[fact]
            if fact in before and before[fact][0] == value
            else (value, now if known or witnessed or not fact.startswith(_HAPPENINGS) else None)
            for fact, value in self._facts_of(item).items()
        }


class Sightings:
    """The pods and revisions of one namespace."""

    def __init__(self) -> None:
        self.pods: Memory[PodObject] = Memory(_of_pod)
        self.revisions: Memory[RevisionObject] = Memory(_of_revision)

    def since(self, uid: str, fact: str) -> datetime | None:
        """As `Memory.since`, of either."""
        return self.pods.since(uid, fact) or self.revisions.since(uid, fact)


def _of_pod(pod: PodObject) -> dict[str, str]:
    facts = {THERE: "", **_of_conditions(pod.status.conditions)}
    if pod.metadata.deletion_timestamp is not None:
        facts[STOPPING] = ""
    for status in (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ())):
        facts[exit_of(status.name)] = _exit(status)
        if cause := _cause(status):
            facts[waiting(status.name)] = cause
    return facts


def _of_revision(revision: RevisionObject) -> dict[str, str]:
    return _of_conditions(revision.status.conditions) if isinstance(revision, ReplicaSetObject) else {}


def _of_conditions(conditions: list[ConditionObject] | None) -> dict[str, str]:
    """A pod that is not ready may have one reason for it after the other."""
    return {
        condition(each.type): each.status if each.type == "Ready" else f"{each.status} {each.reason}"
        for each in conditions or ()
    }


def _exit(status: ContainerStatus) -> str:
    """What tells the newest exit from the one before."""
    end = status.state.terminated or status.last_state.terminated
    return f"{end.finished_at} {end.exit_code}" if end else ""


def _cause(status: ContainerStatus) -> str:
    reason = status.state.waiting.reason if status.state.waiting else ""
    # The kubelet alternates between the two while one and the same pull fails.
    return "pull" if reason in {"ErrImagePull", "ImagePullBackOff"} else reason
