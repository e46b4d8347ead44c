"""Blob uploads: whole in one request, or begun, continued and closed."""

import uuid
from typing import Any

from aiohttp import web

from sandbox.registry.errors import RegistryError
from sandbox.registry.store import DIGEST, Store, digest_of


class Uploads:
    """The open ones, each of one repository."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[tuple[str, str], bytearray] = {}

    async def begin(self, request: web.Request) -> web.Response:
        """POST: opens a session, mounts a blob of another repository, or takes the whole blob at once."""
        name, wished = request.match_info["name"], request.query
        if "mount" in wished and "from" in wished and (mounted := self._mount(name, wished["mount"], wished["from"])):
            return _created(name, mounted)
        if "digest" in wished:
            return self._store_blob(name, wished["digest"], await request.read())
        number = str(uuid.uuid4())
        self._open[name, number] = bytearray()
        return self._progress(name, number, status=202)

    async def append(self, request: web.Request) -> web.Response:
        """PATCH: the next piece, and only the next one."""
        name, number = _key(request)
        content = self._session(name, number)
        if (span := request.headers.get("Content-Range")) and not span.startswith(f"{len(content)}-"):
            raise RegistryError(416, "RANGE_INVALID", "invalid content range")
        content += await request.read()
        return self._progress(name, number, status=202)

    async def finish(self, request: web.Request) -> web.Response:
        """PUT: the last piece, perhaps empty, and the digest it all must have."""
        name, number = _key(request)
        content = self._session(name, number)
        body = bytes(content) + await request.read()
        response = self._store_blob(name, request.query.get("digest", ""), body)
        del self._open[name, number]
        return response

    async def tell(self, request: web.Request) -> web.Response:
        """GET: how far it is."""
        return self._progress(*_key(request), status=204)

    async def cancel(self, request: web.Request) -> web.Response:
        """DELETE."""
        self._session(*_key(request))
        del self._open[_key(request)]
        return web.Response(status=204)

    def _mount(self, name: str, digest: str, source: str) -> str | None:
        try:
            return self._store.put_blob(name, self._store.blob(source, digest))
        except RegistryError as error:
            if error.status == 404:
                return None
            raise

    def _store_blob(self, name: str, digest: str, body: bytes) -> web.Response:
        if not DIGEST.fullmatch(digest) or digest_of(body) != digest:
            raise RegistryError(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        return _created(name, self._store.put_blob(name, body))

    def _session(self, name: str, number: str) -> bytearray:
        if (name, number) not in self._open:
            raise RegistryError(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        return self._open[name, number]

    def _progress(self, name: str, number: str, *, status: int) -> web.Response:
        last = max(len(self._session(name, number)) - 1, 0)
        headers = {"Location": f"/v2/{name}/blobs/uploads/{number}", "Docker-Upload-UUID": number, "Range": f"0-{last}"}
        return web.Response(status=status, headers=headers)


def _key(request: web.Request) -> tuple[str, str]:
    matched: Any = request.match_info
    return matched["name"], matched["number"]


def _created(name: str, digest: str) -> web.Response:
    headers = {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest}
    return web.Response(status=201, headers=headers)
