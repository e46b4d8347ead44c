"""Pushes built images over the wire, to any registry, as docker and buildah do."""

import base64
from dataclasses import dataclass

import aiohttp

from sandbox.registry.image import BuiltImage
from sandbox.registry.store import digest_of

USER, PASSWORD = "ci", "s3cret-pa55"
IDENTITY_TOKEN = "identity-t0ken"


def basic(user: str = USER, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Pusher:
    """`token_url` is set where the registry wants tokens, `login` where it wants any."""

    host: str
    login: str | None = None
    token_url: str | None = None
    service: str = ""

    async def push(self, repository: str, tag: str, image: BuiltImage) -> str:
        """Returns the digest the registry gave the tag's manifest."""
        async with aiohttp.ClientSession(f"http://{self.host}", headers=await self.headers(repository)) as session:
            for blob in image.blobs:
                await self._blob(session, repository, blob)
            digest = ""
            for number, (kind, body) in enumerate(image.manifests, start=1):
                reference = tag if number == len(image.manifests) else digest_of(body)
                digest = await self.manifest(session, repository, reference, kind, body)
            return digest

    async def headers(self, repository: str) -> dict[str, str]:
        if self.token_url is None:
            return {"Authorization": self.login} if self.login else {}
        query = {"service": self.service, "scope": f"repository:{repository}:pull,push"}
        headers = {"Authorization": self.login or ""}
        async with (
            aiohttp.ClientSession() as session,
            session.get(self.token_url, params=query, headers=headers) as answer,
        ):
            return {"Authorization": f"Bearer {(await answer.json())['token']}"}

    async def manifest(
        self, session: aiohttp.ClientSession, repository: str, reference: str, kind: str, body: bytes
    ) -> str:
        path = f"/v2/{repository}/manifests/{reference}"
        async with session.put(path, data=body, headers={"Content-Type": kind}) as answer:
            assert answer.status == 201, await answer.text()
            return answer.headers["Docker-Content-Digest"]

    async def _blob(self, session: aiohttp.ClientSession, repository: str, blob: bytes) -> None:
        async with session.post(f"/v2/{repository}/blobs/uploads/") as begun:
            assert begun.status == 202, await begun.text()
            location = begun.headers["Location"]
        async with session.put(at(location), params={"digest": digest_of(blob)}, data=blob) as done:
            assert done.status == 201, await done.text()


def at(location: str) -> str:
    """Only the path: some registries answer with whole addresses, and the session has a base."""
    return location.partition("://")[2].partition("/")[2].join(("/", "")) if "://" in location else location
