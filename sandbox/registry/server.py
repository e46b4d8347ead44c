"""The registry as one object: start it, push to it, break it, look into it."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.registry.auth import Gate, Mode
from sandbox.registry.blobstore import BlobStore
from sandbox.registry.faults import Fault, Faults
from sandbox.registry.image import PLACEHOLDER, Behaviour, Format, build_image
from sandbox.registry.routes import Protocol
from sandbox.registry.store import Store, digest_of
from sandbox.registry.summary import ImageSummary, configs_of, list_images, platform_of

_LARGEST_BODY = 1024**3
_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that arrived: enough to check who was told what, without keeping secrets."""

    method: str
    path: str
    login: str
    """Scheme of its Authorization header, such as `Basic`; empty without one."""


class SandboxRegistry:
    """An OCI registry in memory.

    `users` may push and pull where `auth` asks; `identity_tokens` maps a token to its user; `realm` replaces the
    token service's address in challenges; with `redirect_blobs`, blobs are fetched from a second server.
    """

    def __init__(
        self,
        auth: Mode = "open",
        *,
        users: Mapping[str, str] | None = None,
        identity_tokens: Mapping[str, str] | None = None,
        anonymous_pull: bool = False,
        token_life: int = 300,
        realm: str | None = None,
        redirect_blobs: bool = False,
    ) -> None:
        self.store = Store()
        self.gate = Gate(
            auth,
            users=users or {},
            identity_tokens=identity_tokens or {},
            anonymous_pull=anonymous_pull,
            token_life=token_life,
            realm=realm,
        )
        self.requests: deque[Seen] = deque(maxlen=_REMEMBERED)
        self._faults = Faults()
        self._blob_store = BlobStore(self.store) if redirect_blobs else None
        self._runners: list[web.AppRunner] = []
        self._address = ("", 0)

    @property
    def host(self) -> str:
        """`127.0.0.1:5001`, the first part of an image's name."""
        return f"{self._address[0]}:{self._address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def app(self) -> web.Application:
        """Without a port of its own, to be mounted or tested; redirected blobs need `start`."""
        app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[self._remember, self._faults.middleware])
        Protocol(self.store, self.gate, self._blob_address).add_to(app)
        app.router.add_get("/token", self.gate.hand_out_token)
        app.router.add_post("/token", self.gate.hand_out_token)
        return app

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        self._address = (host, await self._serve(self.app(), host, port))
        if self._blob_store is not None:
            self._blob_store.url = f"http://{host}:{await self._serve(self._blob_store.app(), host, 0)}"
        return self

    async def aclose(self) -> None:
        while self._runners:
            await self._runners.pop().cleanup()

    def push(
        self,
        repository: str,
        tag: str,
        *,
        behaviour: Behaviour = "ok",
        version: str,
        labels: Mapping[str, str] | None = None,
        platforms: Sequence[str] = ("linux/amd64",),
        binary: Path | bytes | None = None,
        attestation: bool = False,
        image_format: Format = "oci",
    ) -> str:
        """Builds and stores an image, and returns the digest its tag names now. `repository` may begin with `host/`.

        `binary`, a static program or its path, becomes `/app`; without it only simulated nodes can run the image.
        """
        name = repository.removeprefix(f"{self.host}/")
        program = binary.read_bytes() if isinstance(binary, Path) else binary or PLACEHOLDER
        image = build_image(
            behaviour=behaviour,
            version=version,
            labels=labels or {},
            platforms=platforms,
            program=program,
            attestation=attestation,
            image_format=image_format,
        )
        for blob in image.blobs:
            self.store.put_blob(name, blob)
        stored = [self.store.put_manifest(name, digest_of(body), kind, body) for kind, body in image.manifests]
        return self.store.put_manifest(name, tag, stored[-1].media_type, stored[-1].body).digest

    def delete(self, repository: str, tag: str) -> None:
        """Takes the tag away; raises RegistryError (404) when there is none."""
        self.store.delete_tag(repository.removeprefix(f"{self.host}/"), tag)

    def images(self) -> list[ImageSummary]:
        """Every tag, newest first."""
        return list_images(self.store)

    def config(self, repository: str, reference: str, *, platform: str = "linux/amd64") -> dict[str, Any] | None:
        """The config of a tag's or digest's image for a platform, as a node reads it; raises RegistryError (404)."""
        name = repository.removeprefix(f"{self.host}/")
        manifest = self.store.manifest(name, reference)
        found = configs_of(self.store.repositories[name], manifest)
        return next((config for config in found if platform_of(config) == platform), None)

    def fail(self, fault: Fault) -> None:
        """Queues a fault; they are used up one request at a time."""
        self._faults.add(fault)

    def heal(self) -> None:
        """Forgets the faults that are left."""
        self._faults.clear()

    def down(self) -> None:
        """From now on every connection is cut."""
        self._faults.is_down = True

    def up(self) -> None:
        self._faults.is_down = False

    def _blob_address(self, name: str, digest: str) -> str | None:
        return self._blob_store.address(name, digest) if self._blob_store else None

    async def _serve(self, app: web.Application, host: str, port: int) -> int:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, host, port).start()
        address: tuple[str, int] = runner.addresses[0]
        return address[1]

    @web.middleware
    async def _remember(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        login = request.headers.get("Authorization", "").partition(" ")[0]
        self.requests.append(Seen(request.method, request.path, login))
        return await handler(request)
