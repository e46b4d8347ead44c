"""What GitHub says of a person now, asked when a command is taken and again when its rollout starts."""

from collections.abc import Sequence

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
    found = await _objections(
        github, catalog, repository, person, [verb], app=app, environment=environment, hotfix=hotfix
    )
    return found[verb]


async def objections(
    github: GitHubReads, catalog: Catalog, repository: Repository, person: Person, *, app: App
) -> dict[Verb, Denied | None]:
    """The same for every command of one app, whatever its environments ask more."""
    return await _objections(github, catalog, repository, person, list(Verb), app=app, environment=None, hotfix=False)


async def _objections(
    github: GitHubReads,
    catalog: Catalog,
    repository: Repository,
    person: Person,
    verbs: Sequence[Verb],
    *,
    app: App | None,
    environment: Environment | None,
    hotfix: bool,
) -> dict[Verb, Denied | None]:
    team = catalog.team(app.team) if app else None
    try:
        standing = await _standing(github, catalog, repository, person, app=app, environment=environment)
    except RejectedError as error:
        sentence = f"GitHub does not let me see the rights: {error.sentence.rstrip('.')}"
        return dict.fromkeys(verbs, Denied(reason="rights_unreadable", sentence=sentence))
    github_team = team.github if team else ""
    return {verb: may_command(verb, person, standing, team=github_team, hotfix=hotfix) for verb in verbs}


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
