"""Fetches one image's documents: logs in when asked to, and takes no bytes whose hash is not the one named."""

import hashlib
from functools import partial
from typing import Final

from bot.domain.image import ImageRepository, is_digest
from bot.errors import NotYetError, RejectedError
from bot.registry.answers import Answer, to_error
from bot.registry.manifest import ACCEPT, Document, ImageConfig, parse_config, parse_document
from bot.registry.tokens import Authorizer
from bot.registry.transport import Transport

MANIFEST_LIMIT: Final = 4 * 1024 * 1024
CONFIG_LIMIT: Final = 8 * 1024 * 1024


class Fetcher:
    """Reads below one `repository:tag`; `asked` is how sentences call it."""

    def __init__(self, name: ImageRepository, tag: str, transport: Transport, authorizer: Authorizer) -> None:
        self.name = name
        self.tag = tag
        self.asked = f"`{name.text}:{tag}`"
        self._transport = transport
        self._authorizer = authorizer

    async def tagged(self) -> tuple[str, Document]:
        """What the tag points to, under our own SHA-256 of its bytes; the registry's word only has to agree."""
        answer = await self._fetch("manifests", self.tag, limit=MANIFEST_LIMIT)
        digest = _hash(answer.body, "sha256")
        if answer.digest and _hash(answer.body, answer.digest) != answer.digest:
            raise self._mismatch(_hash(answer.body, answer.digest), answer.digest)
        return digest, self._parse(answer)

    async def manifest(self, digest: str) -> Document:
        return self._parse(await self._verified("manifests", digest, limit=MANIFEST_LIMIT))

    async def config(self, digest: str) -> ImageConfig:
        answer = await self._verified("blobs", digest, limit=CONFIG_LIMIT)
        return parse_config(answer.body, name=self.asked)

    def no_image(self, why: str) -> RejectedError:
        """The error for what is in the registry, but is nothing to run."""
        return RejectedError("image_unsupported", f"{self.asked} is not a container image that can be deployed: {why}.")

    def _parse(self, answer: Answer) -> Document:
        return parse_document(answer.body, content_type=answer.content_type, name=self.asked)

    async def _verified(self, kind: str, digest: str, *, limit: int) -> Answer:
        if not is_digest(digest):
            raise RejectedError(
                "image_invalid", f"{self.asked} points to something that is no digest.", hint="Push the image again."
            )
        try:
            answer = await self._fetch(kind, digest, limit=limit)
        except NotYetError:
            raise NotYetError(
                "image_incomplete",
                f"{self.asked} is there, but a part of it ({digest[:19]}…) is not (yet).",
                hint="Push the image again if this stays.",
            ) from None
        if (ours := _hash(answer.body, digest)) != digest:
            raise self._mismatch(ours, digest)
        return answer

    async def _fetch(self, kind: str, reference: str, *, limit: int) -> Answer:
        url = self._transport.base_url(self.name.registry) / "v2" / self.name.path / kind / reference
        accept = ACCEPT if kind == "manifests" else "*/*"
        ask = partial(self._transport.get, url, who=f"The registry {self.name.registry}", limit=limit, accept=accept)
        authorization = self._authorizer.kept(self.name)
        answer = await ask(authorization=authorization)
        if answer.status == 401:  # never asked before, or the token ran out: log in, once
            authorization = await self._authorizer.answer(self.name, answer.challenges)
            if authorization is not None:
                answer = await ask(authorization=authorization)
        return self._checked(answer, limit=limit, is_logged_in=authorization is not None)

    def _checked(self, answer: Answer, *, limit: int, is_logged_in: bool) -> Answer:
        if answer.oversized:
            raise self.no_image(f"a document of it is larger than {limit // 1024 // 1024} MiB")
        if answer.status != 200:
            with_login = is_logged_in and self._authorizer.has_login(self.name)
            raise to_error(answer, registry=self.name.registry, asked=self.asked, with_login=with_login)
        return answer

    def _mismatch(self, ours: str, theirs: str) -> RejectedError:
        return RejectedError(
            "digest_mismatch",
            f"The registry {self.name.registry} sent something else than it says for {self.asked}: the bytes are "
            f"{ours[:19]}…, not {theirs[:19]}….",
            hint="Look for a proxy or cache in front of the registry that changes what it passes on.",
        )


def _hash(body: bytes, like: str) -> str:
    """The digest of `body`, by the algorithm another digest names; SHA-256 unless that is SHA-512."""
    algorithm = "sha512" if like.startswith("sha512:") else "sha256"
    return f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"
