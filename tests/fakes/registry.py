"""A registry with the tags a test puts there."""

import hashlib
from dataclasses import dataclass, field

from bot.domain.image import ResolvedImage
from bot.errors import NotYetError


@dataclass
class FakeRegistry:
    """Satisfies `Registry`."""

    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    """Tag to labels."""
    errors: list[Exception] = field(default_factory=list)

    def push(self, tag: str, **labels: str) -> str:
        self.tags[tag] = labels
        return digest(tag)

    async def resolve(self, *, repository: str, tag: str) -> ResolvedImage:
        if self.errors:
            raise self.errors.pop(0)
        if tag not in self.tags:
            raise NotYetError("image_not_found", f"`{repository}:{tag}` is not in the registry")
        return ResolvedImage(
            repository=repository, tag=tag, digest=digest(tag), platforms=frozenset(), labels=self.tags[tag]
        )


def digest(tag: str) -> str:
    return "sha256:" + hashlib.sha256(tag.encode()).hexdigest()
