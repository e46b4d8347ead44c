"""The test bed for pytest: one cluster a run for all its workers, and a machine that lacks something is told what.

`from tests.testbed.fixtures import *` in a conftest brings them in.
"""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.testbed.bed import TestBed
from tests.testbed.build import CONTAINERD, CONTROL_PLANE, IMAGES, KWOK, built
from tests.testbed.needs import choose_node, missing_for_real_containers, missing_parts
from tests.testbed.progress import say_on_stderr
from tests.testbed.shared import shared_bed

__all__ = ["namespace", "pytest_collection_modifyitems", "real_node", "run_folder", "testbed"]

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives everything that needs the cluster time enough to build it."""
    for item in items:
        if item.get_closest_marker("cluster") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SECONDS))


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def testbed(pytestconfig: pytest.Config, run_folder: Path) -> Iterator[TestBed]:
    """A running cluster; its node is a real one where containers can run, kwok elsewhere (`node_kind`)."""
    need(missing_parts())
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            say_on_stderr(line)

    # Here, where a person sees the progress; the test bed's own process then finds everything built.
    for recipe in (CONTROL_PLANE, CONTAINERD if choose_node() == "kubelet" else KWOK, IMAGES):
        built(recipe, say)
    with shared_bed(run_folder) as bed:
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
