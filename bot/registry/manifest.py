"""What a registry's documents say: indexes, image manifests and image configs, parsed once."""

from typing import Final

import msgspec

from bot.domain.image import Platform
from bot.errors import BrokenError, RejectedError

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
DOCKER_INDEX: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"

ACCEPT: Final = f"{OCI_INDEX}, {DOCKER_INDEX}, {OCI_MANIFEST}, {DOCKER_MANIFEST}"
"""All four, always: a registry answers 404, not 406, for a type that was not asked for."""

_INDEXES: Final = frozenset({OCI_INDEX, DOCKER_INDEX})
_MANIFESTS: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
_IMAGE_CONFIGS: Final = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)
_ATTESTATION: Final = "vnd.docker.reference.type"


class PlatformField(msgspec.Struct):
    """The `platform` of an index entry."""

    os: str = ""
    architecture: str = ""
    variant: str = ""

    def to_platform(self) -> Platform:
        """In the one spelling the domain compares."""
        return Platform(self.os.lower(), self.architecture.lower(), self.variant.lower()).normalised()


class Descriptor(msgspec.Struct, rename="camel"):
    """A pointer to a document by its digest."""

    digest: str
    media_type: str = ""
    artifact_type: str | None = None
    platform: PlatformField | None = None
    annotations: dict[str, str] | None = None

    @property
    def is_image(self) -> bool:
        """False for attestations (BuildKit's `unknown/unknown`), signatures and other passengers of an index."""
        unknown = (
            self.platform is not None and self.platform.os == "unknown" and self.platform.architecture == "unknown"
        )
        return not (unknown or self.artifact_type or _ATTESTATION in (self.annotations or {}))


class Document(msgspec.Struct, rename="camel"):
    """A manifest or an index; `manifests` is None in the former."""

    schema_version: int = 0
    media_type: str = ""
    artifact_type: str | None = None
    config: Descriptor | None = None
    layers: list[msgspec.Raw] | None = None
    manifests: list[Descriptor] | None = None
    annotations: dict[str, str] | None = None

    @property
    def is_image(self) -> bool:
        """False for charts, signatures and whatever else registries store in an image's clothes."""
        return not self.artifact_type and self.config is not None and self.config.media_type in _IMAGE_CONFIGS


class _RunConfig(msgspec.Struct):
    labels: dict[str, str] | None = msgspec.field(default=None, name="Labels")


class ImageConfig(PlatformField):
    """The config blob: what machine the image is for, and its labels."""

    config: _RunConfig | None = None

    @property
    def labels(self) -> dict[str, str]:
        """Labels as the build set them, those inherited from the base image included."""
        return (self.config.labels if self.config else None) or {}


def parse_document(body: bytes, *, content_type: str, name: str) -> Document:
    """`name` is how the sentences call the image.

    Raises RejectedError for what cannot be deployed (`image_unsupported`, `image_invalid`) and
    BrokenError for an answer that is no manifest at all.
    """
    try:
        document = msgspec.json.decode(body, type=Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BrokenError(
            f"What the registry sent for {name} is not a manifest (it came as `{content_type}`)."
        ) from None
    if document.schema_version == 1:
        raise RejectedError(
            "image_unsupported",
            f"{name} has a manifest of the old schema 1, which carries no verifiable config.",
            hint="Push it again with a current docker, buildah or ko.",
        )
    _check_kind(document, content_type, name)
    return document


def _check_kind(document: Document, content_type: str, name: str) -> None:
    """One reading only: a document that can be taken as index and as manifest means two images (CVE-2021-41190)."""
    known = _INDEXES | _MANIFESTS
    types = {kind for kind in (document.media_type, content_type) if kind in known}
    is_index, is_manifest = document.manifests is not None, document.config is not None or document.layers is not None
    agrees = types <= (_INDEXES if is_index else _MANIFESTS)
    if is_index == is_manifest or len(types) > 1 or not agrees:
        raise RejectedError(
            "image_invalid",
            f"The manifest of {name} does not say clearly whether it is one image or an index of several.",
            hint="Push the image again.",
        )


def parse_config(body: bytes, *, name: str) -> ImageConfig:
    """Raises RejectedError when it is not an image's config."""
    try:
        return msgspec.json.decode(body, type=ImageConfig)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise RejectedError(
            "image_invalid", f"The config of {name} cannot be read as an image's config.", hint="Push the image again."
        ) from None
