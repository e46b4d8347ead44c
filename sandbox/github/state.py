"""Everything the emulated GitHub knows, and how to find it. What people can do is added by the modules above."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime

from sandbox.github.errors import not_found
from sandbox.github.faults import Delay, Faults, Lag
from sandbox.github.gitlog import make_commit
from sandbox.github.hooks import Delivery, Hooks
from sandbox.github.journal import Journal
from sandbox.github.limits import Limits
from sandbox.github.model import Account, App, Installation, Org, Repository, Token, User
from sandbox.github.records import Commit, PullRequest
from sandbox.github.urls import Urls

Who = User | str
Repo = Repository | str


def utcnow() -> datetime:
    return datetime.now(UTC)


class State:
    """The data. Ids of accounts, Apps and repositories are short, all others beyond 32 bits, as on GitHub."""

    def __init__(self, clock: Callable[[], datetime] = utcnow) -> None:
        self.clock = clock
        self.urls = Urls()
        self.accounts: dict[str, Account] = {}
        self.apps: dict[int, App] = {}
        self.installations: dict[int, Installation] = {}
        self.tokens: dict[str, Token] = {}
        self.repositories: dict[int, Repository] = {}
        self.renames: dict[str, int] = {}
        self.commits: dict[str, Commit] = {}
        self.veils: dict[int, tuple[PullRequest, datetime, Delay]] = {}
        self.null_reads: dict[int, int] = {}
        self.head_moves: dict[int, tuple[int, Callable[[], object]]] = {}
        self.faults = Faults()
        self.lag = Lag()
        self.limits = Limits(clock=clock)
        self.requests = Journal()
        self._short_ids = itertools.count(1_000_001)
        self._long_ids = itertools.count(30_000_000_001)
        self._salt = itertools.count(1)
        self.hooks = Hooks(clock=clock, next_id=self.long_id)

    @property
    def deliveries(self) -> list[Delivery]:
        """Every webhook attempt so far, oldest first."""
        return self.hooks.log

    def redeliver(self, delivery_id: int) -> Delivery:
        return self.hooks.redeliver(delivery_id)

    async def quiet(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109  (the caller's patience is the point)
        """Wait until no delivery is waiting or on the way. Raises `TimeoutError`."""
        await self.hooks.quiet(timeout)

    def short_id(self) -> int:
        return next(self._short_ids)

    def long_id(self) -> int:
        return next(self._long_ids)

    def user(self, who: Who) -> User:
        found = who if isinstance(who, User) else self.accounts.get(who.lower())
        if not isinstance(found, User):
            raise not_found()
        return found

    def org(self, login: str) -> Org:
        found = self.accounts.get(login.lower())
        if not isinstance(found, Org):
            raise not_found()
        return found

    def repository(self, repo: Repo) -> Repository:
        """By object or current full name; a former name is not followed here."""
        if isinstance(repo, Repository):
            return repo
        for repository in self.repositories.values():
            if repository.full_name.lower() == repo.lower():
                return repository
        raise not_found()

    def resolve(self, repository: Repository, ref: str) -> str | None:
        """The commit a branch name, `heads/…` ref, full SHA or unique short SHA means; None if nothing does."""
        for name in (ref, f"refs/{ref}", f"refs/heads/{ref}", f"refs/tags/{ref}"):
            if name in repository.refs:
                return repository.refs[name]
        if ref in repository.objects:
            return ref
        if len(ref) < 7:
            return None
        near = [sha for sha in repository.objects if sha.startswith(ref.lower())]
        return near[0] if len(near) == 1 else None

    def keep_commit(
        self,
        repository: Repository,
        *,
        files: dict[str, str],
        parents: list[str],
        message: str,
        author: User,
        committer: User | None = None,
    ) -> Commit:
        """Write a commit into the repository; no ref moves."""
        commit = make_commit(
            files=files,
            parents=parents,
            message=message,
            author=author,
            committer=committer or author,
            date=self.clock(),
            salt=next(self._salt),
        )
        self.commits[commit.sha] = commit
        repository.objects.add(commit.sha)
        return commit
