"""How many old pods may go before new ones are ready, counted as each kind's controller counts. Pure."""

import re

from bot.cluster.workload_objects import CountOrPercent, RollingUpdate, Strategy

_PERCENT = re.compile(r"(\d{1,9})%", re.ASCII)
_QUARTER = "25%"


def of_deployment(strategy: Strategy, replicas: int) -> int:
    """All of them with `Recreate`; else rounded down, and one where neither it nor the surge leaves room to move."""
    if strategy.type == "Recreate":
        return replicas
    rolling = strategy.rolling_update or RollingUpdate()
    unavailable = _share(_or(rolling.max_unavailable, _QUARTER), replicas)
    surge = _share(_or(rolling.max_surge, _QUARTER), replicas, up=True)
    return min(unavailable if unavailable or surge else 1, replicas)


def of_stateful_set(strategy: Strategy, replicas: int) -> int:
    """One, unless a cluster that knows more than one is told so; rounded down."""
    rolling = strategy.rolling_update or RollingUpdate()
    return max(1, _share(_or(rolling.max_unavailable, 1), replicas))


def of_daemon_set(strategy: Strategy, nodes: int) -> int:
    """Rounded up; one where neither it nor the surge leaves room to move."""
    rolling = strategy.rolling_update or RollingUpdate()
    unavailable = _share(_or(rolling.max_unavailable, 1), nodes, up=True)
    surge = _share(_or(rolling.max_surge, 0), nodes, up=True)
    return unavailable if unavailable or surge else 1


def _or(value: CountOrPercent | None, default: CountOrPercent) -> CountOrPercent:
    return default if value is None else value


def _share(value: CountOrPercent, total: int, *, up: bool = False) -> int:
    """The count, or the percentage of the total; what is neither counts as none."""
    if isinstance(value, int):
        return value
    found = _PERCENT.fullmatch(value)
    if found is None:
        return 0
    hundredths = int(found[1]) * total
    return -(-hundredths // 100) if up else hundredths // 100
