"""Where one scenario plays: its own organisation, repository, people and namespaces on a stage that many share."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from sandbox.github import World
from sandbox.github.faults import Fault
from sandbox.github.model import Repository
from sandbox.github.records import Comment, Deployment, PullRequest
from tests.e2e.runner import JSON
from tests.e2e.stage import Stage, repository_of
from tests.scenarios.row import House

PATIENCE = 75.0
LOOK_EVERY = 0.1
EVERYBODY = ("alice", "bob", "carol", "mallory")
"""Every scenario has them, as accounts of its own: how much somebody may ask in a minute counts everywhere."""

T = TypeVar("T")


class Log:
    """The bot's log, each line read once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._at = 0
        self._lines: list[JSON] = []

    def lines(self, event: str) -> list[JSON]:
        with self._file.open("rb") as file:
            file.seek(self._at)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._at += len(whole)
        self._lines += [json.loads(line) for line in whole.splitlines() if line.startswith(b"{")]
        return [line for line in self._lines if line["event"] == event]


@dataclass(frozen=True)
class Named:
    """A pull request in a text: `{a}` is its number, `{a.head}`, `{a.sha}` and `{a.short}` are commits."""

    pull: PullRequest

    def __format__(self, spec: str) -> str:
        return format(self.pull.number, spec)

    @property
    def head(self) -> str:
        return self.pull.head_sha

    @property
    def sha(self) -> str:
        """What it became; its head while it is open."""
        merged = self.pull.merge_commit_sha
        return merged if self.pull.merged and merged else self.pull.head_sha

    @property
    def short(self) -> str:
        return self.sha[:7]


@dataclass(kw_only=True)
class Gates:
    """Where the scenarios of a stage wait for each other: the bot is killed, or started, when all have arrived."""

    dies: asyncio.Barrier
    lives: asyncio.Barrier


@dataclass(kw_only=True)
class Scene:
    stage: Stage
    log: Log
    app: str
    house: House
    gates: Gates
    pulls: dict[str, PullRequest] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    """Commits with a name of their own."""
    comments: list[Comment] = field(default_factory=list)
    """What people wrote, oldest first."""
    faults: list[Fault] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.stage.worlds.world

    @property
    def owner(self) -> str:
        return f"{self.app}-org"

    @property
    def repository(self) -> Repository:
        return self.world.repository(repository_of(self.app))

    @property
    def name(self) -> str:
        return self.repository.full_name

    def login(self, alias: str) -> str:
        return f"{self.app}-{alias}"

    def text(self, words: str) -> str:
        """With the names in it filled in: `{a.head}`, `{app}`, `{alice}`, `{note}`."""
        people = {alias: self.login(alias) for alias in (*EVERYBODY, *self.house.people)}
        pulls = {tag: Named(pull) for tag, pull in self.pulls.items()}
        return words.format_map(people | pulls | self.notes | {"app": self.app})

    def sha(self, tag: str) -> str:
        return self.notes[tag] if tag in self.notes else Named(self.pulls[tag]).sha

    def named(self, sha: str) -> str:
        """The name of a commit, as the tables have it."""
        for tag, pull in self.pulls.items():
            if sha == Named(pull).sha:
                return tag
        known = {commit: name for name, commit in self.notes.items()}
        heads = {pull.head_sha: f"{tag}.head" for tag, pull in self.pulls.items()}
        return known.get(sha) or heads.get(sha) or sha

    def from_bot(self, tag: str) -> list[str]:
        """Texts of the bot's comments on a pull request."""
        number = self.pulls[tag].number
        return [
            each.body
            for each in self.repository.comments.values()
            if each.number == number and each.app is not None and each.app.slug == "greenlane"
        ]

    def reactions(self, comment: Comment) -> set[str]:
        return {each.content for each in comment.reactions if each.user.kind == "Bot"}

    def deployments(self, tag: str, env: str) -> list[Deployment]:
        sha, names = self.sha(tag), (env, f"{env} ({self.app})")
        return [each for each in self.repository.deployments.values() if each.sha == sha and each.environment in names]

    async def image(self, env: str, *, app: str = "") -> str:
        """What the workload of an environment asks for now."""
        return str((await self.stage.workload(app or self.app, env))["image"])

    def moved(self, event: str, tag: str, env: str) -> list[JSON]:
        """What the log says of a commit in an environment."""
        sha = self.sha(tag)
        return [
            line
            for line in self.log.lines(event)
            if line.get("sha") == sha and f"/{self.app}-{env}/" in line.get("target", "")
        ]

    async def until(self, look: Callable[[], Awaitable[T] | T], holds: Callable[[T], object]) -> T:
        """The first look that holds. Fails with what was seen last."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = look()
            seen = await found if isinstance(found, Awaitable) else found
            if holds(seen):
                return seen
            assert time.monotonic() < deadline, f"not within {PATIENCE:g} s; last seen: {seen}"
            await asyncio.sleep(LOOK_EVERY)

    def on_the_way(self) -> list[str]:
        """Webhooks of this repository that the bot has not answered yet."""
        mine, hooks = self.repository.id, self.world.hooks
        queue = [each for _, each in hooks._waiting]
        both = [*queue, *(each for each in hooks.log if each.status == "pending")]
        return [each.guid for each in both if each.repository_id == mine]

    def second_is_over(self) -> bool:
        """Whether a comment written now is dated after the last webhook's answer: GitHub's times have whole seconds."""
        log = self.world.hooks.log
        heard = [(each.delivered_at, each.duration) for each in log if each.repository_id == self.repository.id]
        answered = [moment + timedelta(seconds=lasted) for moment, lasted in heard if moment]
        newest = max(answered, default=None)
        return newest is None or self.world.clock().replace(microsecond=0) >= newest.replace(microsecond=0)

    def unsettled(self) -> list[str]:
        """Those, and what the bot has taken and not worked off."""
        file = Path(self.stage.bot.folder / "greenlane.db")
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            open_ones = (
                "SELECT guid FROM deliveries WHERE repository = ? AND status NOT IN ('done', 'failed', 'ignored')"
            )
            rows = database.execute(open_ones, (self.name,))
            return self.on_the_way() + [guid for (guid,) in rows]
