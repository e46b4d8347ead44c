"""Several workloads of the same name, one a namespace, as a team's environments are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from bot.domain.image import Platform
from bot.domain.intent import Target
from bot.domain.workload import Observation, Workload
from bot.engine.ports import Patched
from tests.factories import TARGET
from tests.fakes.cluster import FakeCluster


@dataclass
class FakeClusters:
    """Satisfies `Cluster`: hands each call to the fake of its namespace."""

    places: dict[str, FakeCluster] = field(default_factory=dict)

    def at(self, namespace: str) -> FakeCluster:
        if namespace not in self.places:
            self.places[namespace] = FakeCluster(target=replace(TARGET, namespace=namespace))
        return self.places[namespace]

    async def read(self, target: Target) -> Workload:
        return await self.at(target.namespace).read(target)

    async def patch(
        self,
        target: Target,
        *,
        uid: str,
        expected_image: str,
        image: str,
        annotations: Mapping[str, str],
        expected_intent: str = "",
        dry_run: bool = False,
    ) -> Patched:
        return await self.at(target.namespace).patch(
            target,
            uid=uid,
            expected_image=expected_image,
            image=image,
            annotations=annotations,
            expected_intent=expected_intent,
            dry_run=dry_run,
        )

    async def observe(self, target: Target) -> Observation:
        return await self.at(target.namespace).observe(target)

    async def delete_pod(self, target: Target, *, pod: str, uid: str) -> bool:
        return await self.at(target.namespace).delete_pod(target, pod=pod, uid=uid)

    async def last_log_lines(
        self, target: Target, *, pod: str, container: str, previous: bool, lines: int
    ) -> list[str]:
        return await self.at(target.namespace).last_log_lines(
            target, pod=pod, container=container, previous=previous, lines=lines
        )

    async def node_platforms(self) -> frozenset[Platform] | None:
        return None

    def subscribe(self, namespace: str, on_change: Callable[[], None]) -> Callable[[], None]:
        return self.at(namespace).subscribe(namespace, on_change)
