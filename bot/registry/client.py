"""The registry as the engine sees it: a tag in, a verified image out."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final, Self

from bot.domain.image import ImageRepository, ResolvedImage, is_tag
from bot.errors import RejectedError, TransientError
from bot.registry.credentials import Credentials
from bot.registry.fetch import Fetcher
from bot.registry.resolution import Resolution
from bot.registry.tokens import Authorizer, Clock
from bot.registry.transport import SessionFactory, Transport

_ASK_TIMEOUT: Final = timedelta(seconds=10)
_RESOLVE_TIMEOUT: Final = timedelta(seconds=60)


class OciRegistry:
    """Reads any OCI registry. Safe to share; `aclose` it at the end.

    `plain_http` names registries (`host:port`) without TLS, loopback ones always are; `realms` allows token
    services a registry beyond its own host. `timeout` is for one request, `deadline` for all of one `resolve`.
    """

    def __init__(
        self,
        *,
        credentials: Credentials,
        session: SessionFactory | None = None,
        plain_http: Collection[str] = (),
        realms: Mapping[str, Collection[str]] | None = None,
        timeout: timedelta = _ASK_TIMEOUT,
        deadline: timedelta = _RESOLVE_TIMEOUT,
        clock: Clock | None = None,
    ) -> None:
        self._transport = Transport(session=session, plain_http=plain_http, timeout=timeout)
        self._authorizer = Authorizer(
            credentials=credentials, transport=self._transport, realms=realms or {}, clock=clock
        )
        self._deadline = deadline

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def resolve(self, *, repository: str, tag: str) -> ResolvedImage:
        """What `repository:tag` is now.

        Raises NotYetError (`image_not_found`, `image_incomplete`), RejectedError (`image_forbidden`, `image_invalid`,
        `image_unsupported`, `digest_mismatch`, `revision_mismatch`), TransientError when it cannot be told, and
        BrokenError for answers outside the protocol.
        """
        try:
            name = ImageRepository.parse(repository)
        except ValueError as error:
            raise RejectedError("image_invalid", f"{error}.", hint="Correct the app's `image:`.") from None
        if not is_tag(tag):
            raise RejectedError("image_invalid", f"`{tag[:140]}` is not a tag.", hint="Correct the app's `tag:`.")
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                return await Resolution(Fetcher(name, tag, self._transport, self._authorizer)).resolve()
        except TimeoutError:
            raise TransientError(f"The registry {name.registry} is too slow to read `{repository}:{tag}`.") from None
