"""Reads of pull requests: always the fresh object, and which commit the merge left behind."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import UNSET

from bot.domain.intent import Repository
from bot.domain.pull import Pull
from bot.errors import RejectedError, TransientError
from bot.github import answers
from bot.github.access import RepositoryAccess
from bot.github.errors import InvalidError, NotFoundError
from bot.github.repositories import touched_paths

MOST_PULL_FILES = 3000
"""https://docs.github.com/rest/pulls/pulls#list-pull-requests-files shows no more files than these."""
_AROUND_MERGE = timedelta(minutes=10)


class PullReads:
    """`GitHubReads` about pull requests."""

    def __init__(self, access: RepositoryAccess) -> None:
        self._access = access

    async def pull(self, repository: Repository, number: int) -> Pull:
        """Raises `NotFoundError` when there is none of that number."""
        said = await self._access.get(repository, "/pulls/{number}", answers.Pull, number=str(number))
        sha = await self._merge_commit_sha(repository, said) if said.merged else None
        return _to_pull(said, merge_commit_sha=sha)

    async def open_heads(self, repository: Repository) -> Mapping[int, str]:
        """Number → head of every open pull request, those from forks included."""
        found = await self._access.pages(repository, "/pulls{?state,per_page}", answers.Pull, state="open")
        return {said.number: said.head.sha for said in found if said.state == "open"}

    async def merged_pulls(self, repository: Repository, *, branch: str, since: datetime) -> Sequence[Pull]:
        """Each read on its own: the list knows neither `merged` nor who merged. Oldest merge first."""
        numbers: set[int] = set()
        async for page in self._access.each_page(
            repository,
            "/pulls{?state,base,sort,direction,per_page}",
            answers.Pull,
            state="closed",
            base=branch,
            sort="updated",
            direction="desc",
        ):
            numbers.update(said.number for said in page if said.merged_at is not None and said.merged_at >= since)
            if any(said.updated_at < since for said in page):
                break
        found = [await self.pull(repository, number) for number in sorted(numbers)]
        return sorted((pull for pull in found if pull.merged), key=_merge_time)

    async def pull_of_commit(self, repository: Repository, sha: str) -> Pull | None:
        """The merged pull request that brought the commit; of several, the one whose merge made it, else the first."""
        try:
            found = await self._pulls_with(repository, sha)
        except (NotFoundError, InvalidError) as error:
            raise TransientError(f"GitHub does not show commit {sha[:7]} (yet)") from error
        merged = [said for said in found if said.merged_at is not None]
        if not merged:
            return None
        chosen = min(merged, key=lambda said: (said.merge_commit_sha != sha, said.merged_at, said.number))
        return await self.pull(repository, chosen.number)

    async def pull_files(self, repository: Repository, number: int) -> Collection[str]:
        """Raises `RejectedError` (`too_many_files`) from 3,000 on, where GitHub's list ends."""
        found = await self._access.pages(
            repository, "/pulls/{number}/files{?per_page}", answers.ChangedFile, number=str(number)
        )
        if len(found) >= MOST_PULL_FILES:
            raise RejectedError("too_many_files", f"GitHub does not list all files of #{number}: they are too many")
        return touched_paths(found)

    async def _merge_commit_sha(self, repository: Repository, said: answers.Pull) -> str | None:
        """The commit on the base branch: merge commit, squashed commit, or the last one of a rebase.

        API version 2026-03-10 has no field for it. There it is the newest of the base branch's commits from
        around the merge that GitHub counts to this pull request.
        """
        if said.merge_commit_sha is not UNSET:
            return said.merge_commit_sha
        merged_at = said.merged_at or datetime.now(UTC)
        candidates = await self._access.pages(
            repository,
            "/commits{?sha,since,until,per_page}",
            answers.CommitRef,
            sha=said.base.ref.removeprefix("refs/heads/"),
            since=_stamp(merged_at - _AROUND_MERGE),
            until=_stamp(merged_at + _AROUND_MERGE),
        )
        for candidate in candidates:
            pulls = await self._pulls_with(repository, candidate.sha)
            if any(pull.number == said.number for pull in pulls):
                return candidate.sha
        raise TransientError(f"GitHub does not say yet which commit the merge of #{said.number} made")

    async def _pulls_with(self, repository: Repository, sha: str) -> list[answers.Pull]:
        return await self._access.pages(repository, "/commits/{sha}/pulls{?per_page}", answers.Pull, sha=sha)


def _to_pull(said: answers.Pull, *, merge_commit_sha: str | None) -> Pull:
    return Pull(
        number=said.number,
        title=said.title,
        state=said.state,
        merged=said.merged,
        merge_commit_sha=merge_commit_sha,
        merged_by=said.merged_by.login if said.merged_by else "",
        merged_at=said.merged_at,
        author=said.user.login if said.user else "",
        base=said.base.ref.removeprefix("refs/heads/"),
        head_sha=said.head.sha,
        head_repository_id=said.head.repo.id if said.head.repo else None,
        author_id=_number(said.user),
        merged_by_id=_number(said.merged_by),
    )


def _number(actor: answers.Actor | None) -> int | None:
    return actor.id or None if actor else None


def _merge_time(pull: Pull) -> tuple[datetime, int]:
    return pull.merged_at or datetime.max.replace(tzinfo=UTC), pull.number


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
