"""Reviews: the list, oldest first."""

from sandbox.github.rest.asking import Ask, Page
from sandbox.github.rest.routing import Route, token_route
from sandbox.github.show.reviews import show_review


def list_reviews(ask: Ask) -> Page:
    pull = ask.world.pull(ask.repository, ask.number("pull_number"))
    return Page(items=pull.reviews, show=lambda review: show_review(ask.urls, pull, review))


ROUTES: list[Route] = [
    token_route(
        "GET",
        "/repos/{owner}/{repo}/pulls/{pull_number}/reviews",
        "pulls/list-reviews",
        list_reviews,
        "pull_requests=read",
    ),
]
