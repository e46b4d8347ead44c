"""Writes of deployments and their statuses, so that a repeat finds the first."""

import json
from collections.abc import Mapping
from typing import Any, Literal

from bot.domain.intent import Repository
from bot.errors import BrokenError
from bot.github import answers
from bot.github.access import RepositoryAccess
from bot.github.identity import Identity
from bot.github.texts import DEPLOYMENT_DESCRIPTION, cut

DeploymentState = Literal["queued", "in_progress", "success", "failure", "error", "inactive"]

TASK = "deploy"
KEY = "key"


class DeploymentWrites:
    """`GitHubWrites` about deployments."""

    def __init__(self, access: RepositoryAccess, identity: Identity) -> None:
        self._access = access
        self._identity = identity

    async def ensure_deployment(
        self,
        repository: Repository,
        *,
        key: str,
        sha: str,
        environment: str,
        description: str,
        production: bool,
        payload: Mapping[str, str],
        retry: bool,
    ) -> int:
        """Id of our deployment whose payload carries `key`; `sha` is the full one.

        GitHub knows no idempotency here: after a lost answer the first one is searched for.
        """
        if retry and (found := await self._find_deployment(repository, key=key, sha=sha, environment=environment)):
            return found
        # GitHub's defaults would merge the base branch into the ref, and refuse because of unrelated checks
        # (our own running one among them): https://docs.github.com/rest/deployments/deployments#create-a-deployment
        answer = await self._access.send(
            repository,
            "POST",
            "/deployments",
            {
                "ref": sha,
                "task": TASK,
                "auto_merge": False,
                "required_contexts": [],
                "payload": {**payload, KEY: key},
                "environment": environment,
                "description": cut(description, DEPLOYMENT_DESCRIPTION),
                "production_environment": production,
            },
        )
        if answer.status != 201:
            raise BrokenError(f"GitHub answered {answer.status} instead of creating the deployment")
        created = answers.to_struct(answer.data, answers.Deployment)
        if created.sha != sha:
            raise BrokenError(f"GitHub made deployment {created.id} for {created.sha[:7]} instead of {sha[:7]}")
        return created.id

    async def ensure_deployment_status(
        self,
        repository: Repository,
        *,
        deployment: int,
        state: DeploymentState,
        description: str,
        log_url: str,
        environment_url: str,
        auto_inactive: bool,
        retry: bool,
    ) -> None:
        """Add a status, unless this is a repeat and the newest one says the same already."""
        told = cut(description, DEPLOYMENT_DESCRIPTION)
        if retry and await self._says_already(repository, deployment, state=state, description=told):
            return
        links = {"log_url": log_url, "environment_url": environment_url}
        await self._access.send(
            repository,
            "POST",
            "/deployments/{deployment}/statuses",
            {
                "state": state,
                "description": told,
                "auto_inactive": auto_inactive,
                **{name: url for name, url in links.items() if url},
            },
            deployment=str(deployment),
        )

    async def _find_deployment(self, repository: Repository, *, key: str, sha: str, environment: str) -> int | None:
        found = await self._access.pages(
            repository,
            "/deployments{?sha,environment,task,per_page}",
            answers.Deployment,
            sha=sha,
            environment=environment,
            task=TASK,
        )
        keyed = [one for one in found if one.sha == sha and _key_of(one.payload) == key]
        ours = [one.id for one in keyed if await self._identity.wrote(one.creator, one.performed_via_github_app)]
        return min(ours, default=None)

    async def _says_already(self, repository: Repository, deployment: int, *, state: str, description: str) -> bool:
        found = await self._access.pages(
            repository,
            "/deployments/{deployment}/statuses{?per_page}",
            answers.DeploymentStatus,
            deployment=str(deployment),
        )
        newest = max(found, key=lambda status: status.id, default=None)
        return newest is not None and (newest.state, newest.description or "") == (state, description)


def _key_of(payload: Any) -> object:
    """Payloads come back as an object, or as the text of one."""
    if isinstance(payload, str):
        try:
            payload = json.loads(payload)
        except ValueError:
            return None
    return payload.get(KEY) if isinstance(payload, dict) else None
