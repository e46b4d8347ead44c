"""GitHub as the engine's ports see it: facts are set by the test, writes are kept."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.domain.gate import CheckRun, CommitChecks, Required
from bot.domain.intent import Repository
from bot.engine.ports import Ancestry, Pull
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

    def set_checks(self, sha: str, **results: str | None) -> None:
        """`build="success"`; None is still running."""
        self.results.setdefault(sha, {}).update(results)

    def _maybe_fail(self) -> None:
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
        places = [self.history.index(self.history[-1] if name == "main" else name) for name in (base, head)]
        return "identical" if places[0] == places[1] else "ahead" if places[0] < places[1] else "behind"

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

    def kinds(self) -> list[str]:
        """What was written, in order; a status with its state."""
        return [kind if kind != "status" else f"status {facts['state']}" for kind, facts in self.writes]


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
