"""What every request goes through: route, caller, limits, rights, body, handler, paging, version, cache headers."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from sandbox.github.contract import Validator
from sandbox.github.errors import RefusedError, not_found
from sandbox.github.model import Repository
from sandbox.github.rest.asking import Answer, Ask, Page
from sandbox.github.rest.auth import Caller, authorise, identify
from sandbox.github.rest.paging import cut, link_header
from sandbox.github.rest.routing import Route
from sandbox.github.rest.versions import DEFAULT_VERSION, VERSIONS, for_version
from sandbox.github.world import World

_BODY_METHODS = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass(kw_only=True)
class Incoming:
    """A request as it came. `path` is percent-encoded and without the base path."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(kw_only=True)
class Reply:
    """An answer ready to be sent."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Pipeline:
    """One request at a time, without waiting: the world never changes in the middle of an answer."""

    def __init__(self, world: World, validator: Validator | None) -> None:
        self._world = world
        self._validator = validator

    def run(self, incoming: Incoming, route: Route, params: dict[str, str]) -> tuple[Reply, str]:
        """The reply, and the name of the App that asked."""
        caller, version = Caller(name="anonymous"), _version(incoming)
        try:
            _check_agent(incoming)
            caller = identify(self._world, incoming.headers.get("Authorization"))
            answer = self._answer(incoming, route, params, caller, version)
        except RefusedError as refusal:
            answer = Answer(status=refusal.status, body=refusal.body(), headers=refusal.headers)
        return self._reply(incoming, route, caller, version, answer), caller.app.slug if caller.app else ""

    def _answer(self, incoming: Incoming, route: Route, params: dict[str, str], caller: Caller, version: str) -> Answer:
        if version not in VERSIONS:
            raise RefusedError(400, f"The API version {version} is not supported.")
        write = incoming.method != "GET"
        self._world.limits.charge(caller.name, operation=route.operation, write=write)
        repository = self._repository(params)
        if isinstance(repository, str):
            return self._moved(incoming, repository)
        authorise(route, caller, repository)
        body = self._parse(incoming, route, version)
        ask = Ask(
            world=self._world,
            operation=route.operation,
            method=incoming.method,
            params=params,
            query=incoming.query,
            body=body,
            app=caller.app,
            token=caller.token,
            repo=repository,
        )
        made = route.handler(ask)
        return made if isinstance(made, Answer) else self._paged(incoming, made, repository)

    def _repository(self, params: Mapping[str, str]) -> Repository | str | None:
        """The repository of the path; its id as text when it was renamed; None when the path names none."""
        if "owner" not in params or "repo" not in params:
            return None
        name = f"{params['owner']}/{params['repo']}"
        try:
            return self._world.repository(name)
        except RefusedError:
            moved = self._world.renames.get(name.lower())
            if moved is None:
                raise
            return str(moved)

    def _moved(self, incoming: Incoming, repository_id: str) -> Answer:
        """301 for reads, 307 for writes, to the address by id."""
        tail = incoming.path.split("/", 4)[4:]
        address = "/".join([f"{self._world.urls.api}/repositories/{repository_id}", *tail])
        if incoming.query:
            address += f"?{urlencode(incoming.query)}"
        read = incoming.method == "GET"
        message = "Moved Permanently" if read else "Temporary Redirect"
        body = {"message": message, "url": address, "documentation_url": "https://docs.github.com/rest"}
        return Answer(status=301 if read else 307, body=body, headers={"Location": address})

    def _parse(self, incoming: Incoming, route: Route, version: str) -> dict[str, Any]:
        raw, body, broken = incoming.body.strip(), None, False
        if raw and incoming.method in _BODY_METHODS:
            try:
                body = json.loads(raw)
            except ValueError:
                body, broken = raw.decode(errors="replace"), True
        if self._validator:
            self._validator.request(
                operation=route.operation,
                version=version,
                query=incoming.query,
                body=body,
                has_body=bool(raw),
            )
        if broken:
            raise RefusedError(400, "Problems parsing JSON")
        if body is not None and not isinstance(body, dict):
            raise RefusedError(400, "Body should be a JSON object")
        return body or {}

    def _paged(self, incoming: Incoming, page: Page, repository: Repository | None) -> Answer:
        items, number, last = cut(page.items, incoming.query)
        shown = [page.show(item) for item in items]
        path = incoming.path
        if repository:
            path = "/".join([f"/repositories/{repository.id}", *path.split("/", 4)[4:]])
        links = link_header(f"{self._world.urls.api}{path}", incoming.query, number=number, last=last)
        total = len(page.items) if page.total is None else page.total
        body = shown if page.key is None else {"total_count": total, page.key: shown, **page.extra}
        return Answer(body=body, headers={"Link": links} if links else {})

    def _reply(self, incoming: Incoming, route: Route, caller: Caller, version: str, answer: Answer) -> Reply:
        body = for_version(version, answer.body)
        if self._validator:
            self._validator.answer(operation=route.operation, version=version, status=answer.status, body=body)
        raw = b"" if body is None else json.dumps(body).encode()
        headers = self._headers(caller, version, route)
        reply = Reply(status=answer.status, headers=headers | answer.headers, body=raw)
        if body is not None:
            reply.headers["Content-Type"] = "application/json; charset=utf-8"
        if answer.status == 201 and isinstance(body, dict) and "url" in body:
            reply.headers["Location"] = str(body["url"])
        if incoming.method == "GET" and answer.status == 200:
            self._cache(incoming, caller, reply)
        return reply

    def _cache(self, incoming: Incoming, caller: Caller, reply: Reply) -> None:
        tag = f'W/"{hashlib.sha256(reply.body).hexdigest()}"'
        reply.headers |= {"ETag": tag, "Cache-Control": "private, max-age=60, s-maxage=60"}
        if incoming.headers.get("If-None-Match") == tag:
            reply.status, reply.body = 304, b""
            del reply.headers["Content-Type"]
            self._world.limits.refund(caller.name)
            reply.headers |= self._world.limits.headers(caller.name)

    def _headers(self, caller: Caller, version: str, route: Route) -> dict[str, str]:
        now = self._world.clock()
        headers = {
            "Server": "github.com",
            "Date": format_datetime(now, usegmt=True),
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-GitHub-Api-Version-Selected": version,
            "X-GitHub-Request-Id": f"E0A0:{self._world.long_id():X}:1:1:{int(now.timestamp()):X}",
            "Vary": "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With",
            "X-Content-Type-Options": "nosniff",
            **self._world.limits.headers(caller.name),
        }
        if route.access == "token":
            headers["X-Accepted-GitHub-Permissions"] = route.needs
        return headers


def unknown(path: str) -> Reply:
    """The 404 of an address that no operation has."""
    body = json.dumps(not_found().body() | {"path": path}).encode()
    return Reply(status=404, headers={"Content-Type": "application/json; charset=utf-8"}, body=body)


def _version(incoming: Incoming) -> str:
    return incoming.headers.get("X-GitHub-Api-Version") or DEFAULT_VERSION


def _check_agent(incoming: Incoming) -> None:
    if not incoming.headers.get("User-Agent"):
        raise RefusedError(
            403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header"
        )
