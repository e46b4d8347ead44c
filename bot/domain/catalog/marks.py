"""YAML text → plain data, the place of every key and value, and what YAML itself would silently get wrong.

Apart from the shape, because these faults (`on:`, `010`, a key twice) are gone once YAML has been read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml import CSafeLoader, MappingNode, Node, ScalarNode, SequenceNode

from bot.domain.catalog.problems import Problem
from bot.domain.catalog.times import MOMENT_PATTERN

Path = tuple[str | int, ...]

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 20
MAX_VALUES = 50_000  # hundreds of apps need a tenth; aliases of aliases would need all memory

_TAG = "tag:yaml.org,2002:"
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_TRUTH = {"true": True, "false": False}
_READ_AS = {
    "bool": "a truth value",
    "int": "a number",
    "float": "a number",
    "timestamp": "a date",
    "null": "nothing",
    "merge": "a merge",
    "value": "a default",
}


class _TooMuchError(Exception):
    """The walk stops: what it would still find is not worth reading."""


@dataclass(slots=True)
class Document:
    """One file after YAML. `data` is None where nothing could be read."""

    file: str
    data: Any = None
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    values: dict[Path, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, message: str, place: tuple[int, int]) -> None:
        """Note a fault; line and column count from 1."""
        self.problems.append(Problem(self.file, *place, message))

    def key_place(self, path: Path) -> tuple[int, int]:
        """Where the key is written; for list items and the root, where the value begins."""
        return self.keys.get(path) or self.value_place(path)

    def value_place(self, path: Path) -> tuple[int, int]:
        """Where the value begins, or what is around it when it is not there."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, (1, 1))


def read_yaml(file: str, content: str | bytes) -> Document:
    """Everything the file says and every fault YAML-wise; never raises for what is in the file."""
    document = Document(file)
    text = _to_text(document, content)
    if text is None:
        return document
    try:
        _guard(document, text)
        node = CSafeLoader(text).get_single_node()
        if node is None:
            document.add("the file is empty; it needs at least `version: 1` and `teams:`", (1, 1))
        else:
            document.data = _Walk(document).value(node, ())
    except _TooMuchError:
        document.data = None
    except yaml.YAMLError as error:
        document.problems = [_to_problem(document, text, error)]
    return document


def _to_text(document: Document, content: str | bytes) -> str | None:
    if len(content) > MAX_BYTES:
        document.add(f"the file is larger than {MAX_BYTES // 1024} KiB; give each team its own file", (1, 1))
        return None
    if isinstance(content, str):
        return content.removeprefix("\ufeff")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
        document.add(f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8", place)
        return None


def _guard(document: Document, text: str) -> None:
    """Depth and tags, from events: building nodes of a very deep file ends the process (seen with PyYAML 6.0.3)."""
    depth = 0
    for event in yaml.parse(text, Loader=CSafeLoader):
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
            if depth > MAX_DEPTH:
                document.add("nested too deep", _place(event.start_mark))
                raise _TooMuchError
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1
        tag = getattr(event, "tag", None)  # only some kinds of events have one
        if tag is not None:
            document.add(f"YAML tags such as `{tag}` are not used here; remove it", _place(event.start_mark))


class _Walk:
    """Nodes → data, noting places and faults; counts what it builds so that aliases can't explode."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._built = 0

    def value(self, node: Node, path: Path) -> Any:
        self._count(node, len(path))
        self._document.values[path] = _place(node.start_mark)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode), node  # noqa: S101 - YAML has no fourth kind
        return self._scalar(node)

    def _count(self, node: Node, depth: int) -> None:
        self._built += 1
        if self._built > MAX_VALUES or depth > MAX_DEPTH:
            self._document.add("aliases repeat too much here; write the values out", _place(node.start_mark))
            raise _TooMuchError

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        own: dict[str, int] = {}
        for key_node, value_node, merged in self._pairs(node, 0):
            place = _place(key_node.start_mark)
            key = self._key(key_node)
            if key is None or (merged and key in data):
                continue
            if key in own and not merged:
                self._document.add(f"`{key}` is here twice, first on line {own[key]}; keep one", place)
                continue
            if not merged:
                own[key] = place[0]
            self._document.keys[(*path, key)] = place
            data[key] = self.value(value_node, (*path, key))
            if data[key] is None:
                self._document.add(f"`{key}` has no value; write one or remove the key", place)
                del data[key]
        return data

    def _pairs(self, node: MappingNode, depth: int) -> Iterator[tuple[Node, Node, bool]]:
        """Own pairs first, then those of `<<`, which never override."""
        self._count(node, depth)
        merges = [value for key, value in node.value if key.tag == f"{_TAG}merge"]
        for key, value in node.value:
            if key.tag != f"{_TAG}merge":
                yield key, value, depth > 0
        for source in merges:
            for mapping in source.value if isinstance(source, SequenceNode) else [source]:
                if isinstance(mapping, MappingNode):
                    yield from self._pairs(mapping, depth + 1)
                else:
                    self._document.add("`<<` merges mappings only", _place(source.start_mark))

    def _key(self, node: Node) -> str | None:
        if not isinstance(node, ScalarNode):
            self._document.add("a key must be a word, not a list or mapping", _place(node.start_mark))
            return None
        kind = node.tag.removeprefix(_TAG)
        if kind in _READ_AS and not node.style:
            self._document.add(_trap(node.value, kind, instead=""), _place(node.start_mark))
        return str(node.value)

    def _scalar(self, node: ScalarNode) -> Any:
        """Only what reads the same to people, YAML 1.1 and YAML 1.2 keeps its type; the rest asks for quotes."""
        kind, text = node.tag.removeprefix(_TAG), node.value
        if node.style or kind not in _READ_AS:
            return text
        if kind == "null":
            return None
        if kind == "bool" and text in _TRUTH:
            return _TRUTH[text]
        if kind == "int" and _DECIMAL.fullmatch(text):
            return int(text)
        if kind == "timestamp" and re.fullmatch(MOMENT_PATTERN, text):  # as exact as its text
            return text
        instead = "write `true` or `false`, or " if kind == "bool" else ""
        self._document.add(_trap(text, kind, instead=instead), _place(node.start_mark))
        return text


def _trap(text: str, kind: str, *, instead: str) -> str:
    shown = text if len(text) <= 40 else f"{text[:37]}…"
    return f'YAML reads `{shown}` as {_READ_AS[kind]}; {instead}put it in quotes: "{shown}"'


def _to_problem(document: Document, text: str, error: yaml.YAMLError) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark or error.context_mark):
        line, column = _place(mark)
        return Problem(document.file, line, column, _explain(text, line, column, error))
    # A character that YAML forbids: the reader only knows its offset.
    before = text[: int(getattr(error, "position", 0))]
    place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
    return Problem(document.file, *place, "a control character that YAML does not allow; remove it")


def _explain(text: str, line: int, column: int, error: yaml.MarkedYAMLError) -> str:
    lines = text.splitlines()
    here = lines[line - 1] if line <= len(lines) else ""
    if here[column - 1 : column] == "\t":
        return "a tab; YAML is indented with spaces"
    if "expected a single document" in str(error.context):
        return "a second document (`---`); keep one document a file"
    said = ", ".join(part for part in (error.context, error.problem) if part)
    return f"not valid YAML: {said}"


def _place(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1
