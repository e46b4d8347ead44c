"""Reads about people: what somebody wrote, what they may do, where they belong, what they approved."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.domain.intent import Repository
from bot.domain.people import Approval, Comment, Person, Role
from bot.errors import RejectedError
from bot.github import answers
from bot.github.access import RepositoryAccess
from bot.github.errors import NotFoundError

_GHOST = "ghost"
"""Login of the account that stands for all who deleted theirs."""
_DECISIONS = frozenset({"APPROVED", "CHANGES_REQUESTED", "DISMISSED"})
"""Reviews that decide; one that only comments leaves the earlier decision as it is."""
_ROLES = frozenset(Role)


class PeopleReads:
    """`GitHubReads` about people."""

    def __init__(self, access: RepositoryAccess) -> None:
        self._access = access

    async def comment(self, repository: Repository, comment_id: int) -> Comment | None:
        """As it is now; None when it is gone. Anything but a person writing by hand counts as a bot."""
        try:
            said = await self._access.get(
                repository, "/issues/comments/{comment}", answers.WrittenComment, comment=str(comment_id)
            )
        except NotFoundError:
            return None
        return _to_comment(said)

    async def recent_comments(self, repository: Repository, *, since: datetime) -> Sequence[tuple[int, Comment]]:
        """Of pull requests that moved since then; a comment moves its pull request. Oldest first."""
        found: list[tuple[int, Comment]] = []
        for number in await self._moved(repository, since):
            said = await self._access.pages(
                repository,
                "/issues/{number}/comments{?since,per_page}",
                answers.WrittenComment,
                number=str(number),
                since=since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            )
            found += [(number, _to_comment(each)) for each in said]
        return sorted(found, key=lambda each: each[1].id)

    async def _moved(self, repository: Repository, since: datetime) -> list[int]:
        numbers: list[int] = []
        async for page in self._access.each_page(
            repository,
            "/pulls{?state,sort,direction,per_page}",
            answers.Pull,
            state="all",
            sort="updated",
            direction="desc",
        ):
            numbers += [said.number for said in page if said.updated_at >= since]
            if any(said.updated_at < since for said in page):
                break
        return numbers

    async def role(self, repository: Repository, login: str) -> tuple[int, Role]:
        """Number of the account that has this login now, and what it may do.

        Raises `RejectedError` when there is no such account, or the App may not know.
        """
        said = await self._access.get(
            repository, "/collaborators/{login}/permission", answers.CollaboratorPermission, login=login
        )
        if said.user is None or not said.user.id:
            raise RejectedError("github_not_found", "GitHub knows nobody of that name")
        return said.user.id, _to_role(said)

    async def is_in_team(self, repository: Repository, team: str, login: str) -> bool:
        """Whether somebody is an active member of `organisation/team`, or of a team below it.

        False when there is no such team: GitHub says the same for both. Raises `RejectedError` when the App
        may not read members, or the team is in another organisation (`team_elsewhere`).
        """
        organisation, _, slug = team.partition("/")
        if organisation.casefold() != repository.full_name.partition("/")[0].casefold():
            raise RejectedError(
                "team_elsewhere",
                f"team {team} is not in the organisation of {repository.full_name}",
                hint="Name a team of the repository's own organisation in the catalog.",
            )
        # GitHub may say 404 to an App without the right, and that is no answer about the person.
        await self._access.require(repository, "members", "read")
        try:
            said = await self._access.get_outside(
                repository,
                "/orgs/{organisation}/teams/{team}/memberships/{login}",
                answers.TeamMembership,
                organisation=organisation,
                team=slug,
                login=login,
            )
        except NotFoundError:
            return False
        return said.state == "active"

    async def approvals(self, repository: Repository, number: int) -> Sequence[Approval]:
        """People whose latest decision is an approval, with the commit they approved. Bots approve nothing."""
        found = await self._access.pages(
            repository, "/pulls/{number}/reviews{?per_page}", answers.Review, number=str(number)
        )
        latest: dict[int, answers.Review] = {}
        for review in sorted(found, key=_review_time):
            if review.user is not None and _is_person(review.user) and review.state.upper() in _DECISIONS:
                latest[review.user.id] = review
        return [
            Approval(person=Person(id=review.user.id, login=review.user.login), sha=review.commit_id)
            for review in latest.values()
            if review.user and review.commit_id and review.state.upper() == "APPROVED"
        ]


def _to_comment(said: answers.WrittenComment) -> Comment:
    return Comment(
        id=said.id,
        body=said.body or "",
        author=Person(id=said.user.id, login=said.user.login) if said.user else Person(id=0, login=_GHOST),
        is_bot=not _is_person(said.user) or said.performed_via_github_app is not None,
        created_at=said.created_at,
        updated_at=said.updated_at,
    )


def _is_person(actor: answers.Actor | None) -> bool:
    """An account that somebody acts with: no bot, no organisation, and not the one of those who left."""
    return actor is not None and actor.type == "User" and actor.login != _GHOST and bool(actor.id)


def _to_role(said: answers.CollaboratorPermission) -> Role:
    """An organisation's own role counts as the one it is built on, which is what the older field says."""
    if said.role_name in _ROLES:
        return Role(said.role_name)
    return Role(said.permission) if said.permission in _ROLES else Role.NONE


def _review_time(review: answers.Review) -> datetime:
    """One that is not submitted yet decides nothing."""
    return review.submitted_at or datetime.min.replace(tzinfo=UTC)
