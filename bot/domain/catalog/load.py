"""Files' texts → one Catalog, or every problem in them at once."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from bot.domain.catalog.faults import Fault, to_faults
from bot.domain.catalog.marks import Document, Path, read_yaml
from bot.domain.catalog.model import App, Catalog, ChecksRule, DeployOn, Environment, OnFailure, Place, Team
from bot.domain.catalog.policy import MergedBy
from bot.domain.catalog.policy_load import to_deployers, to_people, to_stop, to_windows
from bot.domain.catalog.problems import CatalogError, Problem
from bot.domain.catalog.rules import Source, check_rules
from bot.domain.catalog.shape import AppShape, ChecksShape, EnvironmentShape, FileShape
from bot.domain.graces import Graces
from bot.domain.image import ImageRepository, TagTemplate
from bot.domain.intent import Target
from bot.domain.workload import WorkloadKind

MAIN_FILE = "greenlane.yaml"
TEAMS_FOLDER = "teams"

_STAND_INS: Mapping[str | int, Any] = {"version": 1, "deploy": "on-command"}
_ON_FAILURE: Mapping[WorkloadKind, OnFailure] = {
    WorkloadKind.DEPLOYMENT: OnFailure.ROLLBACK,
    # A database's or an agent's data may already be of the new version.
    WorkloadKind.STATEFULSET: OnFailure.KEEP,
    WorkloadKind.DAEMONSET: OnFailure.KEEP,
}
_PRODUCTION_NAMES = frozenset({"production", "prod"})


def select_files(names: Iterable[str]) -> tuple[str, ...]:
    """Of a catalog folder's files (relative, with `/`) those that belong to the catalog, sorted.

    A catalog is one file, or a folder with `greenlane.yaml`, `teams/*.yaml` (one file a team), or both.
    """
    return tuple(sorted(name for name in names if name == MAIN_FILE or _is_team_file(name)))


def _is_team_file(name: str) -> bool:
    folder, slash, file = name.partition("/")
    is_visible = "/" not in file and not file.startswith(".")
    return bool(slash) and folder == TEAMS_FOLDER and is_visible and file.endswith(".yaml")


def load_catalog(files: Mapping[str, str | bytes], *, own_namespace: str | None = None) -> Catalog:
    """The catalog of these files, by their path as people should read it in messages.

    Reading them is the caller's: a single file, or `select_files` of a folder. Pass bytes, so that
    a wrong encoding has a place too. `own_namespace` is where the bot runs: nothing is deployed there.
    Raises `CatalogError` with every problem of every file.
    """
    problems: list[Problem] = []
    sources: list[Source] = []
    for file in sorted(files):
        document = read_yaml(file, files[file])
        problems += document.problems
        if document.data is not None:
            shape = _shape(document, problems)
            sources += [Source(document, shape)] if shape else []
    if not files:
        problems.append(Problem(MAIN_FILE, 1, 1, f"no catalog: there is neither {MAIN_FILE} nor {TEAMS_FOLDER}/*.yaml"))
    problems += check_rules(sources, own_namespace=own_namespace)
    if problems:
        raise CatalogError(problems)
    return Catalog(
        teams=tuple(team for source in sources for team in _to_teams(source)),
        stop=next((to_stop(source.shape.stop) for source in sources if source.shape.stop), None),
        hotfix=next((to_people(source.shape.hotfix) for source in sources if source.shape.hotfix), ()),
    )


def _shape(document: Document, problems: list[Problem]) -> FileShape | None:
    """The file's shape. With faults, of what is left without the faulty entries, so that rules still see the rest."""
    data = document.data
    told = False
    while data is not None:
        try:
            return FileShape.model_validate(data)
        except ValidationError as error:
            faults = to_faults(document, error)
            if not told:  # later rounds only find what the cutting itself left empty
                problems += [fault.problem for fault in faults if fault.problem]
            details = error.errors(include_url=False)
            if len(faults) < len(details):  # another version is told first and alone; then the rest, read as ours
                data = {**data, "version": _STAND_INS["version"]}
                continue
            told = True
            data = _mended(data, zip((detail["loc"] for detail in details), faults, strict=True))
    return None


def _mended(data: Any, faults: Iterable[tuple[Path, Fault]]) -> Any | None:
    """A copy without the faulty entries, or with a stand-in; None when a fault is of the file as a whole."""
    data = copy.deepcopy(data)
    for path, fault in faults:
        stand_in = _stand_in(path)
        cut = path if stand_in is not None else fault.cut
        if not cut:
            return None
        around: Any = data
        for part in cut[:-1]:  # an earlier fault may have cut what is around this one
            around = around[int(part)] if isinstance(around, list) else around.get(part, {})
        if stand_in is not None:
            around[cut[-1]] = stand_in
        else:
            around.pop(cut[-1], None)
    return data


def _stand_in(path: Path) -> Any | None:
    """A value no rule objects to, so that a fault there hides nothing else of its file or environment."""
    match path:
        case ("version",) | ("teams", _, "apps", _, "environments", _, "deploy"):
            return _STAND_INS[path[-1]]
    return None


def _to_teams(source: Source) -> list[Team]:
    return [
        Team(
            name=name,
            github=shape.github,
            stop=to_stop(shape.stop),
            hotfix=to_people(shape.hotfix),
            apps=tuple(_to_app(source.document, name, app, shape.apps[app]) for app in shape.apps),
        )
        for name, shape in source.shape.teams.items()
    ]


def _to_app(document: Document, team: str, name: str, shape: AppShape) -> App:
    path = ("teams", team, "apps", name)
    return App(
        team=team,
        name=name,
        repository=shape.repository,
        repository_id=shape.repository_id,
        branch=shape.branch,
        image=ImageRepository.parse(shape.image),
        tag=TagTemplate.parse(shape.tag),
        checks=_to_checks(shape.checks),
        checks_deadline=shape.checks_deadline,
        image_deadline=shape.image_deadline,
        paths=tuple(shape.paths or ()),
        stop=to_stop(shape.stop),
        environments=tuple(
            _to_environment(document, (*path, "environments", each), shape.environments[each], shape.environments)
            for each in shape.environments
        ),
        place=_to_place(document, path),
    )


def _to_checks(shape: ChecksShape | str | None) -> ChecksRule:
    if isinstance(shape, ChecksShape):
        return ChecksRule(require=tuple(shape.require or ()), ignore=tuple(shape.ignore or ()))
    return ChecksRule(none=shape == "none")


def _to_environment(document: Document, path: Path, shape: EnvironmentShape, siblings: Iterable[str]) -> Environment:
    kind, _, workload = shape.workload.partition("/")
    name = str(path[-1])
    by_name = name.casefold() in _PRODUCTION_NAMES
    return Environment(
        name=name,
        target=Target(namespace=shape.namespace, kind=kind, name=workload, container=shape.container),
        deploy=DeployOn(shape.deploy),
        url=shape.url or "",
        production=by_name if shape.production is None else shape.production,
        rollout_deadline=shape.rollout_deadline,
        soak=shape.soak,
        on_failure=OnFailure(shape.on_failure or _ON_FAILURE[WorkloadKind(kind)]),
        delete_broken_pods=shape.delete_broken_pods,
        graces=Graces(**shape.graces.model_dump()),
        after=_declared(shape.after, siblings),
        windows=to_windows(shape.windows),
        approvals=shape.approvals,
        deployers=to_deployers(shape.deployers),
        merged_by=MergedBy(shape.merged_by),
        place=_to_place(document, path),
    )


def _declared(name: str | None, siblings: Iterable[str]) -> str | None:
    return next((each for each in siblings if name and each.casefold() == name.casefold()), None)


def _to_place(document: Document, path: Path) -> Place:
    line, column = document.key_place(path)
    return Place(file=document.file, line=line, column=column)
