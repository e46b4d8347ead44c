"""Figures that tests measure on the way, told at the end of the run whichever worker measured them."""

from collections.abc import Callable
from typing import Any

import pytest

_PREFIX = "measured: "

Measure = Callable[[str, float], None]
"""Takes what was measured and how many seconds it took."""


@pytest.fixture
def measure(record_property: Callable[[str, object], None]) -> Measure:
    """Keeps a figure for the closing summary, and for a JUnit file where one is written."""

    def keep(what: str, seconds: float) -> None:
        record_property(f"{_PREFIX}{what}", round(seconds, 3))

    return keep


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    figures = dict(
        figure
        for report in reports
        if getattr(report, "when", "") == "call"
        for figure in report.user_properties
        if figure[0].startswith(_PREFIX)
    )
    if figures:
        terminalreporter.section("measured")
    for what, seconds in figures.items():
        terminalreporter.write_line(f"{what.removeprefix(_PREFIX)}: {seconds:.2f} s")
