"""Holds the emulated GitHub to GitHub's own description: requests, answers and webhooks, by operation id.

The schemas come from `tests/contract/github/schema/`; they are compiled when first needed (10-20 ms each).
"""

import copy
import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs

from tests.contract.known_deviations import KNOWN_DEVIATIONS

DATA = Path(__file__).parent / "github"
SLICE = DATA / "schema" / "github-slice.openapi30.json"
BASE_VERSION = "2022-11-28"
NEXT_VERSION = "2026-03-10"
METHODS = ("get", "post", "put", "patch", "delete")

# GitHub's description is silent on errors (2 of 106 operations document 401, none 429); these may always come.
ERRORS_EVERYWHERE = {400, 401, 403, 404, 405, 409, 422, 429}
BARE_EVERYWHERE = {304}
REDIRECTS = {301, 307}


def to_2020(node: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema 2020-12: for this slice only `nullable` differs."""
    if isinstance(node, list):
        return [to_2020(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: to_2020(value) for key, value in node.items()}
    if node.get("nullable") is not True:
        return node
    del node["nullable"]
    if not isinstance(node.get("type"), str):
        return {"anyOf": [node, {"type": "null"}]}
    node["type"] = [node["type"], "null"]
    if "enum" in node and None not in node["enum"]:
        node["enum"] = [*node["enum"], None]
    return node


def with_breaking_changes(node: Any, version: str) -> Any:
    """The description as of `version`: each change is a JSON merge patch or a JSON patch.

    A property that a patch takes away becomes forbidden, not merely unknown, so that showing it is a violation.
    """
    if isinstance(node, list):
        return [with_breaking_changes(item, version) for item in node]
    if not isinstance(node, dict):
        return node
    patched = {key: value for key, value in node.items() if key != "x-github-breaking-changes"}
    for change in node.get("x-github-breaking-changes", []):
        if change["version"] == version:
            patch = change["patch"]
            patched = _json_patch(patched, patch) if isinstance(patch, list) else _merge_patch(patched, patch)
    return {key: with_breaking_changes(value, version) for key, value in patched.items()}


@functools.cache
def load(version: str) -> dict[str, Any]:
    """The whole slice for one API version."""
    document: dict[str, Any] = json.loads(SLICE.read_text())
    return document if version == BASE_VERSION else with_breaking_changes(document, version)


@functools.cache
def operations(version: str = BASE_VERSION) -> dict[str, dict[str, Any]]:
    """Operation id to operation, with `method` and `path` added."""
    return {
        item[method]["operationId"]: item[method] | {"method": method.upper(), "path": path}
        for path, item in load(version)["paths"].items()
        for method in METHODS
        if method in item
    }


@functools.cache
def _components(version: str) -> dict[str, Any]:
    return {"schemas": to_2020(load(version)["components"]["schemas"])}


@functools.cache
def _compiled(version: str, pointer: str, *, strict: bool) -> Any:
    schema = to_2020(_at(load(version), pointer))
    if strict:
        schema = close_objects(schema)
    return jsonschema_rs.Draft202012Validator({**schema, "components": _components(version)}, validate_formats=True)


def close_objects(schema: Any) -> Any:
    """Request bodies only: a key that the description does not name is refused."""
    if isinstance(schema, list):
        return [close_objects(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: close_objects(value) for key, value in schema.items()}
    if isinstance(closed.get("properties"), dict) and "additionalProperties" not in closed:
        closed["additionalProperties"] = False
    return closed


class ContractValidator:
    """Collects `violations` as sentences; `version` is checked only when a request names none of the known."""

    def __init__(self, version: str = BASE_VERSION) -> None:
        self.version = version
        self.violations: list[str] = []
        self.seen: set[str] = set()

    def request(
        self, *, operation: str, version: str, query: Mapping[str, str], body: Any | None, has_body: bool
    ) -> None:
        version = self._known(version)
        described = operations(version).get(operation)
        if described is None:
            self._note(f"request {operation}: no such operation in the description")
            return
        self.seen.add(operation)
        self._check_query(operation, version, described, query)
        schema = described.get("requestBody", {}).get("content", {}).get("application/json")
        if schema is None:
            if has_body and body not in ({}, None):
                self._note(f"request {operation}: has a body, but takes none")
            return
        if not has_body:
            if described["requestBody"].get("required"):
                self._note(f"request {operation}: has no body")
            return
        pointer = f"{_pointer(described)}/requestBody/content/application~1json/schema"
        self._check(f"request {operation}", _compiled(version, pointer, strict=True), body)

    def answer(self, *, operation: str, version: str, status: int, body: Any | None) -> None:
        version = self._known(version)
        described = operations(version).get(operation)
        if described is None:
            self._note(f"answer {operation}: no such operation in the description")
            return
        where = f"answer {operation} {status}"
        response = described["responses"].get(str(status))
        if response is None or status in ERRORS_EVERYWHERE | BARE_EVERYWHERE | REDIRECTS:
            self._check_common(where, status, body)
            if response is None:
                return
        pointer = f"{_pointer(described)}/responses/{status}"
        if "$ref" in response:
            pointer = response["$ref"].removeprefix("#")
        if "application/json" not in _at(load(version), pointer).get("content", {}):
            if body is not None and status < 300 and status != 202:
                self._note(f"{where}: has a body, but none is described")
            return
        self._check(where, _compiled(version, f"{pointer}/content/application~1json/schema", strict=False), body)

    def webhook(self, *, event: str, action: str | None, payload: Any, version: str) -> None:
        name = f"{event}-{action}".replace("_", "-") if action else event.replace("_", "-")
        version = self._known(version)
        if name not in load(version)["x-webhooks"]:
            self._note(f"webhook {name}: not in the description")
            return
        self.seen.add(f"webhook {name}")
        pointer = f"/x-webhooks/{name}/post/requestBody/content/application~1json/schema"
        self._check(f"webhook {name}", _compiled(version, pointer, strict=False), payload)

    def unknown_route(self, *, method: str, path: str) -> None:
        self._note(f"request {method} {path}: no operation answers this")

    def _check_query(
        self, operation: str, version: str, described: Mapping[str, Any], query: Mapping[str, str]
    ) -> None:
        known = {}
        for parameter in described.get("parameters", []):
            found = _at(load(version), parameter["$ref"].removeprefix("#")) if "$ref" in parameter else parameter
            if found["in"] == "query":
                known[found["name"]] = found.get("schema", {})
        for name, value in query.items():
            if name not in known:
                self._note(f"request {operation}: unknown query parameter {name}")
            elif "enum" in known[name] and value not in known[name]["enum"]:
                self._note(f"request {operation}: query {name}={value} is not one of {known[name]['enum']}")
            elif known[name].get("type") == "integer" and not value.isdigit():
                self._note(f"request {operation}: query {name}={value} is not a number")

    def _check_common(self, where: str, status: int, body: Any | None) -> None:
        if status in BARE_EVERYWHERE:
            return
        if status not in ERRORS_EVERYWHERE | REDIRECTS:
            self._note(f"{where}: this status is not described")
        elif not isinstance(body, dict) or not isinstance(body.get("message"), str):
            self._note(f"{where}: an error without a message")

    def _check(self, where: str, validator: Any, instance: Any) -> None:
        for error in validator.iter_errors(instance):
            path = "/" + "/".join(str(part) for part in error.instance_path)
            if any(known.covers(where, path) for known in KNOWN_DEVIATIONS):
                continue
            self._note(f"{where}: {path}: {error.message[:150]} .. {error.message[-150:]}")

    def _known(self, version: str) -> str:
        return version if version in {BASE_VERSION, NEXT_VERSION} else self.version

    def _note(self, sentence: str) -> None:
        if sentence not in self.violations:
            self.violations.append(sentence)


def _pointer(described: Mapping[str, Any]) -> str:
    path = described["path"].replace("~", "~0").replace("/", "~1")
    return f"/paths/{path}/{described['method'].lower()}"


def _at(document: Any, pointer: str) -> Any:
    for part in pointer.strip("/").split("/"):
        document = document[part.replace("~1", "/").replace("~0", "~")]
    return document


def _merge_patch(target: Any, patch: Any, key: str = "") -> Any:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None and key == "properties":
            merged[name] = False
        elif value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merge_patch(merged.get(name), value, name)
    return merged


def _json_patch(target: dict[str, Any], patch: list[dict[str, Any]]) -> dict[str, Any]:
    """Only `remove` occurs in the slice."""
    patched = copy.deepcopy(target)
    for step in patch:
        if step["op"] != "remove":
            raise NotImplementedError(step["op"])
        parent, _, last = step["path"].rpartition("/")
        holder = _at(patched, parent)
        if isinstance(holder, list):
            del holder[int(last)]
        else:
            holder[last] = False
    return patched
