"""Plays a case on the test bed and writes a pair at each of its moments."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Thread
from typing import Any

from bot.cluster.objects import PodObject
from bot.cluster.sightings import Sightings, waiting
from tests.recorded.moments import Moment, Snapshot, answered, before
from tests.recorded.pair import RECORDED, Pair, decode, to_text
from tests.recorded.trim import is_telling, renamed, sorted_by_name, trim_event, trim_pod, trim_revision, trim_workload
from tests.testbed.bed import TestBed
from tests.testbed.cases.case import Case, Object
from tests.testbed.cases.manifests import NAME
from tests.testbed.cases.pictures import NOBODY
from tests.testbed.cases.progress import new_pods
from tests.testbed.cases.stage import Changed, Stage, staged
from tests.testbed.processes import TestBedError

PATIENCE = 330.0
SOAK = 15.0
DEADLINE = 600.0
_PAUSE = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorder:
    """One case in its namespace."""

    stage: Stage
    sightings: Sightings
    names: dict[str, str]

    def record(self, moments: tuple[Moment, ...]) -> list[Pair]:
        """Raises `TestBedError` when a moment does not come."""
        self.stage.prepare()
        first = self._look(None)
        changed = self.stage.change()
        with _meanwhile(self.stage):
            return [self._wait(moment, first, changed) for moment in moments]

    def _wait(self, moment: Moment, first: Snapshot, changed: Changed) -> Pair:
        if moment.when is before:
            return self._pair(moment, first, changed, changed.at)
        if moment.when is answered:
            return self._pair(moment, replace(first, workload=changed.workload), changed, changed.at)
        deadline = time.monotonic() + PATIENCE
        while True:
            seen = self._look(changed)
            if _is_settled(seen) and moment.when(seen):
                return self._pair(moment, seen, changed, datetime.now(UTC))
            if time.monotonic() > deadline:
                raise TestBedError(f"{self.stage.case.name}: `{moment.name}` did not come")
            time.sleep(_PAUSE)

    def _look(self, changed: Changed | None) -> Snapshot:
        stage = self.stage
        within, api = f"namespaces/{stage.namespace}", stage.bed.api
        kind = "replicasets" if stage.case.kind == "deployment" else "controllerrevisions"
        pods = stage.pods()
        self.sightings.pods.note([decode(each, PodObject) for each in pods], datetime.now(UTC))
        return Snapshot(
            workload=stage.workload(),
            revisions=api.items(f"/apis/apps/v1/{within}/{kind}"),
            pods=pods,
            events=api.items(f"/api/v1/{within}/events"),
            new=new_pods(pods, changed.image) if changed else [],
            seconds=(datetime.now(UTC) - changed.at).total_seconds() if changed else 0.0,
        )

    def _pair(self, moment: Moment, seen: Snapshot, changed: Changed, now: datetime) -> Pair:
        case = self.stage.case
        objects = {
            "kind": case.kind,
            "workload": trim_workload(seen.workload) if seen.workload else None,
            "revisions": [trim_revision(each) for each in sorted_by_name(seen.revisions)],
            "pods": [trim_pod(each) for each in sorted_by_name(seen.pods)],
            "events": [trim_event(each) for each in sorted_by_name(seen.events) if is_telling(each)],
        }
        expected = {
            "source": RECORDED,
            "now": to_text(now),
            "patched_at": to_text(changed.at),
            "wanted": {
                "uid": changed.workload["metadata"]["uid"],
                "generation": changed.workload["metadata"]["generation"],
                "container": NAME,
                "image": changed.image,
                "digests": [changed.digest] if changed.digest else [],
                "changed": not case.same or case.detour is not None,
                "deadline": DEADLINE,
                "soak": SOAK,
            },
            "waiting_since": list(self._waiting(seen.pods)),
            "expected": to_expected(moment),
        }
        return Pair(
            name=f"{case.name}-{moment.name}",
            objects=renamed(objects, self.names),
            expected=renamed(expected, self.names),
        )

    def _waiting(self, pods: list[Object]) -> Iterator[dict[str, Any]]:
        for pod in sorted_by_name(pods):
            spec = pod["spec"]
            for container in (*spec.get("initContainers", []), *spec["containers"]):
                since = self.sightings.since(pod["metadata"]["uid"], waiting(container["name"]))
                if since:
                    yield {"pod": pod["metadata"]["uid"], "container": container["name"], "since": to_text(since)}


def _is_settled(seen: Snapshot) -> bool:
    """Whether the controller has seen what the lists show: they are read one after the other."""
    workload = seen.workload
    return workload is None or workload["status"].get("observedGeneration", 0) >= workload["metadata"]["generation"]


def record(case: Case, moments: tuple[Moment, ...], bed: TestBed, denying: str) -> list[Pair]:
    """Every moment of one case. Raises `TestBedError`."""
    with staged(case, bed, denying) as stage:
        names = {
            bed.registry.host: "registry.example",
            denying: "login.example",
            NOBODY: "away.example",
            stage.namespace: case.name,
            str(bed.state): "/var/lib/node",
            '"localhost"': '"node-1"',
        }
        return Recorder(stage=stage, sightings=Sightings(), names=names).record(moments)


def to_expected(moment: Moment) -> dict[str, Any]:
    """What a person declared, as the file has it."""
    return {
        "verdict": moment.verdict or "in progress",
        "reason": moment.reason,
        "findings": sorted(moment.findings),
    }


@contextmanager
def _meanwhile(stage: Stage) -> Iterator[None]:
    """Other people act while we look; their failure is ours."""
    failures: list[Exception] = []

    def act() -> None:
        try:
            stage.interfere()
        except Exception as error:  # noqa: BLE001 - told below, in the thread that waits
            failures.append(error)

    thread = Thread(target=act, name=f"interfere {stage.namespace}")
    thread.start()
    try:
        yield
    finally:
        thread.join()
    if failures:
        raise failures[0]
