"""The door's acts of people beside pull requests: reviews, roles, teams, forks, accounts, clicks on buttons."""

from typing import Literal, cast, get_args

from aiohttp import web

from sandbox.control.fields import Fields
from sandbox.control.refusal import DoorError, unknown
from sandbox.control.repositories import PULL, REPO
from sandbox.control.show import show_pull, show_repository, show_review, show_run
from sandbox.control.stage import STAGE, Stage
from sandbox.github.model import Org, Role, Team

REVIEWS = {"approve": "APPROVED", "request_changes": "CHANGES_REQUESTED", "comment": "COMMENTED"}
MEMBERSHIPS = ("active", "pending", "none")


async def review(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    pull, by = stage.pull(request), stage.person(fields.text("by"))
    does, body = fields.choice("does", REVIEWS), fields.text("body", "", empty=True)
    fields.done()
    state = cast("Literal['APPROVED', 'CHANGES_REQUESTED', 'COMMENTED']", REVIEWS[does])
    return web.json_response(show_review(stage.world.review(pull, by=by, state=state, body=body)), status=201)


async def dismiss(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    pull, by, number = stage.pull(request), stage.person(fields.text("by")), int(request.match_info["review"])
    fields.done()
    if number not in {each.id for each in pull.reviews}:
        raise unknown("review", number, [each.id for each in pull.reviews])
    return web.json_response(show_review(stage.world.dismiss_review(pull, number, by=by)))


async def ready(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    pull, by = stage.pull(request), stage.person(fields.text("by"))
    fields.done()
    stage.world.ready(pull.repository, pull.number, by=by)
    return web.json_response(show_pull(stage.world, pull))


async def delete_comment(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    repository, number = stage.repository(request), int(request.match_info["comment"])
    by = fields.maybe("by")
    fields.done()
    if number not in repository.comments:
        raise unknown("comment", number, sorted(repository.comments))
    found = repository.comments[number]
    stage.world.delete_comment(found, stage.person(by) if by else found.user)
    return web.json_response({"deleted": number})


async def click(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    repository, number = stage.repository(request), int(request.match_info["run"])
    by, identifier = stage.person(fields.text("by")), fields.text("identifier")
    fields.done()
    if number not in repository.runs:
        raise unknown("check run", number, [run.id for run in repository.runs.values() if run.actions])
    run = repository.runs[number]
    stage.world.press_button(run, identifier, by=by)
    return web.json_response(show_run(run), status=202)


async def set_role(request: web.Request) -> web.Response:
    """`none` takes it away; the organisation's base role and those of teams stay."""
    stage, fields = request.app[STAGE], await Fields.of(request)
    repository, login = stage.repository(request), fields.maybe("user")
    team = None if login else _team(stage, fields.text("team"))
    role = cast("Role", fields.choice("role", get_args(Role)))
    name = fields.text("name", "")
    fields.done()
    stage.world.grant(repository, team or stage.person(login or ""), role, name=name)
    everybody = {each: stage.world.role_of(repository, stage.person(each)) for each in stage.people()}
    return web.json_response({"repository": repository.full_name, "roles": everybody})


async def set_membership(request: web.Request) -> web.Response:
    """Somebody joins a team, is invited (`pending`: no rights yet), or leaves it."""
    stage, fields = request.app[STAGE], await Fields.of(request)
    team = _team(stage, f"{request.match_info['org']}/{request.match_info['team']}")
    user, state = stage.person(fields.text("user")), fields.choice("state", MEMBERSHIPS)
    fields.done()
    if state == "none":
        stage.world.leave_team(team, user)
    else:
        stage.world.join_team(team, user, state="active" if state == "active" else "pending")
    members = {each.user.login: each.state for each in team.members.values()}
    return web.json_response({"team": f"{team.org.login}/{team.slug}", "members": members})


async def delete_user(request: web.Request) -> web.Response:
    stage, user = request.app[STAGE], request.app[STAGE].person(request.match_info["login"])
    stage.world.delete_user(user)
    return web.json_response({"deleted": user.login})


async def fork(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    repository, owner = stage.repository(request), stage.person(fields.text("owner"))
    fields.done()
    name = f"{owner.login}/{repository.name}"
    if any(each.full_name == name for each in stage.world.repositories.values()):
        raise DoorError(409, f"There is {name} already.", f"Push to it: POST /_control/repos/{name}/pushes.")
    made = stage.world.add_repository(name, default_branch=repository.default_branch, fork_of=repository)
    return web.json_response(show_repository(made), status=201)


async def delete_fork(request: web.Request) -> web.Response:
    stage = request.app[STAGE]
    repository = stage.repository(request)
    if repository.fork_of is None:
        raise DoorError(409, f"{repository.full_name} is no fork.", "Only forks can be deleted here.")
    stage.world.delete_fork(repository)
    return web.json_response({"deleted": repository.full_name})


def _team(stage: Stage, name: str) -> Team:
    teams = {
        f"{org.login}/{team.slug}": team
        for org in stage.world.accounts.values()
        if isinstance(org, Org)
        for team in org.teams.values()
    }
    if name not in teams:
        raise unknown("team", name, sorted(teams))
    return teams[name]


ROUTES = [
    ("POST", PULL + "/reviews", review, "approve it, request changes, or comment"),
    ("POST", PULL + r"/reviews/{review:\d+}/dismiss", dismiss, "dismiss a review"),
    ("POST", PULL + "/ready", ready, "a draft no more"),
    ("DELETE", REPO + r"/comments/{comment:\d+}", delete_comment, "delete a comment"),
    ("POST", REPO + r"/check-runs/{run:\d+}/actions", click, "click on a check run's button"),
    ("POST", REPO + "/roles", set_role, "give a person or a team a role, or take it away"),
    ("POST", "/_control/teams/{org}/{team}/members", set_membership, "join, invite to, or leave a team"),
    ("DELETE", "/_control/users/{login}", delete_user, "delete an account"),
    ("POST", REPO + "/forks", fork, "fork a repository"),
    ("DELETE", REPO, delete_fork, "delete a fork"),
]
