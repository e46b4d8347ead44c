"""Commit statuses: the older way for CI to say how a commit did."""

from sandbox.github.check_events import CheckEvents
from sandbox.github.errors import RefusedError, invalid
from sandbox.github.model import Repository
from sandbox.github.records import Status
from sandbox.github.state import Repo, Who


class Statuses(CheckEvents):
    """One list a repository; the newest of each context counts."""

    def report_status(
        self,
        repo: Repo,
        sha: str,
        context: str = "default",
        state: str = "success",
        description: str | None = None,
        by: Who | None = None,
        target_url: str | None = None,
    ) -> Status:
        repository = self.repository(repo)
        if state not in {"error", "failure", "pending", "success"}:
            raise invalid("Status", "state")
        if sha not in repository.objects:
            raise RefusedError(422, f"No commit found for SHA: {sha}")
        status = Status(
            id=self.long_id(),
            sha=sha,
            context=context,
            state=state,
            description=description,
            target_url=target_url,
            creator=self.user(by) if by else self._app("github-actions").bot,
            created_at=self.clock(),
        )
        repository.statuses.append(status)
        self._tell_status(repository, status)
        return status

    def current_statuses(self, repository: Repository, sha: str) -> list[Status]:
        """The newest of each context (case does not count), oldest context first."""
        newest = {status.context.lower(): status for status in repository.statuses if status.sha == sha}
        return list(newest.values())
