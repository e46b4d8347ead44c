"""The conversation of a pull request: comments, their edits, reactions."""

from sandbox.github.accounts import Accounts
from sandbox.github.errors import RefusedError, invalid, not_found
from sandbox.github.model import JSON, App, Repository, User
from sandbox.github.records import Comment, PullRequest, Reaction
from sandbox.github.show.deployments import REACTIONS, show_comment
from sandbox.github.show.pulls import show_issue
from sandbox.github.state import Repo, Who

# Seen: 262,144 bytes accepted and one more refused, whatever the documented 65,536 characters say.
LONGEST_BYTES = 262_144


class Comments(Accounts):
    """Comments by people and Apps; every text a comment ever had is kept."""

    def comment(self, repo: Repo, number: int, by: Who, body: str, *, app: App | None = None) -> Comment:
        repository = self.repository(repo)
        _check_body(body)
        if number not in repository.pulls or not self._may_read(repository, self.user(by)):
            raise not_found()
        now = self.clock()
        comment = Comment(
            id=self.long_id(),
            number=number,
            repository=repository,
            user=self.user(by),
            app=app,
            bodies=[body],
            created_at=now,
            updated_at=now,
        )
        repository.comments[comment.id] = comment
        repository.pulls[number].updated_at = now
        self._tell_comment(comment, "created", by=comment.user)
        return comment

    def edit_comment(self, comment: Comment, by: Who, body: str) -> None:
        """One's own, or anybody's with write: the author stays who it was, the webhook's sender is who edits."""
        _check_body(body)
        self._check_may_change(comment, self.user(by))
        old = comment.body
        comment.bodies.append(body)
        comment.updated_at = self.clock()
        self._tell_comment(comment, "edited", by=self.user(by), changes={"body": {"from": old}})

    def delete_comment(self, comment: Comment, by: Who) -> None:
        self._check_may_change(comment, self.user(by))
        del comment.repository.comments[comment.id]
        self._tell_comment(comment, "deleted", by=self.user(by))

    def react(self, comment: Comment, by: Who, content: str) -> tuple[Reaction, bool]:
        """The reaction, and whether it is new: the same one twice is answered with the first."""
        if content not in REACTIONS:
            raise invalid("Reaction", "content")
        user = self.user(by)
        for known in comment.reactions:
            if known.user is user and known.content == content:
                return known, False
        reaction = Reaction(id=self.long_id(), user=user, content=content, created_at=self.clock())
        comment.reactions.append(reaction)
        return reaction, True

    def find_comment(self, repository: Repository, comment_id: int) -> Comment:
        found = repository.comments.get(comment_id)
        if found is None:
            raise not_found()
        return found

    def thread(self, repo: Repo, number: int) -> list[Comment]:
        """Comments of one pull request, oldest first."""
        return [comment for comment in self.repository(repo).comments.values() if comment.number == number]

    def _may_read(self, repository: Repository, user: User) -> bool:
        return user.kind == "Bot" or self.role_of(repository, user) != "none"

    def _check_may_change(self, comment: Comment, user: User) -> None:
        writes = self.role_of(comment.repository, user) in {"write", "maintain", "admin"}
        if user is not comment.user and not writes:
            raise RefusedError(403, "Must have admin rights to Repository.")

    def _tell_comment(self, comment: Comment, action: str, *, by: User, changes: JSON | None = None) -> None:
        pull: PullRequest = comment.repository.pulls[comment.number]
        body: JSON = {"issue": show_issue(self.urls, pull), "comment": show_comment(self.urls, comment)}
        if changes:
            body["changes"] = changes
        self.emit("issue_comment", action, repository=comment.repository, sender=by, body=body)


def _check_body(body: str) -> None:
    if not body.strip():
        raise RefusedError(
            422,
            "Validation Failed",
            errors=[
                {
                    "resource": "IssueComment",
                    "code": "unprocessable",
                    "field": "data",
                    "message": "Body cannot be blank",
                }
            ],
        )
    if len(body.encode()) > LONGEST_BYTES:
        raise invalid("IssueComment", "body", message="body is too long (maximum is 65536 characters)")
