"""What one followed kind looks like now, and whether that can be trusted."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, TypeVar, assert_never

from bot.cluster.listwatch import Blind, Changed, Deleted, Object, Step, Sync
from bot.cluster.objects import EventObject
from bot.errors import GreenlaneError, RejectedError, TransientError

MOST_EVENTS = 2000
"""Of one namespace. A crowded one keeps an hour of them, which may be far more than anybody reads."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

T = TypeVar("T", bound=Object)


@dataclass(slots=True)
class Cache(Generic[T]):
    """Objects by uid. `answered` is set while there is something to say: objects, or a refusal."""

    objects: dict[str, T] = field(default_factory=dict)
    problem: GreenlaneError | None = None
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    def apply(self, step: Step[T]) -> None:
        """Take one step of the list-watch."""
        match step:
            case Sync(objects):
                self.objects = {each.metadata.uid: each for each in objects}
                self.problem = None
                self.answered.set()
            case Changed(item):
                self.objects[item.metadata.uid] = item
            case Deleted(item):
                self.objects.pop(item.metadata.uid, None)
            case Blind(problem):
                self._lose_sight(problem)
            case _:
                assert_never(step)

    def _lose_sight(self, problem: GreenlaneError) -> None:
        self.problem = problem
        if isinstance(problem, TransientError):
            self.answered.clear()  # whoever asks now may wait a moment for the next list
        else:
            self.answered.set()

    def current(self) -> list[T]:
        """The objects; raises what stands in the way of knowing them."""
        match self.problem:
            case None:
                return list(self.objects.values())
            case RejectedError() as refused:
                raise RejectedError(refused.reason, refused.sentence, hint=refused.hint) from refused
            case TransientError() as lost:
                raise TransientError(lost.sentence, retry_after=lost.retry_after) from lost
            case other:
                raise TransientError("the cluster's state is not known at the moment") from other


class EventCache(Cache[EventObject]):
    """The newest events, the newest last. Events explain and decide little: those seen last stay while it is blind."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        """Set once the first list, or the first refusal of one, is there."""

    def apply(self, step: Step[EventObject]) -> None:
        if isinstance(step, Changed):
            self.objects.pop(step.object.metadata.uid, None)
        super().apply(step)
        while len(self.objects) > MOST_EVENTS:
            del self.objects[next(iter(self.objects))]
        self.asked.set()

    def known(self) -> list[EventObject]:
        """What was seen last, whether more can be seen now or not."""
        return list(self.objects.values())


def newest_events(events: list[EventObject]) -> list[EventObject]:
    """As many as the cache keeps, the newest last."""
    return sorted(events, key=lambda each: each.last_at or _LONG_AGO)[-MOST_EVENTS:]
