"""What a tag means: one image or several by platform, and the labels they agree on."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from bot.domain.image import REVISION_LABEL, REVISION_MISMATCH, Platform, ResolvedImage
from bot.errors import RejectedError
from bot.registry.fetch import Fetcher
from bot.registry.manifest import Descriptor, Document

T = TypeVar("T")

_MOST_PLATFORMS: Final = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class _Variant:
    """One platform's image; labels are the config's, else the manifest's annotations."""

    platform: Platform | None
    labels: dict[str, str]
    digest: str


class Resolution:
    """One resolution of one tag."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def resolve(self) -> ResolvedImage:
        """Raises what `OciRegistry.resolve` tells."""
        digest, document = await self._fetcher.tagged()
        if document.manifests is None:
            if not document.is_image:
                raise self._fetcher.no_image(f"it holds `{_kind(document)}`")
            variants = [await self._read_variant(document, digest, None)]
        else:
            variants = await self._read_index(document.manifests)
        return ResolvedImage(
            repository=self._fetcher.name.text,
            tag=self._fetcher.tag,
            digest=digest,
            platforms=frozenset(each.platform for each in variants if each.platform),
            platform_digests=frozenset(each.digest for each in variants) - {digest},
            labels=self._agreed([(document.annotations or {}) | each.labels for each in variants]),
        )

    async def _read_index(self, entries: list[Descriptor]) -> list[_Variant]:
        images = [entry for entry in entries if entry.is_image]
        if len(images) > _MOST_PLATFORMS:
            raise self._fetcher.no_image(f"its index lists {len(images)} images; {_MOST_PLATFORMS} are the most")
        found = await _together([self._read_entry(entry) for entry in images])
        variants = [variant for variant in found if variant is not None]
        if not variants:
            raise self._fetcher.no_image("its index lists no image")
        return variants

    async def _read_entry(self, entry: Descriptor) -> _Variant | None:
        """None for what turns out to be no image."""
        document = await self._fetcher.manifest(entry.digest)
        if document.manifests is not None:
            raise self._fetcher.no_image("its index points to another index")
        if not document.is_image:
            return None
        # The runtime chooses by the index entry where it names a platform.
        declared = entry.platform.to_platform() if entry.platform and entry.platform.os else None
        return await self._read_variant(document, entry.digest, declared)

    async def _read_variant(self, document: Document, digest: str, declared: Platform | None) -> _Variant:
        if document.config is None:
            raise self._fetcher.no_image("it has no config")
        config = await self._fetcher.config(document.config.digest)
        own = config.to_platform() if config.os and config.architecture else None
        labels = (document.annotations or {}) | config.labels
        return _Variant(platform=declared or own, labels=labels, digest=digest)

    def _agreed(self, per_platform: list[dict[str, str]]) -> dict[str, str]:
        """Labels that are the same for every platform; one platform's silence does not hide another's revision."""
        revisions = {labels[REVISION_LABEL] for labels in per_platform if labels.get(REVISION_LABEL)}
        if len(revisions) > 1:
            raise RejectedError(
                REVISION_MISMATCH,
                f"The platforms of {self._fetcher.asked} say they were built from {len(revisions)} different commits "
                f"(label `{REVISION_LABEL}`).",
                hint="Build and push all platforms from one commit.",
            )
        first, *rest = per_platform
        agreed = {key: value for key, value in first.items() if all(labels.get(key) == value for labels in rest)}
        if revisions:
            agreed[REVISION_LABEL] = revisions.pop()
        return agreed


def _kind(document: Document) -> str:
    """The type of an artifact, safe to stand in a code span."""
    kind = document.artifact_type or (document.config.media_type if document.config else "") or "no config"
    return "".join(character if character.isalnum() or character in "./+-_ " else "?" for character in kind[:80])


async def _together(work: list[Coroutine[Any, Any, T]]) -> list[T]:
    """All at once; the first error stops the rest and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
