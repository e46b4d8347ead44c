"""Builds OCI images in memory, the same bytes for the same wish, so that digests can be told in advance."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from sandbox.registry.store import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, digest_of

Behaviour = Literal["ok", "crash-at-start", "crash-later", "never-ready", "slow"]
Format = Literal["oci", "docker"]

PLACEHOLDER = b"A stand-in for a program: simulated nodes read the image's config and never start it.\n"
_EPOCH = "2000-01-01T00:00:00Z"
_USER = "65532:65532"
_TYPES: dict[Format, dict[str, str]] = {
    "oci": {
        "index": OCI_INDEX,
        "manifest": OCI_MANIFEST,
        "config": "application/vnd.oci.image.config.v1+json",
        "layer": "application/vnd.oci.image.layer.v1.tar+gzip",
    },
    "docker": {
        "index": DOCKER_INDEX,
        "manifest": DOCKER_MANIFEST,
        "config": "application/vnd.docker.container.image.v1+json",
        "layer": "application/vnd.docker.image.rootfs.diff.tar.gzip",
    },
}


@dataclass(frozen=True, slots=True)
class _Layer:
    blob: bytes
    diff_id: str
    """Digest of the tar before compression, which runtimes check after unpacking."""


@dataclass(slots=True)
class BuiltImage:
    """Everything to store, in the order in which it may be stored; the last manifest is what the tag names."""

    blobs: list[bytes] = field(default_factory=list)
    manifests: list[tuple[str, bytes]] = field(default_factory=list)
    """(media type, body)"""


def build_image(
    *,
    behaviour: Behaviour,
    version: str,
    labels: Mapping[str, str],
    platforms: Sequence[str],
    program: bytes,
    attestation: bool = False,
    image_format: Format = "oci",
) -> BuiltImage:
    """One image, or an index of one a platform; attestation entries make an index of a single one too."""
    image = BuiltImage()
    types = _TYPES[image_format]
    layer = _layer(program)
    image.blobs.append(layer.blob)
    entries = []
    for platform in platforms:
        config = _config(platform, layer, behaviour=behaviour, version=version, labels=labels)
        entry = _add_manifest(image, types, config, [(layer.blob, types["layer"], {})])
        entries.append(entry | {"platform": _split(platform)})
    if attestation:
        entries += [_add_attestation(image, types, entry["digest"]) for entry in list(entries)]
    if len(entries) > 1:
        index = {"schemaVersion": 2, "mediaType": types["index"], "manifests": entries}
        image.manifests.append((types["index"], _to_json(index)))
    return image


def _add_manifest(
    image: BuiltImage, types: Mapping[str, str], config: bytes, layers: list[tuple[bytes, str, dict[str, str]]]
) -> dict[str, Any]:
    """Returns its descriptor."""
    image.blobs += [config, *(blob for blob, _, _ in layers)]
    manifest = {
        "schemaVersion": 2,
        "mediaType": types["manifest"],
        "config": _descriptor(config, types["config"]),
        "layers": [_descriptor(blob, kind) | ({"annotations": notes} if notes else {}) for blob, kind, notes in layers],
    }
    body = _to_json(manifest)
    image.manifests.append((types["manifest"], body))
    return _descriptor(body, types["manifest"])


def _add_attestation(image: BuiltImage, types: Mapping[str, str], subject: str) -> dict[str, Any]:
    """As BuildKit writes provenance: a manifest for no platform, tied to its image by annotations."""
    predicate = "https://slsa.dev/provenance/v1"
    statement = {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": predicate,
        "subject": [{"name": "image", "digest": {"sha256": subject.partition(":")[2]}}],
        "predicate": {"buildDefinition": {"buildType": "sandbox"}},
    }
    blob = _to_json(statement)
    rootfs = {"type": "layers", "diff_ids": [digest_of(blob)]}
    config = _to_json({"architecture": "unknown", "os": "unknown", "config": {}, "rootfs": rootfs})
    layer = (blob, "application/vnd.in-toto+json", {"in-toto.io/predicate-type": predicate})
    return _add_manifest(image, types, config, [layer]) | {
        "annotations": {"vnd.docker.reference.digest": subject, "vnd.docker.reference.type": "attestation-manifest"},
        "platform": {"architecture": "unknown", "os": "unknown"},
    }


def _config(platform: str, layer: _Layer, *, behaviour: str, version: str, labels: Mapping[str, str]) -> bytes:
    config: dict[str, Any] = {
        "Entrypoint": ["/app"],
        "Cmd": [f"--behaviour={behaviour}", f"--version={version}"],
        "Env": [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            f"APP_BEHAVIOUR={behaviour}",
            f"APP_VERSION={version}",
        ],
        "ExposedPorts": {"8080/tcp": {}},
        "User": _USER,
        "WorkingDir": "/",
    }
    if labels:
        config["Labels"] = dict(labels)
    document = {
        **_split(platform),
        "created": _EPOCH,
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id]},
        "history": [{"created": _EPOCH, "created_by": "COPY app /app"}],
    }
    return _to_json(document)


@lru_cache(maxsize=8)
def _layer(program: bytes) -> _Layer:
    """One file, `/app`; kept because compressing a real program takes a noticeable part of a second."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        entry = tarfile.TarInfo("app")
        entry.size, entry.mode, entry.mtime = len(program), 0o755, 946684800
        tar.addfile(entry, io.BytesIO(program))
    plain = buffer.getvalue()
    return _Layer(gzip.compress(plain, compresslevel=6, mtime=0), f"sha256:{hashlib.sha256(plain).hexdigest()}")


def _split(platform: str) -> dict[str, str]:
    """`linux/arm64/v8` as configs and indexes write it."""
    return dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))


def _descriptor(body: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(body), "size": len(body)}


def _to_json(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
