"""The desk of a pull request: who may write a comment there, and which commands are worth a try."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.control.stage import Stage
from sandbox.github.model import Org, Repository, User
from sandbox.github.records import PullRequest

JSON = dict[str, Any]
Environments = Mapping[str, Sequence[str]]
"""Repository → the catalog's environments, the usual one first."""

ENVIRONMENTS = web.AppKey("environments", dict[str, Sequence[str]])
PRODUCTION = frozenset({"production", "prod"})
_ROLES = {"none": "may not read", "read": "may only read", "triage": "may only read and sort"}


@dataclass(frozen=True, kw_only=True)
class Group:
    """Commands that belong together, each as one would type it."""

    name: str
    lines: tuple[str, ...]


def people(stage: Stage, repository: Repository) -> list[JSON]:
    """Everybody who may act, with what GitHub lets them do there."""
    found = [stage.person(login) for login in stage.people()]
    return [{"login": each.login, "says": _standing(stage, repository, each)} for each in found]


def _standing(stage: Stage, repository: Repository, user: User) -> str:
    role = stage.world.role_of(repository, user)
    owner = repository.owner
    all_teams = owner.teams.values() if isinstance(owner, Org) else ()
    teams = [team.slug for team in all_teams if user.login.lower() in team.members]
    whose = f"team {', '.join(teams)}" if teams else "in no team"
    return f"{whose}, {_ROLES.get(role, 'may write')}"


def suggestions(pull: PullRequest, environments: Sequence[str]) -> list[Group]:
    """What makes sense in the pull request's state."""
    asking = ("/help", "/status", "/why", *(f"/diff {name}" for name in environments[-1:]))
    groups = [Group(name="Ask", lines=asking)]
    return groups + [Group(name=name, lines=tuple(_lines(pull, name))) for name in environments]


def _lines(pull: PullRequest, name: str) -> Iterator[str]:
    """Code that is not merged goes to production only by its full number; a lock lasts while it is not merged."""
    is_open = pull.state == "open"
    yield f"/deploy {name} {pull.head_sha}" if is_open and name in PRODUCTION else f"/deploy {name}"
    yield f"/rollback {name}"
    yield f"/abort {name}"
    if is_open:
        yield f"/lock {name} for 1h"
    yield f"/unlock {name}"
    yield f"/hold {name}"
    yield f"/resume {name}"
