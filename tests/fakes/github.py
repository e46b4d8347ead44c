"""GitHub as the engine's ports see it: facts are set by the test, writes are kept."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.domain.gate import CheckRun, CommitChecks, Required
from bot.domain.intent import Repository
from bot.domain.people import Approval, Comment, Comparison, Person, Role
from bot.engine.ports import Ancestry, Pull
from bot.errors import RejectedError
from tests.factories import REPOSITORY

GITHUB_ACTIONS = 15368


@dataclass
class FakeGitHub:
    """Satisfies `GitHubReads` and `GitHubWrites`. `history` is the branch, oldest first."""

    repository: Repository = REPOSITORY
    history: list[str] = field(default_factory=list)
    pulls: dict[int, Pull] = field(default_factory=dict)
    files: dict[int, set[str]] = field(default_factory=dict)
    results: dict[str, dict[str, str | None]] = field(default_factory=dict)
    required: list[Required] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    """Raised by the next reads or writes, one each."""
    writes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)
    next_id: int = 100
    comments_by_people: dict[int, Comment] = field(default_factory=dict)
    """A comment that is not here was deleted."""
    asked: int = 0
    """How many requests there were."""
    unheard: dict[int, int] = field(default_factory=dict)
    """Comment → pull request, of those that only a list shows."""
    roles: dict[str, tuple[int, Role]] = field(default_factory=dict)
    """Login → number of the account and what it may do; nobody else exists."""
    teams: dict[str, set[str]] = field(default_factory=dict)
    """`organisation/team` → logins; a team that is not here may not be asked about."""
    approved: dict[int, list[Approval]] = field(default_factory=dict)
    heads: dict[int, str] = field(default_factory=dict)
    """Heads of open pull requests."""
    comparisons: dict[tuple[str, str], Comparison] = field(default_factory=dict)
    """(base, head) → what to answer instead of what follows from `history`."""

    def set_checks(self, sha: str, **results: str | None) -> None:
        """`build="success"`; None is still running."""
        self.results.setdefault(sha, {}).update(results)

    def _maybe_fail(self) -> None:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)

    async def find_repository(self, full_name: str) -> Repository | None:
        self._maybe_fail()
        return self.repository if full_name == self.repository.full_name else None

    async def default_branch(self, repository: Repository) -> str:
        return "main"

    async def pull(self, repository: Repository, number: int) -> Pull:
        self._maybe_fail()
        return self.pulls[number]

    async def merged_pulls(self, repository: Repository, *, branch: str, since: datetime) -> Sequence[Pull]:
        self._maybe_fail()
        return [
            pull
            for pull in self.pulls.values()
            if pull.merged and pull.base == branch and pull.merged_at and pull.merged_at >= since
        ]

    async def pull_of_commit(self, repository: Repository, sha: str) -> Pull | None:
        return next((pull for pull in self.pulls.values() if pull.merge_commit_sha == sha), None)

    async def pull_files(self, repository: Repository, number: int) -> Collection[str]:
        return self.files.get(number, set())

    async def commit_files(self, repository: Repository, *, base: str, head: str) -> Collection[str]:
        return self.files.get(0, set())

    async def branch_head(self, repository: Repository, branch: str) -> str | None:
        return self.history[-1] if self.history else None

    async def checks(self, repository: Repository, sha: str) -> CommitChecks:
        self._maybe_fail()
        runs = tuple(
            CheckRun(
                id=number,
                name=name,
                app_id=GITHUB_ACTIONS,
                app_slug="github-actions",
                status="completed" if conclusion else "in_progress",
                conclusion=conclusion,
            )
            for number, (name, conclusion) in enumerate(self.results.get(sha, {}).items())
        )
        return CommitChecks(runs=runs)

    async def required_checks(self, repository: Repository, branch: str) -> Sequence[Required]:
        return self.required

    async def ancestry(self, repository: Repository, *, base: str, head: str) -> Ancestry:
        self._maybe_fail()
        return self._relation(base, head)

    def _relation(self, base: str, head: str) -> Ancestry:
        """Commits outside `history` lie on branches of their own."""
        shas = [self.history[-1] if name == "main" and self.history else name for name in (base, head)]
        if shas[0] == shas[1]:
            return "identical"
        if not set(shas) <= set(self.history):
            return "diverged"
        return "ahead" if self.history.index(shas[0]) < self.history.index(shas[1]) else "behind"

    async def comment(self, repository: Repository, comment_id: int) -> Comment | None:
        self._maybe_fail()
        return self.comments_by_people.get(comment_id)

    async def recent_comments(self, repository: Repository, *, since: datetime) -> Sequence[tuple[int, Comment]]:
        self._maybe_fail()
        found = [(number, self.comments_by_people[comment]) for comment, number in self.unheard.items()]
        return [each for each in found if each[1].updated_at >= since]

    async def role(self, repository: Repository, login: str) -> tuple[int, Role]:
        self._maybe_fail()
        if login not in self.roles:
            raise RejectedError("github_not_found", f"GitHub knows nobody called {login}")
        return self.roles[login]

    async def is_in_team(self, repository: Repository, team: str, login: str) -> bool:
        self._maybe_fail()
        if team not in self.teams:
            raise RejectedError("github_forbidden", f"the App may not see who is in {team}")
        return login in self.teams[team]

    async def approvals(self, repository: Repository, number: int) -> Sequence[Approval]:
        self._maybe_fail()
        return self.approved.get(number, [])

    async def open_heads(self, repository: Repository) -> Mapping[int, str]:
        self._maybe_fail()
        return dict(self.heads)

    async def compare(self, repository: Repository, *, base: str, head: str) -> Comparison:
        self._maybe_fail()
        if (base, head) in self.comparisons:
            return self.comparisons[base, head]
        relation = self._relation(base, head)
        places = [self.history.index(sha) if sha in self.history else 0 for sha in (base, head)]
        between = self.history[places[0] + 1 : places[1] + 1] if relation == "ahead" else []
        return Comparison(
            relation=relation,
            ahead_by=1 if relation == "diverged" else len(between),
            behind_by=1 if relation == "diverged" else max(0, places[0] - places[1]),
            authors=("alice",) if between else (),
            titles=tuple(f"Change {sha[:7]}" for sha in reversed(between))[:10],
            url=f"https://github.com/{repository.full_name}/compare/{base}...{head}",
        )

    def open_pull(self, number: int, sha: str, **changes: Any) -> Pull:
        """An open pull request with this head, in the repository itself unless `head_repository_id` says else."""
        self.pulls[number] = opened(number, sha, **{"head_repository_id": self.repository.id, **changes})
        self.heads[number] = sha
        return self.pulls[number]

    def say(self, comment_id: int, body: str, *, by: Person, at: datetime, **changes: Any) -> Comment:
        """A comment that somebody wrote."""
        values: Mapping[str, Any] = {"is_bot": False, "created_at": at, "updated_at": at}
        said = Comment(id=comment_id, body=body, author=by, **{**values, **changes})
        self.comments_by_people[comment_id] = said
        return said

    def _write(self, kind: str, **facts: Any) -> int:
        self._maybe_fail()
        self.next_id += 1
        self.writes.append((kind, facts))
        return self.next_id

    async def ensure_deployment(self, repository: Repository, **facts: Any) -> int:
        return self._write("deployment", **facts)

    async def ensure_deployment_status(self, repository: Repository, **facts: Any) -> None:
        self._write("status", **facts)

    async def ensure_check_run(self, repository: Repository, **facts: Any) -> int:
        return self._write("check_run", **facts)

    async def ensure_comment(
        self, repository: Repository, *, number: int, marker: str, body: str, known_id: int | None
    ) -> int:
        self.comments[marker] = body
        return self._write("comment", number=number, marker=marker, known_id=known_id)

    async def ensure_reaction(self, repository: Repository, *, comment: int, content: str) -> None:
        self._write("reaction", comment=comment, content=content)

    def kinds(self) -> list[str]:
        """What was written, in order; a status with its state."""
        return [kind if kind != "status" else f"status {facts['state']}" for kind, facts in self.writes]


def opened(number: int, sha: str, **changes: Any) -> Pull:
    values: Mapping[str, Any] = {
        "number": number,
        "title": "Pay faster",
        "state": "open",
        "merged": False,
        "merge_commit_sha": None,
        "merged_by": "",
        "merged_at": None,
        "author": "alice",
        "author_id": 1,
        "base": "main",
        "head_sha": sha,
    }
    return Pull(**{**values, **changes})


def merged(number: int, sha: str, *, at: datetime, **changes: Any) -> Pull:
    values: Mapping[str, Any] = {
        "number": number,
        "title": "Pay faster",
        "state": "closed",
        "merged": True,
        "merge_commit_sha": sha,
        "merged_by": "alice",
        "merged_at": at,
        "author": "alice",
        "base": "main",
        "head_sha": "f" * 40,
    }
    return Pull(**{**values, **changes})
