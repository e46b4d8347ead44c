"""Check suites, check runs and workflow runs, with the roll-up GitHub does."""

from collections.abc import Mapping
from typing import Any

from sandbox.github.apps import ACTIONS_APP_ID
from sandbox.github.check_events import CheckEvents
from sandbox.github.errors import RefusedError, not_found
from sandbox.github.model import App, Repository, User
from sandbox.github.records import CheckRun, CheckSuite, WorkflowRun
from sandbox.github.state import Repo, Who

# The worst run decides; a name further left is worse.
_WORST_FIRST = (
    "startup_failure",
    "failure",
    "timed_out",
    "cancelled",
    "action_required",
    "stale",
    "success",
    "neutral",
    "skipped",
)
_STATUSES = ("queued", "in_progress", "completed", "waiting", "requested", "pending")


class Checks(CheckEvents):
    """Suites open on every push; runs fill them; the suite completes when its last run does."""

    def open_suite(
        self, repo: Repo, sha: str, *, app: App | str, branch: str | None = None, before: str | None = None
    ) -> CheckSuite:
        """An empty suite, which stays `queued` until its App makes a run, perhaps for ever."""
        repository, owner = self.repository(repo), self._app(app)
        suite = CheckSuite(
            id=self.long_id(),
            repository=repository,
            app=owner,
            head_sha=sha,
            head_branch=branch or self._branch_of(repository, sha),
            before=before,
            created_at=self.clock(),
            updated_at=self.clock(),
        )
        repository.suites[suite.id] = suite
        self._tell_suite(suite, "requested")
        return suite

    def open_suites_for_push(self, repository: Repository, sha: str, *, branch: str, before: str) -> None:
        """For every App with Checks: write, unless its automatic suites are off or the commit has one."""
        for installation in self.installations.values():
            app = installation.app
            writes = installation.permissions.get("checks") == "write" and not installation.suspended_at
            known = any(s.app is app and s.head_sha == sha for s in repository.suites.values())
            if writes and installation.covers(repository) and not known and repository.auto_trigger.get(app.id, True):
                self.open_suite(repository, sha, app=app, branch=branch, before=before)

    def report_check(
        self,
        repo: Repo,
        sha: str,
        name: str,
        *,
        status: str = "completed",
        conclusion: str | None = None,
        app: App | str = "github-actions",
        output: Mapping[str, Any] | None = None,
        workflow: str = "CI",
        details_url: str = "",
    ) -> CheckRun:
        """Make or go on with a run of that name, as CI does. A completed run is followed by a new one."""
        suite = self.suite_for(self.repository(repo), sha, self._app(app), workflow=workflow)
        current = next((run for run in reversed(suite.runs) if run.name == name), None)
        changed: dict[str, Any] = {
            "status": status,
            "conclusion": conclusion,
            "output": dict(output or {}),
            "details_url": details_url,
        }
        if current is None or current.status == "completed":
            return self.create_run(suite, name=name, **changed)
        self.update_run(current, **changed)
        return current

    def suite_for(self, repository: Repository, sha: str, app: App, *, workflow: str = "") -> CheckSuite:
        """The App's suite on a commit; Actions has one for each workflow run."""
        if sha not in repository.objects:
            raise RefusedError(422, f"No commit found for SHA: {sha}")
        for suite in repository.suites.values():
            same = suite.workflow is None or suite.workflow.name == workflow
            if suite.app is app and suite.head_sha == sha and same:
                return suite
        suite = self.open_suite(repository, sha, app=app)
        if app.id == ACTIONS_APP_ID:
            self._start_workflow(suite, workflow)
        return suite

    def create_run(self, suite: CheckSuite, *, name: str, sender: User | None = None, **fields: Any) -> CheckRun:
        run = CheckRun(id=self.long_id(), suite=suite, name=name, status="queued", started_at=self.clock())
        suite.runs.append(run)
        suite.repository.runs[run.id] = run
        self._apply(run, fields)
        self._tell_run(run, "created", sender)
        if run.status == "completed":
            self._tell_run(run, "completed", sender)
        self._roll_up(suite)
        return run

    def update_run(self, run: CheckRun, *, sender: User | None = None, **fields: Any) -> None:
        """`completed` is told whenever a conclusion is set, again too."""
        self._apply(run, fields)
        if run.status == "completed" and fields.get("conclusion"):
            self._tell_run(run, "completed", sender)
        self._roll_up(run.suite)

    def rerequest_suite(self, suite: CheckSuite, *, by: Who) -> None:
        """Back to queued without a conclusion; the App is asked to make new runs."""
        suite.status, suite.conclusion, suite.updated_at = "queued", None, self.clock()
        self._tell_suite(suite, "rerequested", self.user(by))

    def rerequest_run(self, run: CheckRun, *, by: Who) -> None:
        """The Re-run button: only the App that made the run is asked."""
        run.suite.status, run.suite.conclusion = "queued", None
        self._tell_run(run, "rerequested", self.user(by), only=run.suite.app)

    def press_button(self, run: CheckRun, identifier: str, *, by: Who) -> None:
        """A click on one of the run's actions; they show only once it is completed, to those who see the run."""
        if self.role_of(run.suite.repository, self.user(by)) == "none":
            raise not_found()
        if run.status != "completed" or all(action["identifier"] != identifier for action in run.actions):
            raise RefusedError(422, f"The run shows no button {identifier}")
        self._tell_run(run, "requested_action", self.user(by), only=run.suite.app, identifier=identifier)

    def current_runs(self, repository: Repository, sha: str) -> list[CheckRun]:
        """The newest run per suite and name, in the order they were made."""
        newest = {
            (run.suite.id, run.name): run
            for run in repository.runs.values()
            if run.head_sha == sha and not run.archived
        }
        return list(newest.values())

    def _apply(self, run: CheckRun, fields: Mapping[str, Any]) -> None:
        conclusion, status = fields.get("conclusion"), fields.get("status") or run.status
        if status not in _STATUSES or conclusion not in (None, *_WORST_FIRST):
            raise RefusedError(422, f"Invalid request.\n\n{status!r}, {conclusion!r} is no state of a check run.")
        if status == "completed" and not (conclusion or run.conclusion):
            raise RefusedError(422, "Invalid request.\n\nA completed check run needs a conclusion.")
        if conclusion:
            status = "completed"
        elif status != "completed":
            run.conclusion = run.completed_at = None
        run.status, run.conclusion = status, conclusion or run.conclusion
        run.name = fields.get("name") or run.name
        run.external_id = fields.get("external_id") or run.external_id
        run.details_url = fields.get("details_url") or run.details_url
        run.started_at = fields.get("started_at") or run.started_at
        if status == "completed":
            run.completed_at = fields.get("completed_at") or self.clock()
        if output := dict(fields.get("output") or {}):
            run.annotations += output.pop("annotations", [])
            run.output = run.output | output
        if (actions := fields.get("actions")) is not None:
            run.actions = actions

    def _roll_up(self, suite: CheckSuite) -> None:
        newest = list({run.name: run for run in suite.runs if not run.archived}.values())
        was, suite.updated_at = suite.status, self.clock()
        if all(run.status == "completed" for run in newest):
            found = {run.conclusion for run in newest}
            suite.status = "completed"
            suite.conclusion = next((name for name in _WORST_FIRST if name in found), "neutral")
        else:
            started = any(run.status in {"in_progress", "completed"} for run in newest)
            suite.status, suite.conclusion = "in_progress" if started else "queued", None
        if suite.status == was:
            return
        if suite.status == "completed":
            self._tell_suite(suite, "completed")
        if suite.workflow and suite.status in {"completed", "in_progress"}:
            self._tell_workflow(suite.workflow, suite.status)

    def _start_workflow(self, suite: CheckSuite, name: str) -> None:
        repository = suite.repository
        run = WorkflowRun(
            id=self.long_id(),
            name=name,
            event="push",
            number=len(repository.workflow_runs) + 1,
            attempt=1,
            actor=self.commits[suite.head_sha].author,
            suite=suite,
            created_at=self.clock(),
        )
        suite.workflow = repository.workflow_runs[run.id] = run
        self._tell_workflow(run, "requested")
