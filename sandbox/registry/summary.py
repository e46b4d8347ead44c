"""What the registry holds, as a page lists it: also images that came over the wire."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.registry.store import INDEXES, Manifest, Repository, Store


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageSummary:
    """One tag. `behaviour` and `version` are empty for images that were not built by the sandbox."""

    repository: str
    tag: str
    digest: str
    platforms: tuple[str, ...]
    behaviour: str
    version: str
    labels: dict[str, str] = field(default_factory=dict)
    pushed_at: datetime


def list_images(store: Store) -> list[ImageSummary]:
    """Newest first."""
    found = [
        _summarise(name, tag, repository)
        for name, repository in store.repositories.items()
        for tag, digest in repository.tags.items()
        if digest in repository.manifests
    ]
    return sorted(found, key=lambda image: image.pushed_at, reverse=True)


def configs_of(repository: Repository, manifest: Manifest) -> Iterator[dict[str, Any]]:
    """The config of each platform's image; attestations and artifacts have none that counts."""
    document = manifest.document
    if manifest.media_type in INDEXES:
        for entry in document["manifests"]:
            yield from configs_of(repository, repository.manifests[entry["digest"]])
    elif "image" in document["config"].get("mediaType", ""):
        config = json.loads(repository.blobs[document["config"]["digest"]])
        if config.get("os") != "unknown":
            yield config


def platform_of(config: dict[str, Any]) -> str:
    parts = (config.get("os"), config.get("architecture"), config.get("variant"))
    return "/".join(part for part in parts if part)


def _summarise(name: str, tag: str, repository: Repository) -> ImageSummary:
    digest = repository.tags[tag]
    configs = list(configs_of(repository, repository.manifests[digest]))
    run = (configs[0].get("config") or {}) if configs else {}
    wishes = dict(part[2:].split("=", 1) for part in run.get("Cmd") or [] if part.startswith("--") and "=" in part)
    return ImageSummary(
        repository=name,
        tag=tag,
        digest=digest,
        platforms=tuple(platform_of(config) for config in configs),
        behaviour=wishes.get("behaviour", ""),
        version=wishes.get("version", ""),
        labels=run.get("Labels") or {},
        pushed_at=repository.tagged_at[tag],
    )
