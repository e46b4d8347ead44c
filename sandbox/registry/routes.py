"""The distribution protocol's paths, answered as Debian's registry answers them."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.registry.auth import Action, Gate
from sandbox.registry.errors import RegistryError
from sandbox.registry.store import DIGEST, INDEXES, Store
from sandbox.registry.uploads import Uploads

_MANIFEST_LIMIT = 4 * 1024 * 1024
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(frozen=True, slots=True)
class Protocol:
    """Handlers below `/v2/`; `blob_address` tells where a blob is fetched from when that is another server."""

    store: Store
    gate: Gate
    blob_address: Callable[[str, str], str | None]

    def add_to(self, app: web.Application) -> None:
        uploads = Uploads(self.store)
        app.middlewares.append(self.guard)
        add = app.router
        add.add_get("/v2/", _base)
        add.add_get("/v2/_catalog", self.catalog)
        add.add_get("/v2/{name:.+}/tags/list", self.tags)
        add.add_get("/v2/{name:.+}/manifests/{reference}", self.read_manifest)
        add.add_put("/v2/{name:.+}/manifests/{reference}", self.write_manifest)
        add.add_delete("/v2/{name:.+}/manifests/{reference}", self.delete_manifest)
        add.add_post("/v2/{name:.+}/blobs/uploads/", uploads.begin)
        add.add_get("/v2/{name:.+}/blobs/uploads/{number}", uploads.tell)
        add.add_patch("/v2/{name:.+}/blobs/uploads/{number}", uploads.append)
        add.add_put("/v2/{name:.+}/blobs/uploads/{number}", uploads.finish)
        add.add_delete("/v2/{name:.+}/blobs/uploads/{number}", uploads.cancel)
        add.add_get("/v2/{name:.+}/blobs/{digest}", self.read_blob)

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Who asks, and errors in the protocol's words."""
        try:
            if request.path.startswith("/v2/"):
                action: Action = "pull" if request.method in {"GET", "HEAD"} else "push"
                self.gate.check(request, request.match_info.get("name", ""), action)
            response = await handler(request)
        except RegistryError as error:
            response = error.to_response()
        response.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
        return response

    async def catalog(self, _: web.Request) -> web.Response:
        return web.json_response({"repositories": sorted(self.store.repositories)})

    async def tags(self, request: web.Request) -> web.Response:
        """Pages as the specification has them: `n` a page, `last` the one before."""
        name = request.match_info["name"]
        after = [tag for tag in self.store.tags(name) if tag > request.query.get("last", "")]
        size = request.query.get("n", "")
        page = after[: int(size)] if size.isdigit() else after
        headers = {}
        if page and len(page) < len(after):
            headers["Link"] = f'</v2/{name}/tags/list?n={size}&last={page[-1]}>; rel="next"'
        return web.json_response({"name": name, "tags": page}, headers=headers)

    async def read_manifest(self, request: web.Request) -> web.Response:
        manifest = self.store.manifest(request.match_info["name"], request.match_info["reference"])
        if request.headers.get("If-None-Match", "").strip('"') == manifest.digest:
            return web.Response(status=304)
        if manifest.media_type not in _accepted(request):
            # Not 406, and no `*/*`: what Debian's registry (distribution 2.8) says to a client that cannot read it.
            kind = "index" if manifest.media_type in INDEXES else "manifest"
            message = f"OCI {kind} found, but accept header does not support it"
            raise RegistryError(404, "MANIFEST_UNKNOWN", message)
        headers = {
            "Content-Type": manifest.media_type,
            "Docker-Content-Digest": manifest.digest,
            "ETag": f'"{manifest.digest}"',
        }
        return web.Response(body=manifest.body, headers=headers)

    async def write_manifest(self, request: web.Request) -> web.Response:
        body = await request.read()
        if len(body) > _MANIFEST_LIMIT:
            raise RegistryError(400, "MANIFEST_INVALID", "manifest invalid: larger than 4 MiB")
        name, reference = request.match_info["name"], request.match_info["reference"]
        manifest = self.store.put_manifest(name, reference, request.content_type, body)
        location = f"/v2/{name}/manifests/{manifest.digest}"
        return web.Response(status=201, headers={"Location": location, "Docker-Content-Digest": manifest.digest})

    async def delete_manifest(self, request: web.Request) -> web.Response:
        if not DIGEST.fullmatch(request.match_info["reference"]):
            raise RegistryError(405, "UNSUPPORTED", "a manifest is deleted by its digest")
        self.store.delete_manifest(request.match_info["name"], request.match_info["reference"])
        return web.Response(status=202)

    async def read_blob(self, request: web.Request) -> web.Response:
        name, digest = request.match_info["name"], request.match_info["digest"]
        body = self.store.blob(name, digest)
        if (address := self.blob_address(name, digest)) and request.method == "GET":
            return web.Response(status=307, headers={"Location": address})
        return blob_response(request, body, digest)


async def _base(_: web.Request) -> web.Response:
    return web.json_response({})


def _accepted(request: web.Request) -> set[str]:
    """Media types of all Accept lines, without their parameters."""
    lines = ",".join(request.headers.getall("Accept", []))
    return {part.partition(";")[0].strip() for part in lines.split(",")}


def blob_response(request: web.Request, body: bytes, digest: str) -> web.Response:
    """Whole, or the one range that was asked for (containerd continues broken downloads that way)."""
    headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest, "Accept-Ranges": "bytes"}
    span = _RANGE.fullmatch(request.headers.get("Range", ""))
    if span is None:
        return web.Response(body=body, headers=headers)
    first, last = int(span[1]), min(int(span[2] or len(body) - 1), len(body) - 1)
    if first > last:
        raise RegistryError(416, "RANGE_INVALID", "invalid content range")
    headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
    return web.Response(status=206, body=body[first : last + 1], headers=headers)
