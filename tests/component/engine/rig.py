"""The engine with fakes at its ports and a real database, driven by hand instead of by its loops."""

import hashlib
import itertools
from dataclasses import dataclass, field, replace
from typing import Any

from bot.domain.hint import Hint
from bot.domain.intent import Intent
from bot.domain.people import Person, Role
from bot.engine.admission import Admission
from bot.engine.deliveries import Deliveries
from bot.engine.messages import Messages
from bot.engine.outbox import Outbox
from bot.engine.reconciler import Reconciler
from bot.engine.sweeps import Sweeps
from bot.engine.tools import Tools
from bot.storage import commands, deliveries, heads, intents
from bot.storage.commands import Record
from bot.storage.database import Database
from bot.storage.deliveries import NewDelivery
from bot.telemetry.metrics import Metrics
from tests.conftest import Clock
from tests.factories import CATALOG, REPOSITORY, after, catalog, sha
from tests.fakes.cluster import FakeCluster
from tests.fakes.clusters import FakeClusters
from tests.fakes.github import FakeGitHub, merged
from tests.fakes.registry import FakeRegistry

OWN_APP = 99
ALICE, BOB = Person(id=1, login="alice"), Person(id=2, login="bob")
"""Of the team. The next two are not: one may write, one may read."""
CARL, EVE = Person(id=3, login="carl"), Person(id=4, login="eve")
TEAM = "acme/payments"
TWO_PLACES = (
    CATALOG
    + """
          production:
            {namespace: payments-production, workload: deployment/checkout, container: web, deploy: on-command}
"""
)
_guids = itertools.count()
_comments = itertools.count(5000)


@dataclass
class Rig:
    database: Database
    clock: Clock
    catalog_text: str = CATALOG
    github: FakeGitHub = field(default_factory=FakeGitHub)
    registry: FakeRegistry = field(default_factory=FakeRegistry)
    cluster: FakeCluster = field(default_factory=FakeCluster)
    clusters: FakeClusters | None = None
    """Where environments are to be told apart; `cluster` is staging's then."""
    owner: str = "worker-1"
    naps: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.clusters is not None:
            self.cluster = self.clusters.at("payments-staging")
            self.production = self.clusters.at("payments-production")
        self.tools = Tools(
            database=self.database,
            github=self.github,
            registry=self.registry,
            cluster=self.clusters or self.cluster,
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

    async def deliver(self, hint: Hint, *, body: bytes = b"") -> None:
        """`body` is one of its own unless it is given."""
        guid = f"guid-{next(_guids)}"
        body = body or guid.encode()
        new = NewDelivery(guid=guid, hook_id="1", event="x", action="", repository="", body=body, hint=hint)
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

    def let_people_in(self) -> None:
        """Alice and Bob may command, Carl may write, Eve may read."""
        for person, role in ((ALICE, Role.WRITE), (BOB, Role.MAINTAIN), (CARL, Role.WRITE), (EVE, Role.READ)):
            self.github.roles[person.login] = (person.id, role)
        self.github.teams[TEAM] = {ALICE.login, BOB.login}

    async def open_pull(self, number: int, letter: str, *, told: bool = True, **changes: Any) -> None:
        """A pull request with this head, its image pushed and its checks green; `told`: we heard of the head."""
        self.github.open_pull(number, sha(letter), **changes)
        self.registry.push(sha(letter))
        self.github.set_checks(sha(letter), build="success", test="success")
        if told:
            await self.head(number, letter)

    async def head(self, number: int, letter: str) -> None:
        """A push to a pull request, noted when it arrives as the intake does."""
        self.github.open_pull(number, sha(letter))
        async with self.database.begin() as connection:
            await heads.record(
                connection, repository_id=REPOSITORY.id, number=number, sha=sha(letter), now=self.clock()
            )

    async def close_pull(self, number: int) -> None:
        pull = self.github.pulls[number]
        self.github.pulls[number] = replace(pull, state="closed")
        self.github.heads.pop(number, None)
        await self.deliver(self.hint("pull", number=number))
        await self.pass_time(5, step=1)

    async def comment(self, number: int, body: str, *, by: Person = ALICE, settle: bool = True, **changes: Any) -> int:
        """Somebody writes a comment, and we hear of it at once; its number."""
        said = self.github.say(next(_comments), body, by=by, at=self.clock(), **changes)
        await self.deliver(self.comment_hint(number, said.id, body, by=by))
        if settle:
            await self.settle()
        return said.id

    def comment_hint(self, number: int, comment_id: int, body: str, *, by: Person = ALICE) -> Hint:
        digest = hashlib.sha256(body.encode()).hexdigest()
        return self.hint("comment", number=number, comment_id=comment_id, digest=digest, actor=by.login, actor_id=by.id)

    async def click(self, intent: Intent, button: str, *, by: Person = ALICE, body: bytes = b"") -> None:
        """Somebody presses a button of an intent's check run."""
        about = f"check_run:{intent.id}"
        hint = self.hint("click", button=button, external_id=about, actor=by.login, actor_id=by.id, sha=intent.sha)
        await self.deliver(hint, body=body)
        await self.settle()

    async def decisions(self) -> list[Record]:
        """Every command that was decided, oldest first."""
        async with self.database.begin() as connection:
            return list(reversed(await commands.recent(connection)))

    async def decided(self) -> Record:
        return (await self.decisions())[-1]

    def reactions(self, comment: int) -> list[str]:
        return [
            facts["content"]
            for kind, facts in self.github.writes
            if (kind, facts.get("comment")) == ("reaction", comment)
        ]

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
