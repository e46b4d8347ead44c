"""What Apps hear about suites, runs, workflow runs and statuses."""

from typing import Any

from sandbox.github import gitlog
from sandbox.github.apps import ACTIONS_APP_ID
from sandbox.github.installing import Installing
from sandbox.github.model import App, Repository, User
from sandbox.github.records import CheckRun, CheckSuite, Status, WorkflowRun
from sandbox.github.show.checks import show_hook_run, show_status, show_suite, show_workflow, show_workflow_run
from sandbox.github.show.commits import show_commit


class CheckEvents(Installing):
    """The telling half of checks; what happens is decided in the modules above."""

    def _tell_run(
        self, run: CheckRun, action: str, sender: User | None, *, only: App | None = None, identifier: str = ""
    ) -> None:
        body: dict[str, Any] = {"check_run": show_hook_run(self.urls, run)}
        if identifier:
            body["requested_action"] = {"identifier": identifier}
        self.emit(
            "check_run",
            action,
            repository=run.suite.repository,
            sender=sender or self._actor(run.suite),
            body=body,
            only=only,
            need=("checks", "write") if only else None,
        )

    def _tell_suite(self, suite: CheckSuite, action: str, sender: User | None = None) -> None:
        body = show_suite(self.urls, suite, self.commits[suite.head_sha])
        del body["repository"]
        self.emit(
            "check_suite",
            action,
            repository=suite.repository,
            sender=sender or self._actor(suite),
            body={"check_suite": body},
            need=None if action == "completed" else ("checks", "write"),
        )

    def _tell_workflow(self, run: WorkflowRun, action: str) -> None:
        suite = run.suite
        body = {
            "workflow_run": show_workflow_run(self.urls, run, self.commits[suite.head_sha]),
            "workflow": show_workflow(self.urls, suite.repository, run),
        }
        self.emit("workflow_run", action, repository=suite.repository, sender=run.actor, body=body)

    def _actor(self, suite: CheckSuite) -> User:
        """Actions acts for the person who pushed; any other App is its own bot."""
        return self.commits[suite.head_sha].author if suite.app.id == ACTIONS_APP_ID else suite.app.bot

    def _tell_status(self, repository: Repository, status: Status) -> None:
        shown = show_status(self.urls, repository, status)
        commit = self.commits[status.sha]
        names = [
            ref.removeprefix("refs/heads/")
            for ref, head in repository.refs.items()
            if ref.startswith("refs/heads/") and gitlog.is_ancestor(self.commits, status.sha, head)
        ]
        heads = {name: repository.refs[f"refs/heads/{name}"] for name in names[:10]}
        del shown["url"], shown["node_id"], shown["creator"]
        body = shown | {
            "sha": status.sha,
            "name": repository.full_name,
            "commit": show_commit(self.urls, repository, commit),
            "branches": [
                {
                    "name": name,
                    "commit": {"sha": sha, "url": f"{self.urls.repo(repository)}/commits/{sha}"},
                    "protected": bool(repository.protections.get(name)),
                }
                for name, sha in heads.items()
            ],
        }
        self.emit("status", None, repository=repository, sender=status.creator, body=body)

    def _app(self, app: App | str) -> App:
        return self.app_by_slug(app) if isinstance(app, str) else app

    @staticmethod
    def _branch_of(repository: Repository, sha: str) -> str | None:
        names = [ref for ref, head in repository.refs.items() if head == sha and ref.startswith("refs/heads/")]
        return names[0].removeprefix("refs/heads/") if names else None
