"""Deployments and their statuses, with the defaults that surprise: auto-merge, required contexts, auto-inactive."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.github import gitlog
from sandbox.github.errors import RefusedError, invalid
from sandbox.github.gates import PASSING, Gates
from sandbox.github.model import App, Repository, User
from sandbox.github.records import Deployment, DeploymentStatus, Environment
from sandbox.github.show.deployments import show_deployment, show_deployment_status

STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")


class Deployments(Gates):
    """The same (ref, environment, task) may be created many times: GitHub does not care."""

    def create_deployment(
        self,
        repository: Repository,
        *,
        ref: str,
        creator: User,
        app: App | None = None,
        task: str = "deploy",
        auto_merge: bool = True,
        required_contexts: Sequence[str] | None = None,
        payload: dict[str, Any] | str = "",
        environment: str = "production",
        description: str | None = None,
        transient: bool = False,
        production: bool | None = None,
    ) -> Deployment | str:
        """The deployment, or the message of an auto-merge that happened instead (answered 202, without an id)."""
        sha = self.resolve(repository, ref)
        if sha is None:
            raise RefusedError(422, f"No ref found for: {ref}")
        merged = self._auto_merge(repository, ref, sha, creator) if auto_merge else None
        if merged:
            return merged
        self._check_contexts(repository, ref, sha, required_contexts)
        known = self._environment(repository, environment)
        deployment = Deployment(
            id=self.long_id(),
            repository=repository,
            sha=sha,
            ref=ref,
            task=task,
            payload=payload,
            original_environment=known.name,
            environment=known.name,
            description=description,
            creator=creator,
            app=app,
            transient=transient,
            production=known.name == "production" if production is None else production,
            created_at=self.clock(),
            updated_at=self.clock(),
        )
        repository.deployments[deployment.id] = deployment
        body = {"deployment": show_deployment(self.urls, deployment), "workflow": None, "workflow_run": None}
        self.emit("deployment", "created", repository=repository, sender=creator, body=body)
        return deployment

    def set_deployment_status(
        self, deployment: Deployment, state: str, *, creator: User, app: App | None = None, fields: Mapping[str, Any]
    ) -> DeploymentStatus:
        """Any state may follow any other: GitHub keeps no order."""
        if state not in STATES:
            raise invalid("DeploymentStatus", "state")
        description = fields.get("description") or ""
        if len(description) > 140:
            raise invalid(
                "DeploymentStatus", "description", message="description is too long (maximum is 140 characters)"
            )
        if fields.get("environment"):
            deployment.environment = self._environment(deployment.repository, fields["environment"]).name
        status = DeploymentStatus(
            id=self.long_id(),
            state=state,
            description=description,
            environment=deployment.environment,
            environment_url=fields.get("environment_url") or "",
            log_url=fields.get("log_url") or fields.get("target_url") or "",
            creator=creator,
            app=app,
            created_at=self.clock(),
        )
        self._add(deployment, status)
        if state == "success" and fields.get("auto_inactive", True):
            self._retire_others(deployment, status)
        return status

    def _add(self, deployment: Deployment, status: DeploymentStatus) -> None:
        deployment.statuses.append(status)
        deployment.updated_at = status.created_at
        if status.state == "inactive":
            return  # GitHub sends no event for it
        body = {
            "deployment_status": show_deployment_status(self.urls, deployment, status),
            "deployment": show_deployment(self.urls, deployment),
            "check_run": None,
            "workflow": None,
            "workflow_run": None,
        }
        self.emit("deployment_status", "created", repository=deployment.repository, sender=status.creator, body=body)

    def _retire_others(self, deployment: Deployment, status: DeploymentStatus) -> None:
        """Earlier successful ones of the same name that are neither transient nor production."""
        for other in deployment.repository.deployments.values():
            same = other.environment == deployment.environment and other is not deployment
            if same and other.state == "success" and not other.transient and not other.production:
                self._add(
                    other,
                    DeploymentStatus(
                        id=self.long_id(),
                        state="inactive",
                        description="",
                        environment=other.environment,
                        environment_url="",
                        log_url="",
                        creator=status.creator,
                        app=status.app,
                        created_at=self.clock(),
                    ),
                )

    def _auto_merge(self, repository: Repository, ref: str, sha: str, by: User) -> str | None:
        default = repository.default_branch
        head = repository.head(default)
        if ref == default or repository.head(ref) is None or head is None:
            return None
        if gitlog.is_ancestor(self.commits, head, sha):
            return None
        files = self.merged_files(sha, head)
        if files is None:
            raise RefusedError(409, f"Conflict merging {default} into {ref}.")
        message = f"Merge branch '{default}' into {ref}"
        commit = self.keep_commit(repository, files=files, parents=[sha, head], message=message, author=by)
        self.move_ref(repository, f"refs/heads/{ref}", commit.sha, by=by)
        return f"Auto-merged {default} into {ref} on deployment."

    def _check_contexts(self, repository: Repository, ref: str, sha: str, required: Sequence[str] | None) -> None:
        """Omitted means all contexts on the commit, check runs of the caller included."""
        found = self.contexts(repository, sha)
        names = list(found) if required is None else list(required)
        states = [{"context": name, "state": found.get(name, "pending")} for name in names]
        if all(entry["state"] in PASSING for entry in states):
            return
        errors = [{"contexts": states, "resource": "Deployment", "field": "required_contexts", "code": "invalid"}]
        raise RefusedError(409, f"Conflict: Commit status checks failed for {ref}.", errors=errors)

    def _environment(self, repository: Repository, name: str) -> Environment:
        """Made by the first deployment that names it; case does not count."""
        if len(name) > 255:
            raise invalid("Deployment", "environment")
        found = repository.environments.get(name.lower())
        if found is None:
            found = Environment(id=self.long_id(), name=name, created_at=self.clock())
            repository.environments[name.lower()] = found
        return found
