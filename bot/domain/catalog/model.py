"""The catalog as the rest of the house sees it: teams, apps, environments, and where each runs."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from bot.domain.catalog.globs import matches
from bot.domain.catalog.policy import Deployers, MergedBy, Stop
from bot.domain.catalog.windows import Windows
from bot.domain.graces import DEFAULT_GRACES, Graces
from bot.domain.image import ImageRepository, TagTemplate
from bot.domain.intent import Target
from bot.domain.people import Person


class DeployOn(StrEnum):
    """What starts a deploy."""

    MERGE = "on-merge"
    PUSH = "on-push"
    COMMAND = "on-command"


class OnFailure(StrEnum):
    """What becomes of a workload whose rollout failed."""

    ROLLBACK = "rollback"
    """The version before is put back."""
    KEEP = "keep"
    """The failed version stays until a person acts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where the catalog says it; counts from 1. `str()` is `file:line:column`."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChecksRule:
    """Which checks must pass. All empty: the branch's required checks, else every check."""

    none: bool = False
    """`checks: none`: a commit without any check may be deployed."""
    require: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """One environment of one app."""

    name: str
    target: Target
    deploy: DeployOn
    url: str = ""
    production: bool = False
    rollout_deadline: timedelta | None = None
    """None: derived from the workload's own progress deadline."""
    soak: timedelta = timedelta(seconds=30)
    """How long the new pods must stay ready, without a restart, before it is a success."""
    on_failure: OnFailure = OnFailure.ROLLBACK
    delete_broken_pods: bool = False
    """After a failed rollout of a StatefulSet: it would wait for them for ever. Needs the right to delete pods."""
    graces: Graces = DEFAULT_GRACES
    after: str | None = None
    """Another environment of the same app, by its exact name: only an image that held there may be deployed here."""
    windows: Windows | None = None
    """None: always open."""
    approvals: int = 0
    """Approving reviews of the very commit."""
    deployers: Deployers | None = None
    """None: everybody in the team."""
    merged_by: MergedBy = MergedBy.ANYONE
    place: Place = field(compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class App:
    """One deployable thing of a team: a repository, an image, and its environments in the catalog's order."""

    team: str
    name: str
    repository: str
    """`owner/name` as the catalog writes it; compare without case."""
    repository_id: int | None = None
    branch: str | None = None
    """None: the repository's default branch."""
    image: ImageRepository
    tag: TagTemplate
    checks: ChecksRule = ChecksRule()
    checks_deadline: timedelta
    image_deadline: timedelta
    paths: tuple[str, ...] = ()
    stop: Stop | None = None
    environments: tuple[Environment, ...]
    place: Place = field(compare=False)

    def concerns(self, changed_paths: Collection[str]) -> bool:
        """Whether a change of these paths (from the repository's root) is one of this app; without `paths:` all are."""
        return not self.paths or any(matches(self.paths, path) for path in changed_paths)

    def environment(self, name: str) -> Environment | None:
        """By name, without case, as people type it."""
        return next((each for each in self.environments if each.name.casefold() == name.casefold()), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """A team; `github` is the `organisation/team` whose members may command."""

    name: str
    github: str
    stop: Stop | None = None
    hotfix: tuple[Person, ...] = ()
    """Who may deploy the team's apps through a stop or a closed window."""
    apps: tuple[App, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalog:
    """The whole mapping, valid and immutable. Lookups by name ignore case."""

    teams: tuple[Team, ...]
    stop: Stop | None = None
    hotfix: tuple[Person, ...] = ()
    """Who may deploy any team's apps through a stop or a closed window."""

    @property
    def apps(self) -> tuple[App, ...]:
        """Every app, in the files' order."""
        return tuple(app for team in self.teams for app in team.apps)

    @property
    def targets(self) -> tuple[Target, ...]:
        """Every place where something may be deployed; no two are the same workload."""
        return tuple(environment.target for app in self.apps for environment in app.environments)

    @property
    def repositories(self) -> tuple[str, ...]:
        """Full names as first written, each once."""
        names: dict[str, str] = {}
        for app in self.apps:
            names.setdefault(app.repository.casefold(), app.repository)
        return tuple(names.values())

    def apps_of(self, full_name: str, repository_id: int) -> tuple[App, ...]:
        """The apps of a repository as GitHub names it now. A pinned id that differs is another repository."""
        return tuple(
            app
            for app in self.apps
            if app.repository.casefold() == full_name.casefold() and app.repository_id in {None, repository_id}
        )

    def has_several_apps(self, full_name: str, repository_id: int) -> bool:
        """Whether an environment's name alone does not say of which app of the repository it is."""
        return len(self.apps_of(full_name, repository_id)) > 1

    def team(self, name: str) -> Team | None:
        """None when nobody is called that (any more)."""
        return next((each for each in self.teams if each.name.casefold() == name.casefold()), None)

    def app(self, team: str, name: str) -> App | None:
        """None when the team or the app is gone."""
        owner = self.team(team)
        apps = owner.apps if owner else ()
        return next((each for each in apps if each.name.casefold() == name.casefold()), None)

    def environment(self, team: str, app: str, name: str) -> Environment | None:
        """None when the team, the app or the environment is gone."""
        found = self.app(team, app)
        return found.environment(name) if found else None
