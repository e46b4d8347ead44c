"""What pydantic found, said with the file's own places and in words for people who write YAML."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, TypeGuard, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.domain.catalog.marks import Document, Path
from bot.domain.catalog.problems import Problem
from bot.domain.catalog.shape import NONE, RULES, AppShape, EnvironmentShape, FileShape, TeamShape
from bot.domain.catalog.values import Shape

_SHAPES: dict[int, type[Shape]] = {0: FileShape, 2: TeamShape, 4: AppShape, 6: EnvironmentShape}
"""By depth: a file, `teams.<team>`, `….apps.<app>`, `….environments.<environment>`."""

_LISTINGS = ("teams", "apps", "environments")

_WANTED = {
    "string_type": "text",
    "bool_type": "`true` or `false`",
    "int_type": "a whole number",
    "greater_than": "a number above zero",
    "greater_than_equal": "a number from 0 to 10",
    "less_than_equal": "a number from 0 to 10",
    "dict_type": "a mapping (`key: value` lines)",
    "model_type": "a mapping (`key: value` lines)",
    "model_attributes_type": "a mapping (`key: value` lines)",
    "list_type": "a list, like [a, b]",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing pydantic did not take."""

    problem: Problem | None
    """None where YAML already complained about the same place."""
    cut: Path
    """The smallest entry without which the rest of the file stands; empty when there is none."""


def to_faults(document: Document, error: ValidationError) -> list[Fault]:
    """Each fault at its place in the file."""
    known = {(each.line, each.column) for each in document.problems}
    details = error.errors(include_url=False)
    # Another version is another format: what else looks wrong may be right there.
    other_version = [each for each in details if each["loc"] == ("version",) and each["type"] == "literal_error"]
    return [_to_fault(document, detail, known) for detail in other_version or details]


def _to_fault(document: Document, detail: ErrorDetails, known: Container[tuple[int, int]]) -> Fault:
    path, at_key = _path_in_file(detail["loc"])
    unknown = detail["type"] == "extra_forbidden"
    if detail["type"] == "missing":
        place = document.key_place(path[:-1])
    else:
        place = document.key_place(path) if at_key or unknown else document.value_place(path)
    told = place in known or (detail["type"] == "missing" and path in document.keys)  # a key without value
    problem = None if told else Problem(document.file, *place, _sentence(path, detail))
    return Fault(problem, path if unknown else _removable(path))


def _removable(path: Path) -> Path:
    """The optional value that a path is in, else the environment, else the app, else the team."""
    depth = 0
    for listing in _LISTINGS:
        depth += 2 if path[depth : depth + 1] == (listing,) and len(path) >= depth + 2 else 0
    field = _SHAPES[depth].keys().get(str(path[depth])) if depth < len(path) else None
    return path[: depth + 1] if field and not field.is_required() else path[:depth]


def _path_in_file(location: tuple[int | str, ...]) -> tuple[Path, bool]:
    """Pydantic's path without its own words, and whether it speaks of the key."""
    at_key = location[-1:] == ("[key]",)
    return tuple(part for part in location if part not in {"[key]", RULES, NONE}), at_key


def _sentence(path: Path, detail: ErrorDetails) -> str:
    match detail["type"]:
        case "missing":
            return _missing(path)
        case "extra_forbidden":
            return _unknown_key(path)
        case "value_error":
            return str(detail["ctx"]["error"])
        case "literal_error":
            return _not_one_of(path, detail)
        case "too_short":
            return _too_short(path)
        case _:
            return _wrong_kind(path, detail)


def _wrong_kind(path: Path, detail: ErrorDetails) -> str:
    name = _spoken(path)
    wanted = _WANTED.get(detail["type"])
    if wanted is None:
        return f"{name}: {detail['msg']}"
    quotes = _quotes(detail["input"]) if detail["type"] == "string_type" else ""
    return f"{name} must be {wanted}, not {_kind_of(detail['input'])}{quotes}"


def _spoken(path: Path) -> str:
    match path:
        case ():
            return "the file"
        case (*_, owner, int()):
            return f"an entry of `{owner}`"
        case (*_, name):
            return f"`{name}`"
    raise AssertionError(path)


def _missing(path: Path) -> str:
    if path == ("version",):
        return "`version` is missing; begin the file with `version: 1`"
    field = _shape_of(path[:-1]).keys()[str(path[-1])]
    return f"`{path[-1]}` is missing. {field.description}"


def _unknown_key(path: Path) -> str:
    known = list(_shape_of(path[:-1]).keys())
    close = get_close_matches(str(path[-1]).casefold(), known, n=1, cutoff=0.6)
    place = "here" if path[:-1] else "at the top of a catalog"
    meant = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(f'`{each}`' for each in known)}"
    return f"`{path[-1]}` is not a key {place}; {meant}"


def _not_one_of(path: Path, detail: ErrorDetails) -> str:
    given = detail["input"]
    match path[-1]:
        case "version":
            return f"this catalog has version `{given}`; this Greenlane reads 1: write `version: 1`"
        case "checks":
            return f"`{given}` is not a rule for checks; write `none`, or {{require: [names], ignore: [names]}}"
        case name:
            choices = str(detail["ctx"]["expected"]).replace("'", "`")
            close = get_close_matches(str(given), choices.replace("`", "").replace(" or ", ", ").split(", "), n=1)
            meant = f"; did you mean `{close[0]}`?" if close else ""
            return f"`{name}` is {choices}, not `{given}`{meant}"


def _too_short(path: Path) -> str:
    if path[-1] == "require":
        return "`require` is empty; write `checks: none` to deploy without checks, or leave it out"
    return f"`{path[-1]}` is empty; it needs at least one entry"


def _shape_of(path: Path) -> type[Shape]:
    """The shape whose keys belong at that path."""
    found: Any = FileShape
    for part in path:
        found = next(inner for form in _forms(found) if (inner := _inside(form, part)) is not None)
    return next(form for form in _forms(found) if _is_shape(form))


def _forms(annotation: Any) -> Iterator[Any]:
    """What a value may be, without the words round it."""
    arguments = get_args(annotation)
    if get_origin(annotation) is Annotated:
        yield from _forms(arguments[0])
    elif get_origin(annotation) in {Union, UnionType}:
        for each in arguments:
            yield from _forms(each)
    else:
        yield annotation


def _inside(form: Any, part: str | int) -> Any | None:
    if _is_shape(form):
        return form.keys()[str(part)].annotation
    return get_args(form)[-1] if get_origin(form) in {dict, list} else None


def _is_shape(form: Any) -> TypeGuard[type[Shape]]:
    return isinstance(form, type) and issubclass(form, Shape)


def _kind_of(value: Any) -> str:
    match value:
        case bool():
            return f"`{str(value).lower()}`"
        case int():
            return f"the number {value}"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _quotes(value: Any) -> str:
    return f'; put it in quotes: "{str(value).lower()}"' if isinstance(value, (bool, int)) else ""
