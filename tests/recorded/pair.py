"""A recorded pair: objects as the API server had them, and what a person expects of them."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import yaml

from bot.cluster.objects import EventObject, PodObject
from bot.cluster.observe import to_observation
from bot.cluster.sightings import waiting
from bot.cluster.workload_objects import (
    ControllerRevisionObject,
    DaemonSetObject,
    DeploymentObject,
    ReplicaSetObject,
    StatefulSetObject,
)
from bot.domain.verdict import Wanted
from bot.domain.workload import Observation, WorkloadKind

PAIRS = Path(__file__).parent / "pairs"
OBJECTS, EXPECTED = ".objects.yaml", ".expected.yaml"
RECORDED = "recorded"
_WORKLOADS = {"deployment": DeploymentObject, "statefulset": StatefulSetObject, "daemonset": DaemonSetObject}


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """One moment of one rollout. Both halves are as they are written."""

    name: str
    objects: dict[str, Any]
    """`kind`, `workload` (null when it is gone), `revisions`, `pods`, `events`."""
    expected: dict[str, Any]
    """`source`, `now`, `patched_at`, `wanted`, `waiting_since`, `expected`."""

    @classmethod
    def read(cls, name: str, folder: Path = PAIRS) -> "Pair":
        return cls(name=name, objects=_load(folder / f"{name}{OBJECTS}"), expected=_load(folder / f"{name}{EXPECTED}"))

    def write(self, folder: Path = PAIRS) -> None:
        for end, half in ((OBJECTS, self.objects), (EXPECTED, self.expected)):
            text = yaml.dump(half, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)
            (folder / f"{self.name}{end}").write_text(text)

    @property
    def now(self) -> datetime:
        return datetime.fromisoformat(self.expected["now"])

    @property
    def wanted(self) -> Wanted:
        """What the rollout is held to."""
        wanted, patched = self.expected["wanted"], datetime.fromisoformat(self.expected["patched_at"])
        return Wanted(
            uid=wanted["uid"],
            generation=wanted["generation"],
            container=wanted["container"],
            image=wanted["image"],
            digests=frozenset(wanted["digests"]),
            patched_at=patched,
            deadline=patched + timedelta(seconds=wanted["deadline"]),
            changed=wanted["changed"],
            soak=timedelta(seconds=wanted["soak"]),
            complete_at=self._complete_at,
        )

    @property
    def _complete_at(self) -> datetime | None:
        """As a bot that looks all the time has it: when the last pod became ready; None while one is not."""
        pods = [pod for pod in self.observation.pods if pod.is_active]
        since = [pod.ready_at for pod in pods if pod.ready_at]
        return max(since) if since and len(since) == len(pods) else None

    @property
    def observation(self) -> Observation:
        """The objects as the bot's own adapter reads them."""
        objects, kind = self.objects, WorkloadKind(self.objects["kind"])
        revision = ReplicaSetObject if kind is WorkloadKind.DEPLOYMENT else ControllerRevisionObject
        known = {(each["pod"], waiting(each["container"])): each["since"] for each in self.expected["waiting_since"]}

        def since(uid: str, fact: str) -> datetime | None:
            found = known.get((uid, fact))
            return datetime.fromisoformat(found) if found else None

        return to_observation(
            decode(objects["workload"], _WORKLOADS[kind]) if objects["workload"] else None,
            kind,
            revisions=[decode(each, revision) for each in objects["revisions"]],
            pods=[decode(each, PodObject) for each in objects["pods"]],
            events=[decode(each, EventObject) for each in objects["events"]],
            container=self.expected["wanted"]["container"],
            since=since,
        )


def decode(item: Any, type_: Any) -> Any:
    """As it comes over the wire."""
    return msgspec.json.decode(json.dumps(item), type=type_)


def pair_names(folder: Path = PAIRS) -> list[str]:
    return sorted(path.name.removesuffix(EXPECTED) for path in folder.glob(f"*{EXPECTED}"))


def to_text(moment: datetime) -> str:
    """UTC, as the files have it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(path.read_text(), _Loader)  # noqa: S506 - a safe one
    return found


class _Loader(yaml.CSafeLoader):
    """Leaves times as they are written: JSON has none."""


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
