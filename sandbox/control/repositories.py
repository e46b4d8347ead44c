"""The door's acts on GitHub: repositories, people, commits, pull requests, comments and checks."""

from dataclasses import asdict
from typing import Literal, cast

from aiohttp import web

from sandbox.control.ci import run_ci
from sandbox.control.fields import Fields
from sandbox.control.refusal import DoorError, unknown
from sandbox.control.show import commit_of, show_checks, show_comment, show_pull, show_repository, show_run
from sandbox.control.stage import BEHAVIOURS, NOT_PUSHED, STAGE
from sandbox.github.model import Org

REPO = r"/_control/repos/{owner}/{repo}"
PULL = REPO + r"/pulls/{number:\d+}"
Method = Literal["merge", "squash", "rebase"]
STATUSES = ("queued", "in_progress", "completed")
CONCLUSIONS = ("success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required", "stale")


async def add_user(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    login, org = fields.text("login"), fields.maybe("org")
    fields.done()
    user = stage.world.add_user(login)
    if org:
        stage.world.add_member(org, user)
    return web.json_response({"login": user.login, "id": user.id}, status=201)


async def add_team(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    org, slug, members = fields.text("org"), fields.text("slug"), fields.texts("members", [])
    below = fields.maybe("parent")
    fields.done()
    people = [stage.person(each) for each in members]
    owner = stage.world.accounts.get(org.lower())
    if not isinstance(owner, Org):
        raise unknown(
            "organisation", org, [each.login for each in stage.world.accounts.values() if isinstance(each, Org)]
        )
    if below and below not in owner.teams:
        raise unknown("team", f"{below} in {org}", sorted(owner.teams))
    team = stage.world.add_team(org, slug, people, parent=owner.teams[below] if below else None)
    return web.json_response({"team": f"{org}/{team.slug}", "members": [each.login for each in people]}, status=201)


async def add_repository(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    name, branch = fields.text("name"), fields.text("default_branch", "main")
    files, images = fields.mapping("files", {"README.md": "Hello.\n"}), fields.texts("images", [])
    fields.done()
    if name.count("/") != 1 or name.split("/")[0].lower() not in stage.world.accounts:
        owners = [each.login for each in stage.world.accounts.values()]
        raise unknown("owner", f"for a repository {name!r}", owners)
    repository = stage.world.add_repository(name, default_branch=branch, files=files)
    stage.images[repository.full_name] = images
    return web.json_response(show_repository(repository), status=201)


async def protect(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    repository = stage.repository(request)
    branch, checks = fields.text("branch", repository.default_branch), fields.texts("checks")
    how = fields.choice("how", ("ruleset", "classic"), "ruleset")
    fields.done()
    stage.world.protect(
        repository, branch, [(name, None) for name in checks], how="classic" if how == "classic" else "ruleset"
    )
    return web.json_response(show_repository(repository), status=201)


async def push(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    repository = stage.repository(request)
    branch, author = fields.text("branch", repository.default_branch), stage.person(fields.text("author"))
    message, files = fields.text("message", "A change"), fields.mapping("files", {})
    force = fields.flag("force")
    fields.done()
    sha = stage.world.push(repository, branch, author=author, files=files, message=message, force=force)
    return web.json_response({"sha": sha, "branch": branch}, status=201)


async def open_pull(request: web.Request) -> web.Response:
    """With `files`, the head branch gets a commit first, so that one call makes a whole pull request.

    `owner:branch` as head is a branch of that owner's fork.
    """
    stage, fields = request.app[STAGE], await Fields.of(request)
    repository = stage.repository(request)
    title, body, head = fields.text("title"), fields.text("body", "", empty=True), fields.text("head")
    base, author = fields.text("base", repository.default_branch), stage.person(fields.text("author"))
    files, draft = fields.mapping("files", {}), fields.flag("draft")
    image = fields.choice("image", (*BEHAVIOURS, NOT_PUSHED), "ok")
    fields.done()
    if files:
        source, branch = stage.world.head_of(repository, head)
        stage.world.push(source, branch, author=author, files=files, message=title)
    pull = stage.world.open_pull(repository, head=head, base=base, title=title, body=body, author=author, draft=draft)
    stage.behaviours[repository.id, pull.number] = image
    return web.json_response(show_pull(stage.world, pull), status=201)


async def merge(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    pull = stage.pull(request)
    by, bypass = stage.person(fields.text("by")), fields.flag("bypass")
    method = fields.choice("method", ("merge", "squash", "rebase"), "merge")
    fields.done()
    if pull.state != "open":
        state = "merged" if pull.merged else "closed"
        raise DoorError(409, f"Pull request #{pull.number} is {state} already.", "Merge one that is open.")
    stage.world.merge(pull.repository, pull.number, by=by, method=cast("Method", method), bypass=bypass)
    return web.json_response(show_pull(stage.world, pull))


async def close(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    pull, by = stage.pull(request), stage.person(fields.text("by"))
    fields.done()
    stage.world.close(pull.repository, pull.number, by=by)
    return web.json_response(show_pull(stage.world, pull))


async def reopen(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    pull, by = stage.pull(request), stage.person(fields.text("by"))
    fields.done()
    stage.world.reopen(pull.repository, pull.number, by=by)
    return web.json_response(show_pull(stage.world, pull))


async def comment(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    pull, author, body = stage.pull(request), stage.person(fields.text("author")), fields.text("body")
    fields.done()
    made = stage.world.comment(pull.repository, pull.number, author, body)
    return web.json_response(show_comment(made), status=201)


async def edit_comment(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    repository, number = stage.repository(request), int(request.match_info["comment"])
    body, author = fields.text("body"), fields.maybe("author")
    fields.done()
    if number not in repository.comments:
        raise unknown("comment", number, sorted(repository.comments))
    found = repository.comments[number]
    stage.world.edit_comment(found, stage.person(author) if author else found.user, body)
    return web.json_response(show_comment(found))


async def report_check(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    repository = stage.repository(request)
    sha, name = stage.commit(repository, fields.text("sha")), fields.text("name")
    conclusion = fields.choice("conclusion", CONCLUSIONS, None)
    status = fields.choice("status", STATUSES, "completed" if conclusion else "in_progress")
    app = fields.text("app", "github-actions")
    title, summary = fields.maybe("title"), fields.maybe("summary")
    fields.done()
    if (status == "completed") != bool(conclusion):
        raise DoorError(
            422, "A check has a conclusion exactly when it is completed.", f"One of {', '.join(CONCLUSIONS)}."
        )
    output = {"title": title or name, "summary": summary or ""} if title or summary else None
    run = stage.world.report_check(repository, sha, name, status=status, conclusion=conclusion, app=app, output=output)
    return web.json_response(show_run(run), status=201)


async def report_status(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    repository = stage.repository(request)
    sha, context = stage.commit(repository, fields.text("sha")), fields.text("context", "default")
    state = fields.choice("state", ("error", "failure", "pending", "success"))
    description, by = fields.maybe("description"), fields.maybe("by")
    fields.done()
    stage.world.report_status(
        repository, sha, context, state, description, by=stage.person(by) if by else stage.people()[0]
    )
    return web.json_response(show_checks(repository, sha, repository.default_branch), status=201)


async def ci_of_pull(request: web.Request) -> web.Response:
    """CI of the merged commit, or of the head while the pull request is open."""
    stage, fields = request.app[STAGE], await Fields.of(request)
    pull = stage.pull(request)
    passes = fields.choice("result", ("pass", "fail")) == "pass"
    behaviour = fields.choice("image", (*BEHAVIOURS, NOT_PUSHED), None)
    fields.done()
    done = await run_ci(stage, pull.repository, commit_of(pull), passes=passes, behaviour=behaviour)
    return web.json_response(asdict(done), status=201)


async def ci_of_commit(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    repository = stage.repository(request)
    sha = stage.commit(repository, fields.text("sha"))
    passes = fields.choice("result", ("pass", "fail")) == "pass"
    behaviour = fields.choice("image", (*BEHAVIOURS, NOT_PUSHED), None)
    fields.done()
    done = await run_ci(stage, repository, sha, passes=passes, behaviour=behaviour)
    return web.json_response(asdict(done), status=201)


ROUTES = [
    ("POST", "/_control/users", add_user, "add a person"),
    ("POST", "/_control/teams", add_team, "add a team of an organisation"),
    ("POST", "/_control/repos", add_repository, "add a repository"),
    ("POST", REPO + "/protection", protect, "require checks on a branch"),
    ("POST", REPO + "/pushes", push, "push a commit"),
    ("POST", REPO + "/pulls", open_pull, "open a pull request"),
    ("POST", PULL + "/merge", merge, "merge it: merge, squash or rebase; bypass past failing rules"),
    ("POST", PULL + "/close", close, "close it unmerged"),
    ("POST", PULL + "/reopen", reopen, "open it again"),
    ("POST", PULL + "/comments", comment, "comment on it"),
    ("PATCH", REPO + r"/comments/{comment:\d+}", edit_comment, "edit a comment"),
    ("POST", PULL + "/ci", ci_of_pull, "let its CI pass (image pushed, checks green) or fail"),
    ("POST", REPO + "/ci", ci_of_commit, "the same for a commit or branch"),
    ("POST", REPO + "/checks", report_check, "report a check run"),
    ("POST", REPO + "/statuses", report_status, "report a commit status"),
]
