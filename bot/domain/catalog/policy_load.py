"""Who may deploy and when: from the file's shape to what the house works with."""

from collections.abc import Iterable, Mapping

from bot.domain.catalog.policy import Deployers, Stop
from bot.domain.catalog.policy_shape import (
    AllowShape,
    DenyShape,
    DeployersShape,
    HotfixShape,
    StopShape,
    WindowsShape,
)
from bot.domain.catalog.windows import Span, Windows
from bot.domain.people import Person


def to_windows(shape: WindowsShape | None) -> Windows | None:
    """None: always open."""
    if shape is None:
        return None
    return Windows(timezone=shape.timezone, allow=_to_spans(shape.allow or ()), deny=_to_spans(shape.deny or ()))


def _to_spans(shapes: Iterable[AllowShape | DenyShape]) -> tuple[Span, ...]:
    return tuple(
        Span(cron=each.cron, lasts=each.lasts, reason=each.reason if isinstance(each, DenyShape) else "")
        for each in shapes
    )


def to_deployers(shape: DeployersShape | None) -> Deployers | None:
    """None: everybody in the team."""
    if shape is None:
        return None
    return Deployers(people=_to_people(shape.people or {}), teams=tuple(shape.teams or ()))


def to_stop(shape: StopShape | None) -> Stop | None:
    """None: nothing is stopped."""
    return Stop(reason=shape.reason, until=shape.until) if shape else None


def to_people(shape: HotfixShape | None) -> tuple[Person, ...]:
    """In the file's order."""
    return _to_people(shape.people) if shape else ()


def _to_people(people: Mapping[str, int]) -> tuple[Person, ...]:
    return tuple(Person(login=login, id=number) for login, number in people.items())
