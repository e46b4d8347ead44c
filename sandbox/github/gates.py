"""Required checks, as the merge button and `required_contexts` judge them."""

from sandbox.github.model import Repository, Required
from sandbox.github.pushing import Pushing
from sandbox.github.records import PullRequest

# Docs: troubleshooting required status checks.
PASSING = {"success", "skipped", "neutral"}


class Gates(Pushing):
    """What is required, and how each name stands on a commit."""

    def required(self, repository: Repository, branch: str) -> list[Required]:
        return [check for rule in repository.protections.get(branch, []) for check in rule.required]

    def contexts(self, repository: Repository, sha: str) -> dict[str, str]:
        """Every check and status on the commit by name, the worse one where both have it."""
        found: dict[str, str] = {status.context: status.state for status in self.current_statuses(repository, sha)}
        for run in self.current_runs(repository, sha):
            state = run.conclusion or "pending"
            if run.name not in found or found[run.name] in PASSING:
                found[run.name] = state
        return found

    def standing(self, repository: Repository, sha: str, required: Required) -> str:
        """`success`, `expected` (nothing yet), `pending` or the failing state of one required name."""
        states = [
            run.conclusion or "pending"
            for run in self.current_runs(repository, sha)
            if run.name == required.context and required.integration_id in (None, run.suite.app.id)
        ]
        if required.integration_id is None:
            states += [
                status.state for status in self.current_statuses(repository, sha) if status.context == required.context
            ]
        if not states:
            return "expected"
        return next((state for state in states if state not in PASSING), "success")

    def complaint(self, pull: PullRequest) -> str | None:
        """Why the button is grey because of checks, in GitHub's words; None when it is green."""
        bad = {
            check.context: self.standing(pull.repository, pull.head_sha, check)
            for check in self.required(pull.repository, pull.base_ref)
        }
        bad = {name: state for name, state in bad.items() if state != "success"}
        if not bad:
            return None
        if len(bad) > 1:
            total = len(self.required(pull.repository, pull.base_ref))
            return f"{len(bad)} of {total} required status checks have not succeeded."
        name, state = next(iter(bad.items()))
        said = {"expected": "expected", "pending": "pending"}.get(state, "failing")
        return f'Required status check "{name}" is {said}.'
