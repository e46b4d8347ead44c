"""The engine with fakes at its ports and a real database, driven by hand instead of by its loops."""

import itertools
from dataclasses import dataclass, field

from bot.domain.hint import Hint
from bot.domain.intent import Intent
from bot.engine.admission import Admission
from bot.engine.deliveries import Deliveries
from bot.engine.messages import Messages
from bot.engine.outbox import Outbox
from bot.engine.reconciler import Reconciler
from bot.engine.sweeps import Sweeps
from bot.engine.tools import Tools
from bot.storage import deliveries, intents
from bot.storage.database import Database
from bot.storage.deliveries import NewDelivery
from bot.telemetry.metrics import Metrics
from tests.conftest import Clock
from tests.factories import CATALOG, REPOSITORY, after, catalog, sha
from tests.fakes.cluster import FakeCluster
from tests.fakes.github import FakeGitHub, merged
from tests.fakes.registry import FakeRegistry

OWN_APP = 99
_guids = itertools.count()


@dataclass
class Rig:
    database: Database
    clock: Clock
    catalog_text: str = CATALOG
    github: FakeGitHub = field(default_factory=FakeGitHub)
    registry: FakeRegistry = field(default_factory=FakeRegistry)
    cluster: FakeCluster = field(default_factory=FakeCluster)
    owner: str = "worker-1"
    naps: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tools = Tools(
            database=self.database,
            github=self.github,
            registry=self.registry,
            cluster=self.cluster,
            catalog=catalog(self.catalog_text),
            own_app_id=OWN_APP,
            clock=self.clock,
            forget_installation=lambda _: None,
        )
        admission = Admission(database=self.database, github=self.github, catalog=self.tools.catalog, clock=self.clock)
        messages = Messages(
            database=self.database, github=self.github, catalog=self.tools.catalog, web_url="https://github.example"
        )
        nothing = lambda *_: None  # noqa: E731
        self.outbox = Outbox(
            database=self.database,
            messages=messages,
            owner=self.owner,
            clock=self.clock,
            forget_installation=lambda _: None,
            sleep=self.nap,
        )
        self.reconciler = Reconciler(
            self.tools, owner=self.owner, metrics=Metrics(), on_message=nothing, on_rollout=nothing
        )
        self.deliveries = Deliveries(self.tools, admission, owner=self.owner, on_due=nothing)
        self.sweeps = Sweeps(self.tools, admission, on_due=nothing, pause=after() - after())

    async def nap(self, seconds: float) -> None:
        """Writes are spread over time; the rig's stands still."""
        self.naps.append(seconds)

    async def run(self, worker: str, *, most: int = 200) -> int:
        """Handle what is due now; how many items that was."""
        part = getattr(self, worker)
        for count in range(most):
            item = await part.worker.claim()
            if item is None:
                return count
            await part._handle(item)
        raise AssertionError(f"{worker} never came to rest")

    async def settle(self) -> None:
        """Until nothing is due at this moment."""
        while sum([await self.run(name) for name in ("deliveries", "reconciler", "outbox")]):
            pass

    async def pass_time(self, seconds: float, *, step: float = 5) -> None:
        """Let time go by in steps, working at each."""
        left = seconds
        while left > 0:
            self.clock.advance(seconds=min(step, left))
            left -= step
            await self.settle()

    async def deliver(self, hint: Hint) -> None:
        new = NewDelivery(
            guid=f"guid-{next(_guids)}", hook_id="1", event="x", action="", repository="", body=b"{}", hint=hint
        )
        async with self.database.begin() as connection:
            await deliveries.add(connection, new, now=self.clock())

    async def merge(self, number: int, letter: str, *, pushed: bool = True) -> None:
        """A pull request is merged as commit `letter`; its image is there unless `pushed` is false."""
        self.github.history.append(sha(letter))
        self.github.pulls[number] = merged(number, sha(letter), at=self.clock())
        if pushed:
            self.registry.push(sha(letter))
        await self.deliver(self.hint("pull", number=number, merged=True))
        await self.settle()

    async def checks(self, letter: str, **results: str | None) -> None:
        self.github.set_checks(sha(letter), **results)
        await self.deliver(self.hint("commit", sha=sha(letter)))
        await self.settle()

    def hint(self, kind: str, **facts: object) -> Hint:
        return Hint(  # type: ignore[arg-type]  # tests hand over what the kind needs
            kind=kind,
            installation_id=REPOSITORY.installation_id,
            repository_id=REPOSITORY.id,
            repository=REPOSITORY.full_name,
            **facts,
        )

    async def intents(self) -> list[Intent]:
        """All, oldest first."""
        from sqlalchemy import true

        async with self.database.begin() as connection:
            return list(reversed(await intents.find(connection, true())))

    async def only(self) -> Intent:
        found = await self.intents()
        assert len(found) == 1
        return found[0]

    async def states(self) -> list[str]:
        return [f"{intent.state}" for intent in await self.intents()]
