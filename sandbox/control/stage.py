"""The stage: the three worlds the door acts on, and what CI knows about each repository's images."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from sandbox.control.refusal import unknown
from sandbox.github.model import Repository, User
from sandbox.github.records import PullRequest
from sandbox.github.world import World
from sandbox.registry import SandboxRegistry

JSON = dict[str, Any]

NOT_PUSHED = "missing"
BEHAVIOURS = ("ok", "crash-at-start", "crash-later", "never-ready", "slow")


class ClusterView(Protocol):
    """The cluster as the door needs it: the simulated one read in place, a real one over its API."""

    async def read(self) -> JSON:
        """Lists of plain objects under `namespaces`, `deployments`, `replicasets`, `pods` and `events`."""
        ...

    async def create_namespace(self, name: str) -> None: ...

    async def create_deployment(
        self, *, namespace: str, name: str, container: str, image: str, replicas: int
    ) -> None: ...

    def add_fault(self, values: JSON) -> JSON:
        """Raises `DoorError` where faults can't be made."""
        ...

    def clear_faults(self) -> None: ...


@dataclass(kw_only=True)
class Stage:
    world: World
    registry: SandboxRegistry
    cluster: ClusterView
    image_host: str
    """How the cluster's nodes call the registry, `host:port`."""
    images: dict[str, list[str]] = field(default_factory=dict)
    """Repository on GitHub → image repositories its CI pushes."""
    behaviours: dict[tuple[int, int], str] = field(default_factory=dict)
    """(repository id, pull request) → how the image that CI builds from it behaves."""
    binary: Path | None = None
    """The demo app's program, where images really have to start."""

    def repository(self, request: web.Request) -> Repository:
        """The one the address names, or 404 with those there are."""
        name = f"{request.match_info['owner']}/{request.match_info['repo']}"
        known = {each.full_name.lower(): each for each in self.world.repositories.values()}
        if name.lower() not in known:
            raise unknown("repository", name, [each.full_name for each in known.values()])
        return known[name.lower()]

    def pull(self, request: web.Request) -> PullRequest:
        repository = self.repository(request)
        number = int(request.match_info["number"])
        if number not in repository.pulls:
            raise unknown("pull request", f"#{number} in {repository.full_name}", sorted(repository.pulls))
        return repository.pulls[number]

    def person(self, login: str) -> User:
        found = self.world.accounts.get(login.lower())
        if not isinstance(found, User):
            raise unknown("user", login, self.people())
        return found

    def people(self) -> list[str]:
        """Persons who may act, without bots."""
        everybody: Sequence[Any] = list(self.world.accounts.values())
        return [each.login for each in everybody if each.kind == "User" and each.login not in {"web-flow", "ghost"}]

    def commit(self, repository: Repository, ref: str) -> str:
        """The full SHA of a branch, a SHA or the start of one."""
        sha = self.world.resolve(repository, ref)
        if sha is None:
            branches = [name.removeprefix("refs/heads/") for name in repository.refs]
            raise unknown("commit or branch", f"{ref} in {repository.full_name}", branches)
        return sha

    def pull_of(self, repository: Repository, sha: str) -> PullRequest | None:
        """The pull request a commit came with, newest first."""
        for pull in reversed(repository.pulls.values()):
            if sha in (pull.merge_commit_sha if pull.merged else None, pull.head_sha):
                return pull
        return None


STAGE = web.AppKey("stage", Stage)
