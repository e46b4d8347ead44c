"""Rollouts that end well or badly, described once: for the tests, the recordings and the benchmark beside other tools."""

from tests.testbed.cases.case import Act, Case, Expected
from tests.testbed.cases.crashes import CRASHES
from tests.testbed.cases.healthy import HEALTHY
from tests.testbed.cases.pulls import PULLS
from tests.testbed.cases.refusals import REFUSALS
from tests.testbed.cases.sets import SETS
from tests.testbed.cases.waits import WAITS
from tests.testbed.cases.writers import WRITERS

__all__ = ["BY_NAME", "CASES", "GROUPS", "Act", "Case", "Expected"]

GROUPS: dict[str, tuple[Case, ...]] = {
    "healthy": HEALTHY,
    "pulls": PULLS,
    "crashes": CRASHES,
    "waits": WAITS,
    "refusals": REFUSALS,
    "sets": SETS,
    "writers": WRITERS,
}
CASES: tuple[Case, ...] = tuple(case for group in GROUPS.values() for case in group)
BY_NAME: dict[str, Case] = {case.name: case for case in CASES}
