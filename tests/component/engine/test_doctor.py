"""`greenlane doctor`: each part is asked, each gap is named, and what is down is asked once."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.engine import doctor
from bot.engine.doctor import Doctor, Finding
from bot.errors import BrokenError, RejectedError, TransientError
from bot.storage import schema
from bot.storage.database import Database
from tests.component.engine.rig import Rig
from tests.conftest import Clock, quick_folder
from tests.factories import CATALOG

SECOND_APP = """
      cart:
        repository: acme/cart
        image: registry.example/payments/cart
        checks: none
        environments:
          staging: {namespace: payments-staging, workload: deployment/cart, container: web, deploy: on-merge}
"""


@dataclass
class FakeGrants:
    lacks: list[str] = field(default_factory=list)
    error: Exception | None = None
    asked: list[int] = field(default_factory=list)

    async def app(self) -> tuple[str, int]:
        if self.error:
            raise self.error
        return "greenlane", 99

    async def missing(self, installation_id: int) -> Sequence[str]:
        self.asked.append(installation_id)
        return self.lacks


async def examine(rig: Rig, grants: FakeGrants | None = None, **given: str) -> list[str]:
    found: list[Finding] = []
    await Doctor(tools=rig.tools, grants=grants or FakeGrants(), tell=found.append, **given).examine()
    return [str(finding) for finding in found]


@pytest.fixture
def two(rig: Rig, sqlite: Database, clock: Clock) -> Rig:
    return Rig(database=sqlite, clock=clock, catalog_text=CATALOG + SECOND_APP)


async def test_all_is_well(rig: Rig):
    told = await examine(rig)

    workload = told.pop(5)
    assert told == [
        "ok   database: schema current",
        "ok   GitHub: the App is greenlane, id 99",
        "ok   repository acme/checkout: installed; main requires no checks",
        "ok   installation 7 (acme/checkout): has every permission and event",
        "ok   image registry.example/payments/checkout: the registry answers and lets us read",
        "ok   namespace payments-staging: deployments, replica sets and pods can be listed",
    ]
    assert workload.startswith("ok   checkout staging: deployment/checkout in payments-staging: runs registry.example/")


async def test_an_old_schema_is_told_and_left_alone(rig: Rig, clock: Clock):
    # Given a SQLite database without tables
    with quick_folder() as folder:
        empty = Database(f"sqlite+aiosqlite:///{folder}/new.db")
        untouched = Rig(database=empty, clock=clock)

        # When
        first, second = [(await examine(untouched))[0] for _ in range(2)]
        await empty.aclose()

    # Then
    assert first == second
    assert first.startswith("BAD  database: the schema is not current; run `greenlane migrate` (`serve` does it")


async def test_missing_rights_are_named_once_an_installation(two: Rig):
    # Given both repositories under one installation
    async def find(name: str):
        return two.github.repository

    two.github.find_repository = find  # type: ignore[method-assign]
    grants = FakeGrants(lacks=["permission `checks: write`", "event `push`"])

    # When
    told = await examine(two, grants)

    # Then
    (line,) = [each for each in told if "installation" in each]
    assert line.startswith(
        "BAD  installation 7 (acme/checkout): missing permission `checks: write`, event `push`; set them"
    )
    assert grants.asked == [7]


async def test_an_app_that_github_does_not_know_is_not_called_uninstalled(rig: Rig):
    # When
    grants = FakeGrants(error=RejectedError("github_not_found", "404: GET app"))
    told = await examine(rig, grants, api_url="https://github.corp.example")

    # Then
    assert told[1].startswith("BAD  GitHub: 99 is no App there: 404: GET app. Check GREENLANE_GITHUB_APP_ID")
    assert "https://github.corp.example; an Enterprise Server's ends with /api/v3" in told[1]
    assert told[2] == "BAD  repository acme/checkout: not asked: GitHub does not know the App"
    assert not any("install" in line for line in told)


async def test_a_refused_key_is_told(rig: Rig):
    told = await examine(rig, FakeGrants(error=BrokenError("GitHub refuses the App's key: bad JWT")))

    assert "bad JWT" in told[1]
    assert "GREENLANE_GITHUB_PRIVATE_KEY" in told[1]


async def test_what_is_down_is_asked_once(two: Rig):
    # Given
    two.registry.errors.append(TransientError("registry.example can't be reached"))
    two.cluster.errors.append(TransientError("the cluster can't be reached"))

    # When
    told = await examine(two, FakeGrants(error=TransientError("GitHub can't be reached")))

    # Then
    assert sum(line.endswith("not asked: GitHub is unreachable") for line in told) == 2
    assert sum(line.endswith("not asked: registry.example is unreachable") for line in told) == 1
    assert sum(line.endswith("not asked: the cluster is unreachable") for line in told) == 2
    assert len(two.cluster.namespaces) == 1


async def test_what_never_answers_ends_at_its_deadline(two: Rig, monkeypatch: pytest.MonkeyPatch):
    # Given
    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    for name in ("GITHUB_SECONDS", "REGISTRY_SECONDS", "CLUSTER_SECONDS"):
        monkeypatch.setattr(doctor, name, 0.01)
    grants = FakeGrants()
    for part, call in ((grants, "app"), (two.registry, "resolve"), (two.cluster, "read")):
        monkeypatch.setattr(part, call, never)

    # When
    async with asyncio.timeout(5):
        told = await examine(two, grants)

    # Then
    assert sum("did not answer within" in line for line in told) == 3


def test_everything_down_takes_at_most_half_a_minute():
    parts = (doctor.DATABASE_SECONDS, doctor.GITHUB_SECONDS, doctor.REGISTRY_SECONDS, doctor.CLUSTER_SECONDS)

    assert sum(parts) <= 30


async def test_a_registry_that_refuses_says_why(two: Rig):
    two.registry.errors.append(RejectedError("image_forbidden", "The registry refuses.", hint="Add a login."))

    told = await examine(two)

    assert "BAD  image registry.example/payments/checkout: The registry refuses. Add a login." in told
    assert any(line.startswith("ok   image registry.example/payments/cart:") for line in told)


async def test_forbidden_lists_are_bad_though_the_workload_can_be_read(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    # Given
    async def forbidden(_: object) -> None:
        raise RejectedError("cluster_forbidden", "May not list pods.", hint="Grant the verb `list` on `pods`.")

    monkeypatch.setattr(rig.cluster, "observe", forbidden)

    # When
    told = await examine(rig)

    # Then
    assert told[-2].startswith("ok   checkout staging:")
    assert told[-1] == "BAD  namespace payments-staging: May not list pods. Grant the verb `list` on `pods`."


async def test_no_cluster_at_all_hides_nothing(rig: Rig):
    told = await examine(rig, cluster_problem="no cluster: KUBECONFIG names no file")

    assert told[-1] == "BAD  cluster: no cluster: KUBECONFIG names no file"
    assert len(told) == 6


async def test_the_command_tells_all_and_leaves_the_database_alone(tmp_path: Path, app_key: str):
    # Given nothing that listens
    environment = {
        "PATH": os.environ["PATH"],
        "GREENLANE_GITHUB_APP_ID": "99",
        "GREENLANE_GITHUB_PRIVATE_KEY": app_key,
        "GREENLANE_WEBHOOK_SECRET": "It's a Secret to Everybody",
        "GREENLANE_GITHUB_API_URL": "http://127.0.0.1:9",
        "GREENLANE_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/new.db",
        "GREENLANE_CATALOG": str(tmp_path / "greenlane.yaml"),
    }
    (tmp_path / "greenlane.yaml").write_text(CATALOG.replace("registry.example", "127.0.0.1:9"))

    # When
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "doctor", env=environment, stdout=PIPE, stderr=PIPE
    )
    out, error = await process.communicate()

    # Then
    assert (process.returncode, error) == (1, b"")
    told = out.decode().splitlines()
    assert [line.split(":")[0] for line in told] == [
        "BAD  database",
        "BAD  GitHub",
        "BAD  repository acme/checkout",
        "BAD  image 127.0.0.1",
        "BAD  cluster",
    ]
    database = Database(environment["GREENLANE_DATABASE_URL"])
    assert not await schema.is_current(database)
    await database.aclose()
