"""Reads about a repository itself: who covers it, its branches, how commits lie to each other."""

from collections.abc import Collection
from typing import Literal

from bot.domain.intent import Repository
from bot.errors import BrokenError, RejectedError
from bot.github import answers
from bot.github.access import ITSELF, RepositoryAccess
from bot.github.app_calls import AppCalls
from bot.github.errors import NotFoundError
from bot.github.tokens import WHOLE_INSTALLATION

Ancestry = Literal["ahead", "behind", "identical", "diverged"]

MOST_COMPARED_FILES = 300
"""https://docs.github.com/rest/commits/commits#compare-two-commits shows no more files than these."""


class RepositoryReads:
    """`GitHubReads` without checks and pull requests."""

    def __init__(self, app: AppCalls, access: RepositoryAccess) -> None:
        self._app = app
        self._access = access

    async def find_repository(self, full_name: str) -> Repository | None:
        """The repository under its present name; None when the App is not installed there (or it is not there)."""
        owner, _, name = full_name.partition("/")
        try:
            said = await self._app.get("/repos/{owner}/{repo}/installation", owner=owner, repo=name)
        except NotFoundError:
            return None
        installation = answers.to_struct(said, answers.Installation)
        unknown = Repository(id=WHOLE_INSTALLATION, full_name=full_name, installation_id=installation.id)
        found = await self._access.get(unknown, ITSELF, answers.Repository)
        return Repository(id=found.id, full_name=found.full_name, installation_id=installation.id)

    async def default_branch(self, repository: Repository) -> str:
        """Its name, without `refs/heads/`."""
        return (await self._access.get(repository, ITSELF, answers.Repository)).default_branch

    async def branch_head(self, repository: Repository, branch: str) -> str | None:
        """The full SHA, or None when there is no such branch."""
        try:
            found = await self._access.get(repository, "/branches/{branch}", answers.Branch, branch=branch)
        except NotFoundError:
            return None
        return found.commit.sha

    async def ancestry(self, repository: Repository, *, base: str, head: str) -> Ancestry:
        """How `head` lies to `base`: `ahead` means that base is its ancestor."""
        match (await self._compare(repository, base=base, head=head)).status:
            case "ahead" | "behind" | "identical" | "diverged" as status:
                return status
            case other:
                raise BrokenError(f"GitHub compares two commits with an unknown word: {other}")

    async def commit_files(self, repository: Repository, *, base: str, head: str) -> Collection[str]:
        """Paths that differ, old names of renames included.

        GitHub shows 300 at most: with that many raises `RejectedError` (`too_many_files`), since the list
        may be a part.
        """
        files = (await self._compare(repository, base=base, head=head)).files
        if len(files) >= MOST_COMPARED_FILES:
            raise RejectedError(
                "too_many_files", f"GitHub does not list all files between {base[:7]} and {head[:7]}: they are too many"
            )
        return touched_paths(files)

    async def _compare(self, repository: Repository, *, base: str, head: str) -> answers.Comparison:
        """Files come whole on the first page, so one commit a page is enough."""
        return await self._access.get(
            repository,
            "/compare/{base}...{head}{?per_page}",
            answers.Comparison,
            base=base,
            head=head,
            per_page="1",
        )


def touched_paths(files: Collection[answers.ChangedFile]) -> frozenset[str]:
    """Every path, and where it was renamed, the old one too."""
    return frozenset(path for file in files for path in (file.filename, file.previous_filename) if path)
