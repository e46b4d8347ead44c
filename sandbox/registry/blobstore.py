"""A blob store beside the registry, on its own port: signed addresses, and no patience with a second login."""

import hashlib
import hmac
import secrets

from aiohttp import web

from sandbox.registry.errors import RegistryError
from sandbox.registry.routes import blob_response
from sandbox.registry.store import Store


class BlobStore:
    """As object stores do: 400 when a signed address comes with an Authorization header, 403 without a signature."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._key = secrets.token_bytes(16)
        self.url = ""
        """Set when it is started; until then blobs come from the registry itself."""

    def address(self, name: str, digest: str) -> str | None:
        path = f"/{name}/{digest}"
        return f"{self.url}{path}?X-Signature={self._sign(path)}" if self.url else None

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/{name:.+}/{digest}", self._read)
        return app

    async def _read(self, request: web.Request) -> web.Response:
        if "Authorization" in request.headers:
            return web.Response(status=400, text="<Error><Code>InvalidArgument</Code></Error>")
        if not hmac.compare_digest(request.query.get("X-Signature", ""), self._sign(request.path)):
            return web.Response(status=403, text="<Error><Code>SignatureDoesNotMatch</Code></Error>")
        digest = request.match_info["digest"]
        try:
            return blob_response(request, self._store.blob(request.match_info["name"], digest), digest)
        except RegistryError as error:
            return error.to_response()

    def _sign(self, path: str) -> str:
        return hmac.new(self._key, path.encode(), hashlib.sha256).hexdigest()
