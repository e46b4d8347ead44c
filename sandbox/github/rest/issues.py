"""Comments and reactions."""

from datetime import datetime

from sandbox.github.errors import RefusedError, not_found
from sandbox.github.records import Comment
from sandbox.github.rest.asking import Answer, Ask, Page, empty, shown
from sandbox.github.rest.body import Field, read_body
from sandbox.github.rest.routing import Route, token_route
from sandbox.github.show.deployments import REACTIONS, show_comment, show_reaction

_BODY = {"body": Field(required=True)}


def list_comments(ask: Ask) -> Page:
    """Oldest first; `since` compares the time of the last edit."""
    number = ask.number("issue_number")
    ask.world.pull(ask.repository, number)
    found = ask.world.thread(ask.repository, number)
    if since := ask.query.get("since"):
        found = [comment for comment in found if comment.updated_at >= datetime.fromisoformat(since)]
    return Page(items=found, show=lambda comment: show_comment(ask.urls, comment))


def create_comment(ask: Ask) -> Answer:
    body = read_body(ask.body, _BODY)
    _require_pull_rights(ask)
    comment = ask.world.comment(ask.repository, ask.number("issue_number"), ask.bot, body["body"], app=ask.caller)
    return shown(show_comment(ask.urls, comment), 201)


def get_comment(ask: Ask) -> Answer:
    return shown(show_comment(ask.urls, _comment(ask)))


def update_comment(ask: Ask) -> Answer:
    """An App edits only its own comments."""
    body, comment = read_body(ask.body, _BODY), _comment(ask)
    _require_pull_rights(ask)
    _check_own(ask, comment)
    ask.world.edit_comment(comment, ask.bot, body["body"])
    return shown(show_comment(ask.urls, comment))


def delete_comment(ask: Ask) -> Answer:
    comment = _comment(ask)
    _require_pull_rights(ask)
    _check_own(ask, comment)
    ask.world.delete_comment(comment, ask.bot)
    return empty()


def list_reactions(ask: Ask) -> Page:
    found = _comment(ask).reactions
    if content := ask.query.get("content"):
        found = [reaction for reaction in found if reaction.content == content]
    return Page(items=found, show=lambda reaction: show_reaction(ask.urls, reaction))


def react(ask: Ask) -> Answer:
    """201 for a new one, 200 for one that was there."""
    body = read_body(ask.body, {"content": Field(required=True, choices=REACTIONS)})
    reaction, new = ask.world.react(_comment(ask), ask.bot, body["content"])
    return shown(show_reaction(ask.urls, reaction), 201 if new else 200)


def delete_reaction(ask: Ask) -> Answer:
    comment, number = _comment(ask), ask.number("reaction_id")
    for reaction in comment.reactions:
        if reaction.id == number and reaction.user is ask.bot:
            comment.reactions.remove(reaction)
            return empty()
    raise not_found()


def _comment(ask: Ask) -> Comment:
    return ask.world.find_comment(ask.repository, ask.number("comment_id"))


def _require_pull_rights(ask: Ask) -> None:
    """Issues: write is not enough on a pull request, whatever the header says (seen: vitejs/vite-ecosystem-ci#487)."""
    if ask.token is None or ask.token.permissions.get("pull_requests") != "write":
        raise RefusedError(
            403, "Resource not accessible by integration", headers={"X-Accepted-GitHub-Permissions": _WRITE}
        )


def _check_own(ask: Ask, comment: Comment) -> None:
    if comment.user is not ask.bot:
        raise RefusedError(403, "Resource not accessible by integration")


_I = "/repos/{owner}/{repo}/issues"
_C = _I + "/comments/{comment_id}"
_READ = "issues=read; pull_requests=read"
# Reactions are listed under Issues alone in GitHub's permission table; comments under both.
_WRITE, _REACT = "issues=write; pull_requests=write", "issues=write"
ROUTES: list[Route] = [
    token_route("GET", _I + "/{issue_number}/comments", "issues/list-comments", list_comments, _READ),
    token_route("POST", _I + "/{issue_number}/comments", "issues/create-comment", create_comment, _WRITE),
    token_route("GET", _C, "issues/get-comment", get_comment, _READ),
    token_route("PATCH", _C, "issues/update-comment", update_comment, _WRITE),
    token_route("DELETE", _C, "issues/delete-comment", delete_comment, _WRITE),
    token_route("GET", _C + "/reactions", "reactions/list-for-issue-comment", list_reactions, "issues=read"),
    token_route("POST", _C + "/reactions", "reactions/create-for-issue-comment", react, _REACT),
    token_route(
        "DELETE", _C + "/reactions/{reaction_id}", "reactions/delete-for-issue-comment", delete_reaction, _REACT
    ),
]
