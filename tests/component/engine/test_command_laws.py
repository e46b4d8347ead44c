"""Random people, pushes, merges, checks, comments, clicks, faults, crashes and time: what can never happen does not.

Merged commits are numbered in the order of the branch, so "older" is a smaller number; heads of pull requests lie on
branches of their own. What a law needs to know of a moment (rights, checks, heads) changes only between the steps.
"""

import asyncio
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from bot.domain.intent import Intent, Kind, State
from bot.domain.lock import Stop
from bot.domain.people import Person, Role
from bot.engine.commands.limits import NO_RIGHTS, WORDS_AGAIN
from bot.errors import RejectedError, TransientError
from bot.storage import heads, schema, stops
from bot.storage.commands import Record
from bot.storage.database import Database
from bot.storage.tables import holds, intents, locks, outbox, transitions
from bot.storage.tables import stops as stops_table
from tests.component.engine.rig import ALICE, BOB, CARL, EVE, TEAM, Rig
from tests.conftest import Clock, quick_folder
from tests.factories import REPOSITORY
from tests.fakes.github import merged
from tests.fakes.registry import digest

PEOPLE = {person.login: person for person in (ALICE, BOB, CARL, EVE)}
LINES = [
    *("/deploy staging", "/deploy", "/deploy staging {sha}", "/deploy staging {short}", "/deploy staging {older}"),
    *("/rollback staging", "/rollback staging", "/rollback staging to #{intent}", "/abort staging", "/abort staging"),
    *("/lock staging for 10m", "/lock staging", "/unlock staging", "/hold", "/resume", "/resume staging", "/status"),
]
RESULTS = st.sampled_from([None, "success", "success", "success", "success", "failure"])
CHANGING = frozenset({"deploy", "rollback", "abort", "lock", "unlock", "hold", "resume"})
FORK = 666

Moment = tuple[State, datetime]


class _Template:
    """A database with the schema, made once and copied for each life."""

    def __init__(self) -> None:
        self.folder = quick_folder()
        self.file = Path(self.folder.name) / "template.db"

    def copy_to(self, file: Path) -> None:
        if not self.file.exists():
            asyncio.run(self._make())
        shutil.copy(self.file, file)

    async def _make(self) -> None:
        database = Database(f"sqlite+aiosqlite:///{self.file}")
        await schema.upgrade(database)
        await database.aclose()


TEMPLATE = _Template()


class Commanding(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.folder = quick_folder()
        file = Path(self.folder.name) / "laws.db"
        TEMPLATE.copy_to(file)
        self.loop = asyncio.new_event_loop()
        self.rig = Rig(database=Database(f"sqlite+aiosqlite:///{file}"), clock=Clock())
        self.rig.let_people_in()
        self.workers = self.numbers = self.heads = 1
        self.told: dict[tuple[int, str], datetime] = {}
        self.forged: set[int] = set()
        self.known_records = self.known_transitions = 0
        self.open_pull(fork=False)
        self.open_pull(fork=False)
        self.merge(pull=None)
        self.do(self.rig.pass_time(40, step=10))
        self.merge(pull=None)
        self.do(self.rig.pass_time(40, step=10))

    def do(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    # What people do on GitHub

    @rule(fork=st.sampled_from([False, False, False, True]))
    def open_pull(self, fork: bool) -> None:
        self.numbers += 1
        self._push(self.numbers, told=True, fork=fork)

    @precondition(lambda self: self._open())
    @rule(data=st.data(), told=st.booleans())
    def push(self, data: st.DataObject, told: bool) -> None:
        number = data.draw(st.sampled_from(self._open()))
        self._push(number, told=told, fork=self.rig.github.pulls[number].head_repository_id == FORK)

    def _push(self, number: int, *, told: bool, fork: bool) -> None:
        self.heads += 1
        sha = f"{self.heads:08x}{'f' * 32}"
        self.rig.registry.push(sha)
        self.rig.github.set_checks(sha, build="success", test="success")
        self.do(self._note(number, sha, told=told))
        if told:
            self.told.setdefault((number, sha), self.rig.clock())
        self.rig.github.open_pull(number, sha, **({"head_repository_id": FORK} if fork else {}))

    async def _note(self, number: int, sha: str, *, told: bool) -> None:
        if told:
            async with self.rig.database.begin() as connection:
                await heads.record(
                    connection, repository_id=REPOSITORY.id, number=number, sha=sha, now=self.rig.clock()
                )

    @rule(pull=st.data(), green=st.sampled_from([True, True, False]))
    def merge(self, pull: st.DataObject | None, green: bool = True) -> None:
        number = pull.draw(st.sampled_from([*self._open(), 0])) if pull else 0
        if not number:
            self.numbers += 1
            number = self.numbers
        github = self.rig.github
        sha = f"{len(github.history) + 1:040x}"
        github.history.append(sha)
        github.pulls[number] = merged(number, sha, at=self.rig.clock())
        github.heads.pop(number, None)
        self.rig.registry.push(sha)
        if green:
            github.set_checks(sha, build="success", test="success")
        self.do(self.rig.deliver(self.rig.hint("pull", number=number, merged=True)))

    @precondition(lambda self: self._open())
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self._open()))
        github = self.rig.github
        github.pulls[number] = replace(github.pulls[number], state="closed")
        github.heads.pop(number, None)
        self.do(self.rig.deliver(self.rig.hint("pull", number=number)))

    @rule(data=st.data(), build=RESULTS)
    def report(self, data: st.DataObject, build: str | None) -> None:
        shas = [*self.rig.github.history, *(pull.head_sha for pull in self.rig.github.pulls.values())]
        sha = data.draw(st.sampled_from(shas))
        self.rig.github.set_checks(sha, build=build, test="success")
        self.do(self.rig.deliver(self.rig.hint("commit", sha=sha)))

    @rule(
        data=st.data(),
        line=st.sampled_from(LINES),
        who=st.sampled_from([*[ALICE, BOB] * 4, CARL, EVE]),
        wait=st.booleans(),
    )
    def comment(self, data: st.DataObject, line: str, who: Person, wait: bool) -> None:
        self._say(data, line, who)
        if wait:
            self.do(self.rig.pass_time(40, step=10))

    @rule(data=st.data(), what=st.sampled_from(["edited", "edited", "unheard", "older"]))
    def ask_for_what_must_not_be(self, data: st.DataObject, what: str) -> None:
        number = data.draw(st.sampled_from(self._open() or sorted(self.rig.github.pulls)))
        line = f"/deploy staging {self.rig.github.history[0]}" if what == "older" else "/deploy staging"
        pull = self.rig.github.pulls[number]
        if what == "unheard" and pull.state == "open":
            self._push(number, told=False, fork=pull.head_repository_id == FORK)
        comment = self.do(self.rig.comment(number, line, by=BOB, settle=False))
        if what == "edited":
            self.forged.add(comment)
            said = self.rig.github.comments_by_people[comment]
            self.rig.github.comments_by_people[comment] = replace(said, body="/lock staging")
        self.do(self.rig.settle())

    @rule(data=st.data(), then=st.sampled_from(["right", "right", "head", "lock", "stop"]))
    def ask_and_then_something_changes_before_the_checks_are_green(self, data: st.DataObject, then: str) -> None:
        number = data.draw(st.sampled_from(self._open() or sorted(self.rig.github.pulls)))
        self.change_rights(ALICE, "back")
        pull = self.rig.github.pulls[number]
        sha = pull.merge_commit_sha or pull.head_sha
        self.rig.github.set_checks(sha, build=None, test="success")
        self.do(self.rig.comment(number, "/deploy staging", by=ALICE))
        self.nothing_that_can_never_happen()
        match then:
            case "right":
                self.rig.github.roles[ALICE.login] = (ALICE.id, Role.READ)
            case "head" if pull.state == "open":
                self._push(number, told=True, fork=pull.head_repository_id == FORK)
            case "lock":
                self.do(self.rig.comment(self._elsewhere(number), "/lock staging for 10m", by=BOB))
            case _:
                self.stop_everything_for_a_while()
        self.rig.clock.advance(seconds=1)
        self.rig.github.set_checks(sha, build="success")
        self.do(self.rig.deliver(self.rig.hint("commit", sha=sha)))
        self.do(self.rig.settle())

    def _elsewhere(self, number: int) -> int:
        return next((each for each in self._open() if each != number), number)

    @rule(data=st.data(), line=st.sampled_from(LINES))
    def comment_delivered_twice(self, data: st.DataObject, line: str) -> None:
        number = self._say(data, line, ALICE)
        said = self.rig.github.comments_by_people[number]
        self.do(self.rig.deliver(self.rig.comment_hint(self.about[number], number, said.body, by=ALICE)))

    about: dict[int, int]

    def _say(self, data: st.DataObject, line: str, who: Person) -> int:
        github = self.rig.github
        on = data.draw(st.sampled_from(sorted(github.pulls)))
        sha = github.pulls[on].merge_commit_sha or github.pulls[on].head_sha
        known = self.do(self.rig.intents())
        number = max([each.id for each in known], default=1)
        body = line.format(sha=sha, short=sha[:9], older=github.history[0], intent=data.draw(st.integers(1, number)))
        comment = self.do(self.rig.comment(on, body, by=who, settle=False))
        self.about = {**getattr(self, "about", {}), comment: on}
        return int(comment)

    @rule(data=st.data(), button=st.sampled_from(["rollback", "again", "abort"]), who=st.sampled_from([ALICE, EVE]))
    def click(self, data: st.DataObject, button: str, who: Person) -> None:
        known = self.do(self.rig.intents())
        if known:
            self.do(self.rig.click(data.draw(st.sampled_from(known)), button, by=who))

    @rule(who=st.sampled_from([ALICE, BOB]), how=st.sampled_from(["team", "write", "login", *["back"] * 5]))
    def change_rights(self, who: Person, how: str) -> None:
        github = self.rig.github
        github.roles[who.login] = (who.id, Role.WRITE)
        github.teams[TEAM].add(who.login)
        match how:
            case "team":
                github.teams[TEAM].discard(who.login)
            case "write":
                github.roles[who.login] = (who.id, Role.READ)
            case "login":
                github.roles[who.login] = (77, Role.ADMIN)

    @rule()
    def stop_everything_for_a_while(self) -> None:
        now = self.rig.clock()
        self.do(self._stop(Stop(reason="audit", set_by="ops", set_at=now, until=now + timedelta(minutes=5))))

    async def _stop(self, stop: Stop) -> None:
        async with self.rig.database.begin() as connection:
            await stops.put(connection, stop)

    # What the world does

    @rule(behaviour=st.sampled_from(["ok", "ok", "slow", "crash"]))
    def behave(self, behaviour: str) -> None:
        self.rig.cluster.behaviour = behaviour
        self.rig.cluster.ready_at = self.rig.clock()

    @rule(part=st.sampled_from(["github", "registry", "cluster"]), count=st.integers(1, 4))
    def trouble(self, part: str, count: int) -> None:
        getattr(self.rig, part).errors.extend([TransientError("out of reach")] * count)

    @rule(part=st.sampled_from(["github", "cluster"]))
    def forbid_once(self, part: str) -> None:
        getattr(self.rig, part).errors.append(RejectedError(f"{part}_forbidden", "no"))

    @rule(seconds=st.sampled_from([1, 10, 40, 40, 700]))
    def wait(self, seconds: int) -> None:
        self.do(self.rig.pass_time(seconds, step=max(5, seconds / 8)))

    @rule()
    def work(self) -> None:
        self.do(self.rig.settle())

    @rule()
    def sweep(self) -> None:
        self.do(self.rig.sweeps.sweep())
        for number, sha in self.rig.github.heads.items():
            self.told.setdefault((number, sha), self.rig.clock())

    @rule(worker=st.sampled_from(["deliveries", "reconciler", "outbox"]))
    def crash_with_a_row_in_hand(self, worker: str) -> None:
        self.do(getattr(self.rig, worker).worker.claim())
        self.workers += 1
        old = self.rig
        self.rig = Rig(
            database=old.database,
            clock=old.clock,
            github=old.github,
            registry=old.registry,
            cluster=old.cluster,
            owner=f"worker-{self.workers}",
        )

    # What can never happen

    @invariant()
    def nothing_that_can_never_happen(self) -> None:
        if hasattr(self, "known_transitions"):
            self.do(self._hold_the_laws())

    async def _hold_the_laws(self) -> None:
        every = {each.id: each for each in await self.rig.intents()}
        assert sum(each.state is State.ROLLING_OUT for each in every.values()) <= 1
        self._patches_are_in_order(every)
        await self._everything_open_is_looked_at_again()
        async with self.rig.database.begin() as connection:
            rows = (await connection.execute(select(transitions).order_by(transitions.c.id))).mappings().all()
        for row in rows[self.known_transitions :]:
            if row["state"] == State.ROLLING_OUT:
                await self._may_start(every[row["intent_id"]], row["at"])
        self.known_transitions = len(rows)
        records = await self.rig.decisions()
        for record in records[self.known_records :]:
            self._may_be_obeyed(record)
        self.known_records = len(records)
        assert len({record.key for record in records}) == len(records)

    def _patches_are_in_order(self, every: dict[Any, Intent]) -> None:
        history = self.rig.github.history
        last = ""
        for number, image in self.rig.cluster.patches:
            one = every[int(number)]
            assert image.endswith(digest(one.sha))
            both_merged = one.sha in history and last in history
            if one.kind is not Kind.ROLLBACK and both_merged:
                assert history.index(one.sha) >= history.index(last), "an older commit went over a newer one"
            last = one.sha

    async def _may_start(self, intent: Intent, at: datetime) -> None:
        """What holds for the beginning of a rollout; what was set in this very step may have come after it."""
        if intent.kind is Kind.ROLLBACK:
            assert intent.digest in {each.digest for each in await self.rig.intents() if each.state is State.SUCCEEDED}
        else:
            results = self.rig.github.results.get(intent.sha, {})
            assert results.get("build") == results.get("test") == "success"
            assert not await self._kept_by_others(intent, at)
        if intent.command_id is not None:
            assert self._may_deploy(intent.actor, intent.actor_id)

    async def _kept_by_others(self, intent: Intent, at: datetime) -> list[str]:
        async with self.rig.database.begin() as connection:
            kept = (await connection.execute(select(locks).where(locks.c.released_at.is_(None)))).mappings().all()
            held = (await connection.execute(select(holds).where(holds.c.released_at.is_(None)))).mappings().all()
            stopped = (await connection.execute(select(stops_table))).mappings().all()
        found = ["lock" for row in kept if row["set_at"] < at < row["expires_at"] and _is_foreign(row, intent)]
        found += ["hold" for row in held if row["set_at"] < at and intent.kind is Kind.AUTOMATIC]
        return found + ["stop" for row in stopped if row["set_at"] < at < row["until"]]

    def _may_deploy(self, login: str, number: int | None) -> bool:
        account, role = self.rig.github.roles[login]
        return account == number and role.may_write and login in self.rig.github.teams[TEAM]

    def _may_be_obeyed(self, record: Record) -> None:
        if record.decision != "accepted":
            return
        assert record.verb in CHANGING
        assert record.comment_id not in self.forged
        assert self._may_deploy(record.actor.login, record.actor.id)
        if record.verb == "deploy":
            self._was_seen(record)

    def _was_seen(self, record: Record) -> None:
        """The commit is of the branch, or the head that whoever wrote can have seen."""
        sha, github = record.facts["sha"], self.rig.github
        if sha in github.history:
            return
        pull = github.pulls[record.pull_request or 0]
        assert pull.state == "open"
        assert pull.head_repository_id == REPOSITORY.id
        assert pull.head_sha == sha
        if sha not in record.line:
            told = self.told.get((pull.number, sha))
            assert record.comment_id is not None
            assert told is not None, "nobody had heard of that head"
            assert told <= github.comments_by_people[record.comment_id].created_at + timedelta(seconds=1)

    async def _everything_open_is_looked_at_again(self) -> None:
        async with self.rig.database.begin() as connection:
            rows = (await connection.execute(select(intents))).mappings().all()
        for row in rows:
            is_open = State(row["state"]).is_open
            assert (row["due_at"] is not None or row["lease_until"] is not None) == is_open
            assert (row["deadline_at"] is not None) == is_open

    def _open(self) -> list[int]:
        return sorted(number for number, pull in self.rig.github.pulls.items() if pull.state == "open")

    def teardown(self) -> None:
        if not hasattr(self, "known_transitions"):
            return
        # Left alone long enough, everything ends, and everybody has heard of it.
        for part in (self.rig.github, self.rig.registry, self.rig.cluster):
            part.errors.clear()
        self.do(self.rig.pass_time(3600, step=600))
        self.do(self.rig.pass_time(9 * 24 * 3600, step=18 * 3600))
        self.nothing_that_can_never_happen()
        assert not [each for each in self.do(self.rig.intents()) if each.state.is_open]
        self.do(self._everybody_was_answered())
        self.do(self.rig.database.aclose())
        self.loop.close()
        self.folder.cleanup()

    async def _everybody_was_answered(self) -> None:
        async with self.rig.database.begin() as connection:
            pending = (await connection.execute(select(outbox.c.key).where(outbox.c.status == "pending"))).all()
        assert not pending
        told: dict[int, datetime] = {}
        for record in await self.rig.decisions():
            if record.reason == "too_many_commands":
                continue
            before = told.get(record.actor.id)
            again = record.reason in NO_RIGHTS and before is not None and record.at - before < WORDS_AGAIN
            if record.reason in NO_RIGHTS and not again:
                told[record.actor.id] = record.at
            assert bool(record.answer) is not again or record.decision != "refused"
            if record.comment_id is not None:
                assert bool(self.rig.reactions(record.comment_id)) is not again


def _is_foreign(lock: Any, intent: Intent) -> bool:
    return (lock["repository_id"], lock["pull_request"]) != (intent.repository.id, intent.pull_request)


Commanding.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
TestCommanding = pytest.mark.timeout(240)(Commanding.TestCase)
