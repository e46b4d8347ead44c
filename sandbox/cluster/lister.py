"""Lists in pages: what is left of a page's snapshot waits under its token."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from typing import Final

from sandbox.cluster.answers import bad_request, continue_too_old, list_too_old, too_large
from sandbox.cluster.documents import Obj
from sandbox.cluster.query import Query
from sandbox.cluster.resources import Resource
from sandbox.cluster.store import Store

_KEPT: Final = 200


@dataclass(frozen=True, slots=True)
class _Rest:
    revision: int
    items: list[Obj]


class Lister:
    """Answers list requests; all pages of a list show the version of its first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rests: dict[str, _Rest] = {}

    def page(self, resource: Resource, namespace: str | None, query: Query) -> Obj:
        """Raises `ApiError` 410 for an expired token or version, 504 for a version from the future, 400."""
        revision, items = self._begin(resource, namespace, query)
        info: Obj = {"resourceVersion": str(revision)}
        if query.limit and len(items) > query.limit:
            info["continue"] = self._keep(_Rest(revision, items[query.limit :]))
            info["remainingItemCount"] = len(items) - query.limit
            items = items[: query.limit]
        shown = [{key: value for key, value in item.items() if key not in {"kind", "apiVersion"}} for item in items]
        return {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": info, "items": shown}

    def _begin(self, resource: Resource, namespace: str | None, query: Query) -> tuple[int, list[Obj]]:
        if query.token:
            return self._continue(query.token)
        if query.revision and query.revision > self._store.revision:
            raise too_large(query.revision, self._store.revision)
        if query.exact and query.revision and query.revision < self._store.oldest:
            raise list_too_old()
        return self._store.revision, [obj for obj in self._store.list(resource, namespace) if query.matches(obj)]

    def _continue(self, token: str) -> tuple[int, list[Obj]]:
        try:
            json.loads(base64.urlsafe_b64decode(token))
        except ValueError as error:
            raise bad_request(f"invalid continue token: continue key is not valid: {error}") from error
        rest = self._rests.get(token)
        if rest is None or rest.revision < self._store.oldest:
            raise continue_too_old()
        return rest.revision, rest.items

    def _keep(self, rest: _Rest) -> str:
        content = {"v": "meta.k8s.io/v1", "rv": rest.revision, "start": secrets.token_hex(8)}
        token = base64.urlsafe_b64encode(json.dumps(content).encode()).decode()
        self._rests[token] = rest
        while len(self._rests) > _KEPT:
            del self._rests[next(iter(self._rests))]
        return token
