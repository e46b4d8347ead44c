"""Reviews of pull requests: people approve a commit, ask for changes, comment, and are dismissed."""

from typing import Literal

from sandbox.github.accounts import Accounts
from sandbox.github.errors import RefusedError, invalid, not_found
from sandbox.github.records import PullRequest, Review
from sandbox.github.show.pulls import show_simple_pull
from sandbox.github.show.reviews import show_hook_review
from sandbox.github.state import Who

Verdict = Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED"]


class Reviews(Accounts):
    """A review is about the head as it is when it is submitted; a later push leaves it as it was."""

    def review(self, pull: PullRequest, *, by: Who, state: Verdict, body: str = "") -> Review:
        """Anybody who can read may review; the author neither approves nor refuses, and a no needs words."""
        user = self.user(by)
        if self.role_of(pull.repository, user) == "none":
            raise not_found()
        if user is pull.author and state != "COMMENTED":
            word = "approve" if state == "APPROVED" else "request changes on"
            raise RefusedError(422, "Unprocessable Entity", errors=[f"Can not {word} your own pull request"])
        if state != "APPROVED" and not body.strip():
            raise invalid("PullRequestReview", "body", "missing_field")
        review = Review(
            id=self.long_id(),
            user=user,
            state=state,
            body=body,
            commit_id=pull.head_sha,
            submitted_at=self.clock(),
        )
        pull.reviews.append(review)
        pull.updated_at = self.clock()
        self._tell_review(pull, review, "submitted", by=by)
        return review

    def dismiss_review(self, pull: PullRequest, review_id: int, *, by: Who) -> Review:
        """By somebody who can write; a review that only comments can't be dismissed."""
        found = next((each for each in pull.reviews if each.id == review_id), None)
        user = self.user(by)
        if found is None:
            raise not_found()
        if self.role_of(pull.repository, user) not in {"write", "maintain", "admin"}:
            raise RefusedError(403, "Must have write access to Repository.")
        if found.state not in {"APPROVED", "CHANGES_REQUESTED"}:
            raise RefusedError(422, "Unprocessable Entity", errors=[f"Can not dismiss a {found.state.lower()} review"])
        found.state, pull.updated_at = "DISMISSED", self.clock()
        self._tell_review(pull, found, "dismissed", by=by)
        return found

    def _tell_review(self, pull: PullRequest, review: Review, action: str, *, by: Who) -> None:
        self.emit(
            "pull_request_review",
            action,
            repository=pull.repository,
            sender=self.user(by),
            body={
                "review": show_hook_review(self.urls, pull, review),
                "pull_request": show_simple_pull(self.urls, pull),
            },
        )
