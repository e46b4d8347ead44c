"""What GitHub says of a person now, asked when a command is taken and again when its rollout starts."""

from bot.domain.catalog import App, Catalog, Environment
from bot.domain.command import Verb
from bot.domain.intent import Repository
from bot.domain.people import Person
from bot.domain.policy import Denied, Standing, may_command
from bot.engine.ports import GitHubReads
from bot.errors import RejectedError


async def objection(
    github: GitHubReads,
    catalog: Catalog,
    repository: Repository,
    person: Person,
    verb: Verb,
    *,
    app: App | None = None,
    environment: Environment | None = None,
    hotfix: bool = False,
) -> Denied | None:
    """Why somebody may not do this; None when they may. What GitHub refuses to tell is a no.

    Without `app` only what every command needs is asked. Raises `TransientError` where GitHub does not answer.
    """
    team = catalog.team(app.team) if app else None
    try:
        standing = await _standing(github, catalog, repository, person, app=app, environment=environment)
    except RejectedError as error:
        sentence = f"GitHub does not let me see the rights: {error.sentence.rstrip('.')}"
        return Denied(reason="rights_unreadable", sentence=sentence)
    return may_command(verb, person, standing, team=team.github if team else "", hotfix=hotfix)


async def _standing(
    github: GitHubReads,
    catalog: Catalog,
    repository: Repository,
    person: Person,
    *,
    app: App | None,
    environment: Environment | None,
) -> Standing:
    login_id, role = await github.role(repository, person.login)
    team = catalog.team(app.team) if app else None
    if not role.may_write or login_id != person.id or team is None:
        return Standing(login_id=login_id, role=role, in_team=team is None)
    return Standing(
        login_id=login_id,
        role=role,
        in_team=await github.is_in_team(repository, team.github, person.login),
        is_deployer=await _is_deployer(github, repository, person, environment),
        is_hotfixer=person.id in {each.id for each in (*catalog.hotfix, *team.hotfix)},
    )


async def _is_deployer(
    github: GitHubReads, repository: Repository, person: Person, environment: Environment | None
) -> bool:
    named = environment.deployers if environment else None
    if named is None or person.id in {each.id for each in named.people}:
        return True
    for team in named.teams:
        if await github.is_in_team(repository, team, person.login):
            return True
    return False
