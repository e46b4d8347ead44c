"""Rules between the entries of a catalog, over all its files: what a single value can't know."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from bot.domain.catalog.marks import Document, Path
from bot.domain.catalog.problems import Problem
from bot.domain.catalog.shape import AppShape, EnvironmentShape, FileShape
from bot.domain.workload import WorkloadKind


@dataclass(frozen=True, slots=True)
class Source:
    """One file: where things are, and what of it has the right shape."""

    document: Document
    shape: FileShape


@dataclass(frozen=True, slots=True)
class _AppRow:
    document: Document
    path: Path
    team: str
    name: str
    app: AppShape

    def problem(self, message: str, *path: str) -> Problem:
        return Problem(self.document.file, *self.document.value_place((*self.path, *path)), message)

    def at(self, *path: str) -> str:
        line, _ = self.document.key_place((*self.path, *path))
        return f"{self.document.file}:{line}"


def check_rules(sources: Iterable[Source], *, own_namespace: str | None) -> Iterator[Problem]:
    """Every fault that lies between entries."""
    sources = list(sources)
    rows = [row for source in sources for row in _rows(source)]
    yield from _teams_once(sources)
    yield from _apps_told_apart(rows)
    yield from _one_number_a_repository(rows)
    yield from _environments_told_apart(rows)
    yield from _one_app_a_workload(rows)
    yield from _not_into_our_namespace(rows, own_namespace)
    yield from _pushes_have_a_tag(rows)
    yield from _pods_deleted_of_statefulsets_only(rows)
    yield from _after_another(rows)
    yield from _one_file_for_all_teams(sources)


def _rows(source: Source) -> Iterator[_AppRow]:
    for team, team_shape in source.shape.teams.items():
        for name, app in team_shape.apps.items():
            yield _AppRow(source.document, ("teams", team, "apps", name), team, name, app)


def _environments(row: _AppRow) -> Iterator[tuple[str, EnvironmentShape]]:
    yield from row.app.environments.items()


def _teams_once(sources: Iterable[Source]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for source in sources:
        for team in source.shape.teams:
            line, column = source.document.key_place(("teams", team))
            first = seen.setdefault(team.casefold(), f"{source.document.file}:{line}")
            if first != f"{source.document.file}:{line}":
                message = f"team `{team}` is already at {first}; keep each team in one place"
                yield Problem(source.document.file, line, column, message)


def _apps_told_apart(rows: Iterable[_AppRow]) -> Iterator[Problem]:
    """A command names an app by one word, within its repository; people find it by that word within its team."""
    in_team: dict[tuple[str, str], _AppRow] = {}
    in_repository: dict[tuple[str, str], _AppRow] = {}
    for row in rows:
        place = row.document.key_place(row.path)
        name = row.name.casefold()
        twin = in_team.setdefault((row.team.casefold(), name), row)
        neighbour = in_repository.setdefault((row.app.repository.casefold(), name), row)
        if twin is not row:
            message = f"app `{row.name}` is already at {twin.at()} (capitals do not tell apps apart)"
            yield Problem(row.document.file, *place, message)
        elif neighbour is not row:
            message = f"{row.app.repository} already has an app `{row.name}` at {neighbour.at()}; name one differently"
            yield Problem(row.document.file, *place, message)


def _one_number_a_repository(rows: Iterable[_AppRow]) -> Iterator[Problem]:
    by_name = _Pins("`repository_id` of {key} is {value} here and {first} at {place}")
    by_number = _Pins("`repository_id` {key} is {value} here and {first} at {place}")
    for row in rows:
        if row.app.repository_id is not None:
            number = str(row.app.repository_id)
            yield from by_name.check(row, row.app.repository, number, str)
            yield from by_number.check(row, number, row.app.repository, str.casefold)


class _Pins:
    """Remembers what was said first for a key, and objects when something else is said."""

    def __init__(self, message: str) -> None:
        self._message = message
        self._first: dict[str, tuple[str, _AppRow]] = {}

    def check(self, row: _AppRow, key: str, value: str, same: Callable[[str], str]) -> Iterator[Problem]:
        first, first_row = self._first.setdefault(key.casefold(), (value, row))
        if same(first) != same(value):
            place = first_row.at("repository_id")
            yield row.problem(self._message.format(key=key, value=value, first=first, place=place), "repository_id")


def _environments_told_apart(rows: Iterable[_AppRow]) -> Iterator[Problem]:
    """GitHub's environment names ignore case."""
    for row in rows:
        seen: dict[str, str] = {}
        for name, _ in _environments(row):
            first = seen.setdefault(name.casefold(), name)
            if first != name:
                place = row.document.key_place((*row.path, "environments", name))
                message = f"GitHub can't tell environment `{name}` from `{first}` (it ignores capitals)"
                yield Problem(row.document.file, *place, message)


def _one_app_a_workload(rows: Iterable[_AppRow]) -> Iterator[Problem]:
    """Not even in two containers: the rollouts of one workload can't be told apart."""
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    for row in rows:
        for name, environment in _environments(row):
            here = row.at("environments", name)
            owner = (f"{row.team}/{row.name} {name}", here)
            first, place = seen.setdefault((environment.namespace, environment.workload), owner)
            if place != here or first != owner[0]:
                message = f"`{environment.workload}` in `{environment.namespace}` is already {first}'s at {place}"
                yield row.problem(message, "environments", name, "workload")


def _not_into_our_namespace(rows: Iterable[_AppRow], own_namespace: str | None) -> Iterator[Problem]:
    for row in rows:
        for name, environment in _environments(row):
            if environment.namespace == own_namespace:
                message = f"`{own_namespace}` is where Greenlane itself runs; give the app a namespace of its own"
                yield row.problem(message, "environments", name, "namespace")


def _pushes_have_a_tag(rows: Iterable[_AppRow]) -> Iterator[Problem]:
    """A push needs no pull request, so its image can't be named by one."""
    for row in rows:
        for name, environment in _environments(row):
            if environment.deploy == "on-push" and "{pr}" in row.app.tag:
                message = f"`on-push` has no pull request for the tag `{row.app.tag}`; use {{sha}} in `tag:`"
                yield row.problem(message, "environments", name, "deploy")


def _pods_deleted_of_statefulsets_only(rows: Iterable[_AppRow]) -> Iterator[Problem]:
    """Other kinds replace broken pods by themselves."""
    for row in rows:
        for name, environment in _environments(row):
            kind, _, _ = environment.workload.partition("/")
            if environment.delete_broken_pods and kind != WorkloadKind.STATEFULSET:
                message = (
                    f"`delete_broken_pods` is for statefulsets; a {kind} replaces broken pods by itself: remove it"
                )
                yield row.problem(message, "environments", name, "delete_broken_pods")


def _after_another(rows: Iterable[_AppRow]) -> Iterator[Problem]:
    """Each environment comes after one that is there, and none after itself, however many are between."""
    for row in rows:
        before = {name.casefold(): (each.after or "").casefold() for name, each in _environments(row)}
        told: set[str] = set()
        for name, environment in _environments(row):
            ring = _ring(before, name.casefold())
            if environment.after and environment.after.casefold() not in before:
                yield from _nothing_before(row, name, environment.after)
            elif ring and not told & set(ring):
                told.update(ring)
                way = " after ".join(f"`{each}`" for each in (*ring, ring[0]))
                yield row.problem(f"{way}: nothing could come first; remove one `after`", "environments", name, "after")


def _nothing_before(row: _AppRow, name: str, after: str) -> Iterator[Problem]:
    # With a fault in it, it is cut out here and told elsewhere.
    written = {path[-1] for path in row.document.keys if path[:-1] == (*row.path, "environments")}
    if after.casefold() not in {str(each).casefold() for each in written}:
        close = get_close_matches(after.casefold(), [each for each in row.app.environments if each != name], n=1)
        meant = f"did you mean `{close[0]}`?" if close else "name another environment of this app"
        yield row.problem(f"{row.name} has no environment `{after}`; {meant}", "environments", name, "after")


def _ring(before: Mapping[str, str], start: str) -> list[str]:
    """From one environment back to itself; empty when the way ends elsewhere."""
    way = [start]
    while (following := before.get(way[-1], "")) and following not in way:
        way.append(following)
    return way if following == start else []


def _one_file_for_all_teams(sources: Iterable[Source]) -> Iterator[Problem]:
    """What holds for every team is said once."""
    first: dict[str, str] = {}
    for source in sources:
        for key in ("stop", "hotfix"):
            if getattr(source.shape, key):
                line, column = source.document.key_place((key,))
                place = first.setdefault(key, f"{source.document.file}:{line}")
                if place != f"{source.document.file}:{line}":
                    message = f"`{key}` for every team is already at {place}; keep it in one file"
                    yield Problem(source.document.file, line, column, message)
