"""Pulling images as containerd does: the registry is asked over HTTP, and its noes become the node's sentences."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from sandbox.cluster.documents import Obj
from sandbox.cluster.node.logins import Login, answer

_ACCEPT: Final = (
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"
)
_REFERENCE: Final = re.compile(
    r"(?P<host>[a-zA-Z0-9.-]+(?::\d+)?)/(?P<path>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)


class PullError(Exception):
    """Why a container waits; `reason` is the state's reason, the text its message."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """An image on the node."""

    name: str
    """What the container status calls it: `host/repo:tag`, or the configuration's digest when pulled by digest."""
    id: str
    """`host/repo@sha256:…` of the manifest or index; the repository may be another one with the same content."""
    config: Obj
    platform: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A parsed image name."""

    host: str
    path: str
    tag: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Raises `PullError` `InvalidImageName` for what no container runtime takes."""
        short = text if _has_host(text) else f"docker.io/{text if '/' in text else f'library/{text}'}"
        found = _REFERENCE.fullmatch(short)
        if found is None:
            shown = short.removeprefix("docker.io/")
            why = f"repository name ({shown}) must be lowercase" if shown != shown.lower() else ""
            why = f'couldn\'t parse image name "{text}": invalid reference format' + (f": {why}" if why else "")
            raise PullError("InvalidImageName", f'Failed to apply default image tag "{text}": {why}')
        parts = found.groupdict(default="")
        tag = parts["tag"] or ("" if parts["digest"] else "latest")
        return cls(host=parts["host"], path=parts["path"], tag=tag, digest=parts["digest"])

    @property
    def asked(self) -> str:
        """What the registry is asked for; a tag beside a digest is ignored."""
        return self.digest or self.tag

    @property
    def name(self) -> str:
        joint = "@" if self.digest else ":"
        return f"{self.host}/{self.path}{joint}{self.asked}"


class _Asking:
    """Reads from one repository, logging in when the registry asks for it."""

    def __init__(self, reference: Reference, session: aiohttp.ClientSession, base: str, login: Login) -> None:
        self._reference = reference
        self._session = session
        self._base = f"{base}/v2/{reference.path}"
        self._login = login
        self._headers = {"Accept": _ACCEPT}

    async def get(self, what: str) -> bytes:
        """Raises `PullError`."""
        url = f"{self._base}/{what}"
        async with self._session.get(url, headers=self._headers) as first:
            if first.status == 200:
                return await first.read()
            if first.status != 401:
                raise _refused(self._reference, url, first)
            self._headers |= await answer(self._session, first.headers.get("WWW-Authenticate", ""), self._login)
        async with self._session.get(url, headers=self._headers) as second:
            if second.status == 200:
                return await second.read()
            raise _refused(self._reference, url, second)


class ImagePuller:
    """The node's images. `locate` gives the base URL of a registry host."""

    def __init__(self, locate: Callable[[str], str], *, architecture: str = "amd64") -> None:
        self._locate = locate
        self._architecture = architecture
        self._present: dict[str, Image] = {}
        self._ids: dict[str, set[str]] = {}
        self._session: aiohttp.ClientSession | None = None

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def present(self, name: str) -> Image | None:
        """The image if the node has it already."""
        return self._present.get(name)

    async def pull(self, name: str, login: Login) -> Image:
        """Raises `PullError`."""
        reference = Reference.parse(name)
        self._session = self._session or aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        try:
            image = await self._read(reference, self._session, login)
        except aiohttp.ClientConnectionError as error:
            raise _unreachable(reference, error) from error
        self._present[name] = image
        return image

    async def _read(self, reference: Reference, session: aiohttp.ClientSession, login: Login) -> Image:
        ask = _Asking(reference, session, self._locate(reference.host), login)
        digest, document = await self._manifest(ask, reference, reference.asked)
        if "manifests" in document:
            entry = self._fitting(reference, document["manifests"])
            _, document = await self._manifest(ask, reference, entry)
        config_digest = document["config"]["digest"]
        config = json.loads(await ask.get(f"blobs/{config_digest}"))
        # A node knows the same content once, and of the names it was pulled by it tells the alphabetically first.
        known = self._ids.setdefault(config_digest, set())
        known.add(f"{reference.host}/{reference.path}@{digest}")
        return Image(
            name=config_digest if reference.digest else reference.name,
            id=min(known),
            config=config.get("config", {}),
            platform=f"{config.get('os', '')}/{config.get('architecture', '')}",
            size=sum(int(layer["size"]) for layer in document.get("layers", [])),
        )

    async def _manifest(self, ask: _Asking, reference: Reference, asked: str) -> tuple[str, Any]:
        body = await ask.get(f"manifests/{asked}")
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if asked.startswith("sha256:") and asked != digest:
            text = f"failed to copy: failed to verify: unexpected digest {digest}, expected {asked}"
            raise PullError("ErrImagePull", _prefixed(reference, text))
        return digest, json.loads(body)

    def _fitting(self, reference: Reference, entries: list[Obj]) -> str:
        for entry in entries:
            platform = entry.get("platform", {})
            if (platform.get("os"), platform.get("architecture")) == ("linux", self._architecture):
                return str(entry["digest"])
        text = _prefixed(reference, "no match for platform in manifest: not found")
        raise PullError("ErrImagePull", f"rpc error: code = NotFound desc = {text}")


def _has_host(text: str) -> bool:
    first, slash, _ = text.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")


def _prefixed(reference: Reference, text: str) -> str:
    return f'failed to pull and unpack image "{reference.name}": {text}'


def _refused(reference: Reference, url: str, response: aiohttp.ClientResponse) -> PullError:
    if response.status == 404:
        text = _prefixed(reference, f"failed to resolve image: {reference.name}: not found")
        return PullError("ErrImagePull", f"rpc error: code = NotFound desc = {text}")
    if response.status == 401:
        why = "pull access denied, repository does not exist or may require authorization"
        why = f"{why}: {_challenge(response)}"
    else:
        status = f"{response.status} {response.reason or ''}".strip()
        why = f"unexpected status from HEAD request to {url}: {status}"
    return PullError("ErrImagePull", _prefixed(reference, f"failed to resolve image: {why}"))


def _challenge(response: aiohttp.ClientResponse) -> str:
    if response.headers.get("WWW-Authenticate", "").lower().startswith("basic"):
        return "authorization failed: no basic auth credentials"
    return "server message: insufficient_scope: authorization failed"


def _unreachable(reference: Reference, error: aiohttp.ClientConnectionError) -> PullError:
    what = f'Head "https://{reference.host}/v2/{reference.path}/manifests/{reference.asked}"'
    text = str(error) or "EOF"
    if isinstance(error, aiohttp.ClientConnectorError):
        address = reference.host if ":" in reference.host else f"{reference.host}:443"
        text = f"dial tcp {address}: connect: connection refused"
    return PullError(
        "ErrImagePull", _prefixed(reference, f"failed to resolve image: failed to do request: {what}: {text}")
    )
