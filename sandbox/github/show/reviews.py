"""Reviews as JSON: the API shouts their state, the webhook whispers it."""

from sandbox.github.model import JSON
from sandbox.github.records import PullRequest, Review
from sandbox.github.show.accounts import show_account
from sandbox.github.urls import Urls, node_id, stamp


def show_review(urls: Urls, pull: PullRequest, review: Review) -> JSON:
    page = f"{urls.page(pull.repository)}/pull/{pull.number}#pullrequestreview-{review.id}"
    api = f"{urls.repo(pull.repository)}/pulls/{pull.number}"
    return {
        "id": review.id,
        "node_id": node_id("PRR_", review.id),
        "user": show_account(urls, review.user),
        "body": review.body,
        "state": review.state,
        "html_url": page,
        "pull_request_url": api,
        "author_association": "CONTRIBUTOR",
        "_links": {"html": {"href": page}, "pull_request": {"href": api}},
        "submitted_at": stamp(review.submitted_at),
        "commit_id": review.commit_id,
    }


def show_hook_review(urls: Urls, pull: PullRequest, review: Review) -> JSON:
    """An empty text is null here."""
    return show_review(urls, pull, review) | {"state": review.state.lower(), "body": review.body or None}
