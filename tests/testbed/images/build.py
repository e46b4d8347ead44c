"""Makes OCI images from a static binary and pushes them, without any container engine."""

import gzip
import io
import json
import tarfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from platform import machine
from typing import Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine(), machine())
"""This machine's, in Go's words."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes with the digest they are addressed by."""

    content: bytes
    media_type: str

    @property
    def digest(self) -> str:
        return f"sha256:{sha256(self.content).hexdigest()}"

    @property
    def descriptor(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content)}


@dataclass(frozen=True, slots=True)
class Image:
    """A manifest with all it refers to, ready to be pushed."""

    manifest: Blob
    blobs: tuple[Blob, ...]
    platform: str
    """`linux/amd64`."""

    @property
    def digest(self) -> str:
        return self.manifest.digest


@dataclass(frozen=True, slots=True)
class Index:
    """Images of several platforms under one name; `attestations` carry the platform `unknown/unknown`."""

    manifest: Blob
    images: tuple[Image, ...]

    @property
    def digest(self) -> str:
        return self.manifest.digest


def build_image(
    binary: Path, *, args: Sequence[str] = (), labels: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None, platform: str = f"linux/{ARCHITECTURE}", layers: Iterable[bytes] = (),
    user: str = "65532:65532",
) -> Image:  # fmt: skip
    """An image whose entry point is `binary` with `args`; `layers` are further uncompressed tar files.

    The same input gives the same digest.
    """
    tars = [_tar(binary.name, binary.read_bytes()), *layers]
    system, _, architecture = platform.partition("/")
    config = {
        "architecture": architecture, "os": system,
        "config": {
            "Entrypoint": [f"/{binary.name}", *args], "User": user, "WorkingDir": "/",
            "Env": [f"{name}={value}" for name, value in sorted((env or {}).items())], "Labels": dict(labels or {}),
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(tar).hexdigest()}" for tar in tars]},
    }  # fmt: skip
    blobs = [_json(config, CONFIG), *(Blob(gzip.compress(tar, 1, mtime=0), LAYER) for tar in tars)]
    manifest = {
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": blobs[0].descriptor, "layers": [blob.descriptor for blob in blobs[1:]],
    }  # fmt: skip
    return Image(_json(manifest, MANIFEST), tuple(blobs), platform)


def build_index(images: Sequence[Image], *, attest: bool = False) -> Index:
    """One index over the images; with `attest` each gets the attestation entry that BuildKit writes."""
    attestations = [_attestation(image) for image in images] if attest else []
    entries = [image.manifest.descriptor | {"platform": _platform(image.platform)} for image in images]
    for image, attestation in zip(images, attestations, strict=False):
        notes = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image.digest}
        entry = {"platform": _platform("unknown/unknown"), "annotations": notes}
        entries.append(attestation.manifest.descriptor | entry)
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
    return Index(_json(document, INDEX), (*images, *attestations))


def push(registry_url: str, repository: str, tag: str, image: Image | Index) -> str:
    """Pushes blobs that the registry lacks, then the manifests; returns the digest that `tag` now means.

    Raises `urllib.error.HTTPError` when the registry refuses.
    """
    parts = image.images if isinstance(image, Index) else (image,)
    base = f"{registry_url.rstrip('/')}/v2/{repository}"
    for part in parts:
        for blob in part.blobs:
            _push_blob(base, blob)
        if isinstance(image, Index):
            _call("PUT", f"{base}/manifests/{part.digest}", part.manifest.content, part.manifest.media_type)
    _call("PUT", f"{base}/manifests/{tag}", image.manifest.content, image.manifest.media_type)
    return image.digest


def _push_blob(base: str, blob: Blob) -> None:
    try:
        _call("HEAD", f"{base}/blobs/{blob.digest}")
        return
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != 404:
            raise
    place = _call("POST", f"{base}/blobs/uploads/", b"")
    # The location may be relative, and carries the upload's state as its query (distribution spec, "Pushing blobs").
    place = urllib.parse.urljoin(base, place)
    joint = "&" if "?" in place else "?"
    digest = urllib.parse.quote(blob.digest)
    _call("PUT", f"{place}{joint}digest={digest}", blob.content, "application/octet-stream")


def _call(method: str, url: str, content: bytes | None = None, media_type: str = "") -> str:
    headers = {"Content-Type": media_type} if media_type else {}
    request = urllib.request.Request(url, content, headers, method=method)  # noqa: S310 - only ever http(s) to loopback
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=30) as answer:
        place: str = answer.headers.get("Location", "")
        return place


def _attestation(image: Image) -> Image:
    statement = {
        "_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://slsa.dev/provenance/v0.2",
        "subject": [{"name": "demo", "digest": {"sha256": image.digest.removeprefix("sha256:")}}], "predicate": {},
    }  # fmt: skip
    layer = _json(statement, "application/vnd.in-toto+json")
    config = _json({"architecture": "unknown", "os": "unknown", "rootfs": {"type": "layers", "diff_ids": []}}, CONFIG)
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config.descriptor, "layers": [layer.descriptor]}
    return Image(_json(manifest, MANIFEST), (config, layer), "unknown/unknown")


def _platform(text: str) -> dict[str, str]:
    names = ("os", "architecture", "variant")
    return dict(zip(names, text.split("/"), strict=False))


def _json(document: object, media_type: str) -> Blob:
    return Blob(json.dumps(document, separators=(",", ":")).encode(), media_type)


def _tar(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.mode, entry.size = 0o755, len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
