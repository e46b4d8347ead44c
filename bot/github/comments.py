"""What we say under pull requests: one living comment, found by its marker among our own, and reactions."""

from typing import Literal

from bot.domain.intent import Repository
from bot.github import answers
from bot.github.access import RepositoryAccess
from bot.github.errors import NotFoundError
from bot.github.identity import Identity

Reaction = Literal["eyes", "rocket", "confused"]


class CommentWrites:
    """`GitHubWrites.ensure_comment` and `ensure_reaction`."""

    def __init__(self, access: RepositoryAccess, identity: Identity) -> None:
        self._access = access
        self._identity = identity

    async def ensure_comment(
        self, repository: Repository, *, number: int, marker: str, body: str, known_id: int | None
    ) -> int:
        """Id of our comment with `marker` on issue or pull request `number`, saying `body`.

        Writes nothing when it says so already. A comment of someone else that quotes the marker is left alone.
        """
        found = await self._known(repository, known_id, marker) if known_id is not None else None
        found = found or await self._search(repository, number, marker)
        if found is None:
            return await self._create(repository, number, body)
        if _lines(found.body or "") == _lines(body):
            return found.id
        try:
            await self._edit(repository, found.id, body)
        except NotFoundError:  # deleted since we looked
            return await self._create(repository, number, body)
        return found.id

    async def ensure_reaction(self, repository: Repository, *, comment: int, content: Reaction) -> None:
        """Our reaction on a comment, if the comment is still there. GitHub answers a repeat with the first one."""
        try:
            await self._access.send(
                repository,
                "POST",
                "/issues/comments/{comment}/reactions",
                {"content": content},
                comment=str(comment),
            )
        except NotFoundError:
            return

    async def _known(self, repository: Repository, known_id: int, marker: str) -> answers.Comment | None:
        try:
            found = await self._access.get(
                repository, "/issues/comments/{comment}", answers.Comment, comment=str(known_id)
            )
        except NotFoundError:
            return None
        return found if await self._is_ours(found, marker) else None

    async def _search(self, repository: Repository, number: int, marker: str) -> answers.Comment | None:
        """The oldest, should a race ever have made two."""
        found = await self._access.pages(
            repository, "/issues/{number}/comments{?per_page}", answers.Comment, number=str(number)
        )
        ours = [comment for comment in found if await self._is_ours(comment, marker)]
        return min(ours, key=lambda comment: comment.id, default=None)

    async def _is_ours(self, comment: answers.Comment, marker: str) -> bool:
        return marker in (comment.body or "") and await self._identity.wrote(
            comment.user, comment.performed_via_github_app
        )

    async def _create(self, repository: Repository, number: int, body: str) -> int:
        answer = await self._access.send(
            repository, "POST", "/issues/{number}/comments", {"body": body}, number=str(number)
        )
        return answers.to_struct(answer.data, answers.Created).id

    async def _edit(self, repository: Repository, comment: int, body: str) -> None:
        await self._access.send(repository, "PATCH", "/issues/comments/{comment}", {"body": body}, comment=str(comment))


def _lines(body: str) -> list[str]:
    """Line ends may come back as CRLF."""
    return body.splitlines()
