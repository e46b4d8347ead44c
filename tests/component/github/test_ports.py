"""The adapter is what the engine's ports describe, parameter by parameter."""

import inspect

import pytest

from bot.engine import ports
from bot.github.adapter import Reads, Writes

PAIRS = [
    (port, adapter, name)
    for port, adapter in [(ports.GitHubReads, Reads), (ports.GitHubWrites, Writes)]
    for name, _ in inspect.getmembers(port, inspect.isfunction)
    if not name.startswith("_")
]


@pytest.mark.parametrize(("port", "adapter", "name"), PAIRS, ids=[name for *_, name in PAIRS])
def test_method_takes_what_the_port_says(port, adapter, name):
    asked, given = (inspect.signature(getattr(kind, name)) for kind in (port, adapter))

    assert [(one.name, one.kind) for one in given.parameters.values()] == [
        (one.name, one.kind) for one in asked.parameters.values()
    ]


def test_there_is_something_to_compare():
    assert len(PAIRS) >= 15
