"""The test bed for pytest: one cluster a run, and a machine that lacks something is told what.

`from tests.testbed.fixtures import *` in a conftest brings them in.
"""

import fcntl
import os
import uuid
from collections.abc import Iterator

import pytest

from tests.testbed.bed import TestBed
from tests.testbed.needs import missing_for_real_containers, missing_parts
from tests.testbed.progress import say_on_stderr

__all__ = ["namespace", "pytest_collection_modifyitems", "real_node", "testbed"]

SECONDS = 900
"""Deadline of a test that may have to build the cluster first."""


def need(missing: list[str]) -> None:
    """Skips the test and says what is missing; in CI nothing is skipped, so there it fails."""
    if not missing:
        return
    reason = f"this machine lacks {'; '.join(missing)}"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and in CI nothing is skipped")
    pytest.skip(reason)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps everything that needs the cluster on one xdist worker, with time enough to build it."""
    for item in items:
        if item.get_closest_marker("cluster") or item.get_closest_marker("dockerfile"):
            item.add_marker(pytest.mark.xdist_group("cluster"))
            if not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(SECONDS))


@pytest.fixture(scope="session")
def testbed(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestBed]:
    """A running cluster; its node is a real one where containers can run, kwok elsewhere (`node_kind`)."""
    need(missing_parts())
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            say_on_stderr(line)

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    # Two workers of one run would start two clusters on two cores; the second waits for the first.
    with (shared / "testbed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with TestBed.start(say=say) as bed:
            yield bed


@pytest.fixture
def real_node(testbed: TestBed) -> TestBed:
    """The test bed, where a node is real and containers run."""
    need(missing_for_real_containers())
    return testbed


@pytest.fixture
def namespace(testbed: TestBed) -> Iterator[str]:
    """The name of a new namespace with its service account, gone after the test."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    testbed.new_namespace(name)
    yield name
    testbed.api.delete(f"/api/v1/namespaces/{name}")
