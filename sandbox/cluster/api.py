"""The API server's HTTP face: reads the request, asks who it is, calls the store, answers as Kubernetes does."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any, Final

from aiohttp import ClientConnectionResetError, web

from sandbox.cluster import discovery, logs
from sandbox.cluster.answers import (
    ApiError,
    bad_request,
    invalid,
    no_such_stage,
    not_found,
    to_warning,
    wrong_uid,
)
from sandbox.cluster.auth import Tokens, User, check, check_path
from sandbox.cluster.clock import Clock
from sandbox.cluster.documents import Obj, uid_of
from sandbox.cluster.faults import Fault, Faults, Request
from sandbox.cluster.lister import Lister
from sandbox.cluster.node.kubelet import Kubelet
from sandbox.cluster.patch import apply_patch
from sandbox.cluster.paths import Address, to_address
from sandbox.cluster.query import Query
from sandbox.cluster.resources import NAMESPACES, PODS
from sandbox.cluster.store import Store
from sandbox.cluster.watch import follow
from sandbox.cluster.writes import Writes

_VERBS: Final = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_WRITES: Final = ("create", "update", "patch")
_COLLECTIONS: Final = ("/api/v1/", "/apis/")
_HEALTH: Final = ("/readyz", "/healthz", "/livez")


class Api:
    """One handler for every path."""

    def __init__(self, *, writes: Writes, kubelet: Kubelet, tokens: Tokens, faults: Faults, clock: Clock) -> None:
        self._writes = writes
        self._store: Store = writes.store
        self._lister = Lister(writes.store)
        self._kubelet = kubelet
        self._tokens = tokens
        self._faults = faults
        self._clock = clock

    async def handle(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except ApiError as error:
            return web.json_response(error.status, status=error.code)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        user = self._tokens.user(request.headers.get("Authorization"))
        path = request.path
        if path == discovery.ACCESS_REVIEW and request.method == "POST":
            return web.json_response(discovery.review_access(user, await _body(request)), status=201)
        if path in _HEALTH or discovery.document(path) is not None:
            return await self._simple(request, user)
        if not path.startswith(_COLLECTIONS):
            check_path(user, request.method.lower(), path)
        address = to_address(path)
        query = Query.parse(address.resource, request.query, name=address.name)
        verb = _verb(request.method, address, query)
        check(
            user, "list" if verb == "list" else verb, address.resource, address.subresource, address.scope, address.name
        )
        asked = Request(
            method=request.method,
            path=path,
            verb=verb,
            resource=address.resource.plural,
            namespace=address.namespace or "",
            name=address.name,
        )
        fault = self._faults.take(asked)
        early = await self._before(request, fault)
        if early is not None:
            return early
        answer = await self._serve(request, verb, address, query, fault)
        if fault is not None and fault.kind == "abort-after":
            _abort(request)
        return answer

    async def _simple(self, request: web.Request, user: User) -> web.StreamResponse:
        check_path(user, request.method.lower(), request.path)
        early = await self._before(
            request, self._faults.take(Request(method=request.method, path=request.path, verb="get"))
        )
        if early is not None:
            return early
        if request.path in _HEALTH:
            return web.Response(text="ok")
        return web.json_response(discovery.document(request.path))

    async def _before(self, request: web.Request, fault: Fault | None) -> web.Response | None:
        """What a fault does before anything is read or changed."""
        match fault:
            case Fault(kind="status"):
                return web.json_response(fault.to_status(), status=fault.code, headers=fault.headers)
            case Fault(kind="text"):
                page = f"<html><body><h1>{fault.code} {fault.message}</h1></body></html>"
                return web.Response(text=page, status=fault.code, content_type="text/html", headers=fault.headers)
            case Fault(kind="abort"):
                _abort(request)
            case Fault(kind="slow"):
                await asyncio.sleep(fault.seconds)
        return None

    async def _serve(
        self, request: web.Request, verb: str, address: Address, query: Query, fault: Fault | None
    ) -> web.StreamResponse:
        if address.subresource == "log":
            pod = self._find(address)
            return web.Response(text=logs.read(pod, self._kubelet.reports(uid_of(pod)), request.query))
        if verb == "watch":
            return await self._watch(request, address, query, fault)
        document = self._document(request, verb, address, query, await _body(request))
        answer = web.json_response(document, status=201 if verb == "create" else 200)
        if verb in _WRITES and not address.subresource:
            for text in self._writes.warnings(address.resource, document):
                answer.headers.add("Warning", to_warning(text))
        return answer

    def _document(self, request: web.Request, verb: str, address: Address, query: Query, body: Any) -> Obj:
        match verb:
            case "list":
                return self._lister.page(address.resource, address.namespace, query)
            case "get":
                return self._find(address)
            case "create":
                return self._create(request, address, body)
            case "delete":
                return self._delete(request, address, body)
            case _:
                return self._change(request, verb, address, body)

    def _find(self, address: Address) -> Obj:
        obj = self._store.get(address.resource, *address.key)
        if obj is None:
            raise not_found(address.resource, address.name)
        return obj

    def _create(self, request: web.Request, address: Address, body: Any) -> Obj:
        if not isinstance(body, dict):
            raise bad_request("the body of a create request is an object")
        info = body.setdefault("metadata", {})
        if address.namespace is not None and info.setdefault("namespace", address.namespace) != address.namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        return self._writes.create(address.resource, body, manager=_manager(request), dry_run=_is_dry(request))

    def _change(self, request: web.Request, verb: str, address: Address, body: Any) -> Obj:
        new = body
        if verb == "patch":
            new = self._patched(self._find(address), address, body, request.content_type)
        elif not isinstance(body, dict):
            raise bad_request("the body of an update request is an object")
        new.setdefault("metadata", {}).setdefault("name", address.name)
        if address.namespace is not None:
            new["metadata"].setdefault("namespace", address.namespace)
        if (new["metadata"]["name"], new["metadata"].get("namespace", "")) != (address.name, address.namespace or ""):
            raise bad_request("the name of the object does not match the name on the URL")
        return self._writes.update(
            address.resource,
            new,
            manager=_manager(request),
            subresource=address.subresource,
            dry_run=_is_dry(request),
        )

    def _patched(self, held: Obj, address: Address, body: Any, kind: str) -> Obj:
        new = apply_patch(held, body, kind)
        wanted = new.get("metadata", {}).get("uid", uid_of(held))
        if wanted != uid_of(held):
            cause = ("metadata.uid", "FieldValueInvalid", f'Invalid value: "{wanted}": field is immutable')
            raise invalid(address.resource, address.name, [cause])
        return new

    def _delete(self, request: web.Request, address: Address, body: Any) -> Obj:
        options: Obj = body if isinstance(body, dict) else {}
        obj = self._find(address)
        wanted = options.get("preconditions", {}).get("uid", uid_of(obj))
        if wanted != uid_of(obj):
            raise wrong_uid(address.resource, address.name, wanted, uid_of(obj))
        grace = request.query.get("gracePeriodSeconds", options.get("gracePeriodSeconds"))
        if not _is_dry(request):
            obj = self._writes.delete(address.resource, *address.key, grace=None if grace is None else int(grace))
        if address.resource in {PODS, NAMESPACES}:
            return obj
        group = {"group": address.resource.group} if address.resource.group else {}
        details = {"name": address.name, **group, "kind": address.resource.plural, "uid": uid_of(obj)}
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}

    async def _watch(
        self, request: web.Request, address: Address, query: Query, fault: Fault | None
    ) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        with suppress(ClientConnectionResetError):  # the client was killed: nobody is left to tell
            await answer.prepare(request)
            await self._send_changes(answer, request, address, query, fault)
        return answer

    async def _send_changes(
        self, answer: web.StreamResponse, request: web.Request, address: Address, query: Query, fault: Fault | None
    ) -> None:
        async for line in follow(self._store, self._clock, address.resource, address.namespace, query):
            if fault is not None and fault.kind == "cut":
                await answer.write(line[: len(line) // 2])
                await asyncio.sleep(0.05)  # so that the half line leaves before the connection breaks
                _abort(request)
            await answer.write(line)
        await answer.write_eof()


def _verb(method: str, address: Address, query: Query) -> str:
    if method in {"GET", "HEAD"}:
        if query.watch:
            return "watch"
        return "get" if address.name else "list"
    if method not in _VERBS or bool(address.name) is (method == "POST"):
        raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})
    return _VERBS[method]


def _manager(request: web.Request) -> str:
    """`fieldManager`, else the first word of the User-Agent, as the API server guesses it."""
    named = request.query.get("fieldManager")
    return named or request.headers.get("User-Agent", "unknown").partition("/")[0]


def _is_dry(request: web.Request) -> bool:
    """Raises `ApiError` 422 for a stage that is not `All`."""
    stages = request.query.getall("dryRun", [])
    if stages and stages != ["All"]:
        raise no_such_stage(_VERBS[request.method], stages)
    return bool(stages)


def _abort(request: web.Request) -> None:
    """Break the connection as a dying proxy does; the handler ends here."""
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError("the sandbox was told to break this connection")


async def _body(request: web.Request) -> Any:
    raw = await request.read()
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError as error:
        raise bad_request(f"the object provided is unrecognized (must be of type JSON): {error}") from error
