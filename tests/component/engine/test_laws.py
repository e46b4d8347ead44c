"""Random merges, checks, faults, crashes and time: what can never happen does not.

Commits are numbered in the order of the branch, so "older" is a smaller number.
"""

import asyncio

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from bot.domain.intent import State
from bot.errors import RejectedError, TransientError
from bot.storage import schema
from bot.storage.database import Database
from bot.storage.tables import intents as table
from tests.component.engine.rig import Rig
from tests.conftest import Clock, quick_folder
from tests.fakes.cluster import FakeCluster
from tests.fakes.github import merged
from tests.fakes.registry import digest

RESULTS = st.sampled_from([None, "success", "success", "success", "failure", "cancelled"])


class Deploying(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = quick_folder()
        database = Database(f"sqlite+aiosqlite:///{self.folder.name}/laws.db")
        self.do(schema.upgrade(database))
        self.rig = Rig(database=database, clock=Clock())
        self.commits: list[str] = []
        self.workers = 1
        self.gate_at_patch: list[bool] = []
        self.rig.cluster.before_patch = self.note_gate

    def do(self, work):
        return self.loop.run_until_complete(work)

    def note_gate(self, annotations) -> None:
        results = self.rig.github.results.get(annotations["greenlane.dev/commit"], {})
        self.gate_at_patch.append(results.get("build") == results.get("test") == "success")

    @rule(pushed=st.booleans())
    def merge(self, pushed: bool) -> None:
        number = len(self.commits) + 1
        sha = f"{number:040x}"
        self.commits.append(sha)
        self.rig.github.history.append(sha)
        self.rig.github.pulls[number] = merged(number, sha, at=self.rig.clock())
        if pushed:
            self.rig.registry.push(sha)
        self.do(self.rig.deliver(self.rig.hint("pull", number=number, merged=True)))

    @precondition(lambda self: self.commits)
    @rule(data=st.data(), build=RESULTS, test=RESULTS)
    def report(self, data, build, test) -> None:
        sha = data.draw(st.sampled_from(self.commits))
        self.rig.github.set_checks(sha, build=build, test=test)
        self.do(self.rig.deliver(self.rig.hint("commit", sha=sha)))

    @precondition(lambda self: self.commits)
    @rule(data=st.data())
    def push_image(self, data) -> None:
        self.rig.registry.push(data.draw(st.sampled_from(self.commits)))

    @precondition(lambda self: self.commits)
    @rule(data=st.data())
    def tell_twice(self, data) -> None:
        number = data.draw(st.integers(1, len(self.commits)))
        self.do(self.rig.deliver(self.rig.hint("pull", number=number, merged=True)))

    @rule(behaviour=st.sampled_from(["ok", "slow", "crash"]))
    def behave(self, behaviour: str) -> None:
        self.rig.cluster.behaviour = behaviour
        self.rig.cluster.ready_at = self.rig.clock()

    @rule(part=st.sampled_from(["github", "registry", "cluster"]), count=st.integers(1, 4))
    def trouble(self, part: str, count: int) -> None:
        getattr(self.rig, part).errors.extend([TransientError("out of reach")] * count)

    @rule()
    def forbid_once(self) -> None:
        self.rig.cluster.errors.append(RejectedError("cluster_forbidden", "the cluster says no"))

    @rule(seconds=st.sampled_from([1, 10, 40, 120, 1000]))
    def wait(self, seconds: int) -> None:
        self.do(self.rig.pass_time(seconds, step=max(5, seconds / 10)))

    @rule()
    def work(self) -> None:
        self.do(self.rig.settle())

    @rule()
    def crash_with_a_row_in_hand(self) -> None:
        self.do(self.rig.reconciler.worker.claim())
        self.workers += 1
        self.rig = Rig(
            database=self.rig.database,
            clock=self.rig.clock,
            github=self.rig.github,
            registry=self.rig.registry,
            cluster=self.rig.cluster,
            owner=f"worker-{self.workers}",
        )

    @invariant()
    def nothing_that_can_never_happen(self) -> None:
        if not hasattr(self, "rig"):
            return
        intents = self.do(self.rig.intents())
        by_id = {str(intent.id): intent for intent in intents}
        rolling = [intent for intent in intents if intent.state is State.ROLLING_OUT]
        assert len(rolling) <= 1
        order = [self.commits.index(by_id[each].sha) for each, _ in self.rig.cluster.patches]
        assert order == sorted(order), "an older commit went over a newer one"
        for each, image in self.rig.cluster.patches:
            assert image.endswith(digest(by_id[each].sha))
        assert all(self.gate_at_patch)
        assert set(self.rig.cluster.namespaces) <= {FakeCluster().target.namespace}
        self.do(self.everything_open_is_looked_at_again())

    async def everything_open_is_looked_at_again(self) -> None:
        async with self.rig.database.begin() as connection:
            rows = (await connection.execute(select(table))).mappings().all()
        for row in rows:
            is_open = State(row["state"]).is_open
            assert (row["due_at"] is not None or row["lease_until"] is not None) == is_open
            assert (row["deadline_at"] is not None) == is_open

    def teardown(self) -> None:
        if not hasattr(self, "rig"):
            return
        # Left alone long enough, everything ends.
        for part in (self.rig.github, self.rig.registry, self.rig.cluster):
            part.errors.clear()
        self.do(self.rig.pass_time(9 * 3600, step=1800))
        assert not [intent for intent in self.do(self.rig.intents()) if intent.state.is_open]
        self.do(self.rig.database.aclose())
        self.loop.close()
        self.folder.cleanup()


Deploying.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
TestDeploying = pytest.mark.timeout(240)(Deploying.TestCase)  # a dozen whole lives; the machine may be busy
