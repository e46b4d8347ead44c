"""What the registry holds: blobs, manifests and tags, each only visible in its own repository."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.registry.errors import RegistryError

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEXES = frozenset({OCI_INDEX, DOCKER_INDEX})
MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})

NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
DIGEST = re.compile(r"sha256:[a-f0-9]{64}")


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest or index as it was pushed, byte for byte."""

    digest: str
    media_type: str
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


@dataclass(slots=True)
class Repository:
    """One name's contents; `tags` maps to digests."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    tagged_at: dict[str, datetime] = field(default_factory=dict)


class Store:
    """All repositories; one that holds nothing does not exist. Raises RegistryError with the protocol's codes."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}

    def put_blob(self, name: str, body: bytes) -> str:
        digest = digest_of(body)
        self._repository_to_write(name).blobs[digest] = body
        return digest

    def blob(self, name: str, digest: str) -> bytes:
        repository = self.repositories.get(name)
        if repository is None or digest not in repository.blobs:
            raise RegistryError(404, "BLOB_UNKNOWN", "blob unknown to registry", digest)
        return repository.blobs[digest]

    def put_manifest(self, name: str, reference: str, media_type: str, body: bytes) -> Manifest:
        """Under a tag or its own digest; whatever it points to has to be here already."""
        repository = self._repository_to_write(name)
        manifest = Manifest(digest_of(body), media_type, body)
        if DIGEST.fullmatch(reference):
            if reference != manifest.digest:
                raise RegistryError(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        elif not TAG.fullmatch(reference):
            raise RegistryError(400, "TAG_INVALID", "manifest tag did not match URI")
        _check(manifest, repository)
        repository.manifests[manifest.digest] = manifest
        if reference != manifest.digest:
            repository.tags[reference] = manifest.digest
            repository.tagged_at[reference] = datetime.now(UTC)
        return manifest

    def manifest(self, name: str, reference: str) -> Manifest:
        repository = self.repositories.get(name)
        digest = repository.tags.get(reference, reference) if repository else reference
        if repository is None or digest not in repository.manifests:
            detail = {"Tag": reference} if TAG.fullmatch(reference) else {"Name": name, "Revision": reference}
            raise RegistryError(404, "MANIFEST_UNKNOWN", "manifest unknown", detail)
        return repository.manifests[digest]

    def delete_manifest(self, name: str, digest: str) -> None:
        """With every tag that points to it, as the protocol says."""
        self.manifest(name, digest)
        repository = self.repositories[name]
        del repository.manifests[digest]
        for tag in [tag for tag, pointed in repository.tags.items() if pointed == digest]:
            self.delete_tag(name, tag)

    def delete_tag(self, name: str, tag: str) -> None:
        repository = self.repositories.get(name)
        if repository is None or tag not in repository.tags:
            raise RegistryError(404, "MANIFEST_UNKNOWN", "manifest unknown", {"Tag": tag})
        del repository.tags[tag]
        repository.tagged_at.pop(tag, None)

    def tags(self, name: str) -> list[str]:
        if name not in self.repositories:
            raise RegistryError(404, "NAME_UNKNOWN", "repository name not known to registry", {"name": name})
        return sorted(self.repositories[name].tags)

    def _repository_to_write(self, name: str) -> Repository:
        if not NAME.fullmatch(name) or len(name) > 255:
            raise RegistryError(400, "NAME_INVALID", "invalid repository name")
        return self.repositories.setdefault(name, Repository())


def _check(manifest: Manifest, repository: Repository) -> None:
    try:
        document = json.loads(manifest.body)
        is_right = isinstance(document, dict) and document.get("schemaVersion") == 2
        is_right = is_right and document.get("mediaType", manifest.media_type) == manifest.media_type
        missing = _missing(document, manifest.media_type, repository) if is_right else []
    except (ValueError, TypeError, KeyError, AttributeError):
        is_right, missing = False, []
    if not is_right:
        raise RegistryError(400, "MANIFEST_INVALID", "manifest invalid")
    if missing:
        raise RegistryError(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", {"digest": missing[0]})


def _missing(document: dict[str, Any], media_type: str, repository: Repository) -> list[str]:
    if media_type in INDEXES:
        return [each["digest"] for each in document["manifests"] if each["digest"] not in repository.manifests]
    if media_type not in MANIFESTS:
        raise ValueError(media_type)
    pointed = [document["config"]["digest"], *(layer["digest"] for layer in document["layers"])]
    return [digest for digest in pointed if digest not in repository.blobs]
