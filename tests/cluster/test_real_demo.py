"""`make demo KUBECONFIG=…` and `CLUSTER=real`: the six stories on a real node, and nothing left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sandbox.control.refusal import DoorError
from sandbox.demo import workload
from sandbox.demo.realcluster import RealCluster
from tests.testbed.bed import TestBed
from tests.testbed.processes import wait_until

pytestmark = pytest.mark.cluster
ROOT = Path(__file__).parents[2]
NAMESPACES = "/api/v1/namespaces"


@pytest.fixture
async def cluster(testbed: TestBed) -> AsyncIterator[RealCluster]:
    found = await RealCluster.connect(testbed.kubeconfig)
    yield found
    await found.aclose()


@pytest.fixture
def name(testbed: TestBed) -> Iterator[str]:
    """Of a namespace that a test makes; gone after it."""
    name = f"demo-{uuid.uuid4().hex[:8]}"
    yield name
    testbed.api.delete(f"{NAMESPACES}/{name}")


def test_all_stories_hold_on_the_cluster_of_a_kubeconfig(real_node: TestBed, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox", "--auto", "--port", "0"]
    command += ["--kubeconfig", str(real_node.kubeconfig), "--state-dir", str(tmp_path)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)

    told = json.loads(done.stdout.splitlines()[-1])
    assert told["failures"] == []
    assert told["stories"] == dict.fromkeys("abcdef", True)
    assert (told["failed"], done.returncode) == (0, 0)
    assert told["github_writes"]["a"] <= 6
    left = {each["metadata"]["name"]: each["metadata"] for each in real_node.api.items(NAMESPACES)}
    assert all(
        "deletionTimestamp" in left[each] for each in ("payments-staging", "payments-production") if each in left
    )


async def test_namespace_of_an_earlier_demo_that_is_ending_is_waited_for(
    testbed: TestBed, cluster: RealCluster, name: str
) -> None:
    testbed.new_namespace(name)
    first = testbed.api.get(f"{NAMESPACES}/{name}")["metadata"]["uid"]
    testbed.api.delete(f"{NAMESPACES}/{name}")

    await cluster.create_namespace(name)

    now = testbed.api.get(f"{NAMESPACES}/{name}")["metadata"]
    assert now["uid"] != first
    assert "deletionTimestamp" not in now


@pytest.mark.parametrize(
    ("labels", "whose"), [({}, "somebody else"), (workload.MANAGED, "a demo that still runs, or that was killed")]
)
async def test_namespace_that_stays_is_refused_and_never_removed(
    testbed: TestBed, cluster: RealCluster, name: str, labels: dict[str, str], whose: str
) -> None:
    testbed.new_namespace(name, labels)

    with pytest.raises(DoorError) as refusal:
        await cluster.create_namespace(name)
    await cluster.aclose()

    assert refusal.value.message == f"The namespace {name} is there already, made by {whose}."
    assert refusal.value.remedy == f"If nobody needs it: kubectl delete namespace {name}"
    assert "deletionTimestamp" not in testbed.api.get(f"{NAMESPACES}/{name}")["metadata"]


async def test_what_the_cluster_refuses_is_told_in_its_own_words(cluster: RealCluster) -> None:
    with pytest.raises(DoorError, match=r'422, Namespace "Not_A_Name" is invalid'):
        await cluster.create_namespace("Not_A_Name")


def test_killed_demo_takes_its_test_bed_with_it(real_node: TestBed, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox", "--cluster", "real", "--port", "0", "--state-dir", str(tmp_path)]
    demo = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert demo.stdout is not None
    with demo:
        bot = next(found for line in demo.stdout if (found := re.search(r"the bot \(process (\d+)", line)))
        facts = json.loads((tmp_path / "testbed.json").read_text())
        demo.kill()
    os.kill(int(bot[1]), signal.SIGTERM)

    wait_until(lambda: not Path(facts["state"]).exists(), seconds=60, what="the end of the test bed")
    wait_until(lambda: not Path(f"/proc/{facts['owner']}").exists(), seconds=10, what="the end of its process")
