"""What a list or watch asks for: selectors, versions, pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from sandbox.cluster.answers import ApiError, bad_request
from sandbox.cluster.documents import Obj
from sandbox.cluster.resources import EVENTS, PODS, Resource

Match: TypeAlias = Callable[[Obj], bool]

_REQUIREMENT: Final = re.compile(r"\s*(!?[\w./-]+)\s*(?:(==|=|!=|\bin\b|\bnotin\b)\s*(\([^)]*\)|[\w.-]*))?\s*(?:,|$)")
_FIELDS: Final = {
    PODS: ("spec.nodeName", "status.phase", "spec.restartPolicy"),
    EVENTS: ("involvedObject.kind", "involvedObject.name", "involvedObject.uid", "involvedObject.namespace",
             "reason", "type"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """The list options of one request; `revision` 0 stands for "any", None for "newest"."""

    watch: bool
    revision: int | None
    timeout: float | None
    bookmarks: bool
    initial_events: bool
    limit: int
    token: str
    exact: bool
    matches: Match

    @classmethod
    def parse(cls, resource: Resource, values: Mapping[str, str], *, name: str = "") -> Query:
        """Raises `ApiError` 400."""
        labels = label_selector(values.get("labelSelector", ""))
        fields = field_selector(resource, values.get("fieldSelector", ""))
        return cls(
            watch=_truth(values.get("watch", "")),
            revision=_revision(values.get("resourceVersion", "")),
            timeout=float(_whole(values.get("timeoutSeconds", ""))) or None,
            bookmarks=_truth(values.get("allowWatchBookmarks", "")),
            initial_events=_truth(values.get("sendInitialEvents", "")),
            limit=_whole(values.get("limit", "")),
            token=values.get("continue", ""),
            exact=values.get("resourceVersionMatch") == "Exact",
            matches=lambda obj: labels(obj) and fields(obj) and (not name or obj["metadata"]["name"] == name),
        )


def label_selector(text: str) -> Match:
    """Equality, sets and existence, as `kubectl -l` takes them."""
    rules: list[Match] = []
    at = 0
    while at < len(text):
        found = _REQUIREMENT.match(text, at)
        if found is None:
            raise bad_request(f"unable to parse requirement: found '{text[at:]}', expected: identifier")
        rules.append(_requirement(*found.groups(default="")))
        at = found.end()
    return lambda obj: all(rule(obj) for rule in rules)


def field_selector(resource: Resource, text: str) -> Match:
    rules: list[tuple[str, bool, str]] = []
    for part in filter(None, text.split(",")):
        key, sign, value = re.split(r"(!=|==|=)", part, maxsplit=1)
        if key not in {"metadata.name", "metadata.namespace", *_FIELDS.get(resource, ())}:
            raise bad_request(f'"{key}" is not a known field selector: only "metadata.name", "metadata.namespace"')
        rules.append((key, sign != "!=", value))
    return lambda obj: all((_field(obj, key) == value) is wanted for key, wanted, value in rules)


def _requirement(key: str, operator: str, value: str) -> Match:
    values = {item.strip() for item in value.strip("()").split(",")}

    def label(obj: Obj) -> str | None:
        found: str | None = obj["metadata"].get("labels", {}).get(key.lstrip("!"))
        return found

    if operator in {"in", "notin"} and not value.startswith("("):
        raise bad_request(f"unable to parse requirement: found '{value}' expected: '('")
    match operator:
        case "":
            return lambda obj: (label(obj) is None) is key.startswith("!")
        case "=" | "==" | "in":
            return lambda obj: label(obj) in values
        case _:
            return lambda obj: label(obj) not in values


def _field(obj: Obj, path: str) -> str:
    value: object = obj
    for step in path.split("."):
        value = value.get(step, "") if isinstance(value, dict) else ""
    return str(value)


def _truth(text: str) -> bool:
    """Every spelling Go's strconv.ParseBool takes: kubernetes_asyncio sends `True`."""
    return text in {"1", "t", "T", "true", "TRUE", "True"}


def _whole(text: str) -> int:
    if text and not text.lstrip("-").isdecimal():
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text or 0)


def _revision(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal():
        why = f'Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        raise ApiError(500, "", f"resourceVersion: {why}")
    return int(text)
