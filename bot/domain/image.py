"""Image references, digests, platforms and tag templates."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Platform:
    """`linux/amd64`, as an image or a node names it."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedImage:
    """What a tag meant when it was asked: verified bytes, not the registry's word."""

    repository: str
    tag: str
    digest: str
    """`sha256:…` of the manifest or index bytes, hashed by us."""
    platforms: frozenset[Platform]
    """Empty when the image does not say."""
    platform_digests: frozenset[str] = frozenset()
    """For an index: digests of its platform manifests; a runtime may report either."""
    labels: dict[str, str] = field(default_factory=dict)
    """Labels all platforms agree on."""

    @property
    def pinned(self) -> str:
        """`repository:tag@sha256:…`, what is written into the workload."""
        return f"{self.repository}:{self.tag}@{self.digest}"
