"""A tag becomes a verified digest: the same answers from the sandbox's registry and from a real one."""

import json

import pytest

from bot.domain.image import REVISION_LABEL, Platform
from bot.errors import NotYetError, RejectedError
from bot.registry.client import OciRegistry
from bot.registry.credentials import Credentials
from sandbox.registry.image import PLACEHOLDER, BuiltImage, build_image
from sandbox.registry.store import OCI_INDEX, OCI_MANIFEST, digest_of
from tests.component.registry.conftest import kinds
from tests.component.registry.push import IDENTITY_TOKEN, PASSWORD, USER

SHA = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678"
both = pytest.mark.parametrize("registry", kinds("open"), indirect=True)


def image(**wishes) -> BuiltImage:
    wishes = {"labels": {REVISION_LABEL: SHA}, "platforms": ["linux/amd64"]} | wishes
    return build_image(behaviour="ok", version="1", program=PLACEHOLDER, **wishes)


@both
async def test_a_single_image_is_resolved_to_the_hash_of_its_manifest(registry, anonymous):
    pushed = await registry.push("payments/checkout", "v1", image())

    found = await anonymous.resolve(repository=f"{registry.host}/payments/checkout", tag="v1")

    assert found.digest == pushed
    assert found.pinned == f"{registry.host}/payments/checkout:v1@{pushed}"
    assert found.platforms == {Platform("linux", "amd64")}
    assert found.platform_digests == frozenset()
    assert found.labels == {REVISION_LABEL: SHA}


@both
@pytest.mark.parametrize("image_format", ["oci", "docker"])
async def test_an_index_is_resolved_with_its_platforms_and_without_its_attestations(registry, anonymous, image_format):
    built = image(platforms=["linux/amd64", "linux/arm64"], attestation=True, image_format=image_format)
    pushed = await registry.push("app", "v1", built)

    found = await anonymous.resolve(repository=f"{registry.host}/app", tag="v1")

    assert found.digest == pushed == digest_of(built.manifests[-1][1])
    assert found.platforms == {Platform("linux", "amd64"), Platform("linux", "arm64")}
    assert found.platform_digests == {digest_of(body) for _, body in built.manifests[:2]}
    assert found.labels == {REVISION_LABEL: SHA}


@both
async def test_a_single_image_with_an_attestation_is_one_platform(registry, anonymous):
    built = image(attestation=True)
    await registry.push("app", "v1", built)

    found = await anonymous.resolve(repository=f"{registry.host}/app", tag="v1")

    assert found.platforms == {Platform("linux", "amd64")}
    assert found.platform_digests == {digest_of(built.manifests[0][1])}


@both
async def test_a_tag_that_moved_is_seen_where_it_is_now(registry, anonymous):
    await registry.push("app", "main", image(labels={"round": "1"}))
    await anonymous.resolve(repository=f"{registry.host}/app", tag="main")
    second = await registry.push("app", "main", image(labels={"round": "2"}))

    found = await anonymous.resolve(repository=f"{registry.host}/app", tag="main")

    assert (found.digest, found.labels) == (second, {"round": "2"})


@both
async def test_an_unknown_tag_or_name_may_still_come(registry, anonymous):
    await registry.push("app", "v1", image())

    for name in ("app", "nothing"):
        with pytest.raises(NotYetError) as told:
            await anonymous.resolve(repository=f"{registry.host}/{name}", tag="v2")

        assert told.value.reason == "image_not_found"
        assert f"`{registry.host}/{name}:v2` is not in the registry" in told.value.sentence


@both
async def test_a_chart_is_not_an_image(registry, anonymous):
    config, layer = b"{}", b"chart"
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": digest_of(config), "size": 2},
        "layers": [{"mediaType": "application/x-chart", "digest": digest_of(layer), "size": 5}],
    }
    await registry.push(
        "charts/app", "1.0.0", BuiltImage([config, layer], [(OCI_MANIFEST, json.dumps(manifest).encode())])
    )

    with pytest.raises(RejectedError) as refused:
        await anonymous.resolve(repository=f"{registry.host}/charts/app", tag="1.0.0")

    assert refused.value.reason == "image_unsupported"
    assert "application/vnd.cncf.helm.config.v1+json" in refused.value.sentence


def indexed(*parts: BuiltImage, platforms: list[str], annotations: dict[str, str] | None = None) -> BuiltImage:
    """Single images under one index, as `docker manifest create` or buildah make it."""
    merged = BuiltImage()
    entries = []
    for part, platform in zip(parts, platforms, strict=True):
        merged.blobs += part.blobs
        merged.manifests += part.manifests
        kind, body = part.manifests[-1]
        system, architecture = platform.split("/")
        where = {"os": system, "architecture": architecture}
        entries.append({"mediaType": kind, "digest": digest_of(body), "size": len(body), "platform": where})
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries, "annotations": annotations or {}}
    merged.manifests.append((OCI_INDEX, json.dumps(index).encode()))
    return merged


@both
async def test_platforms_built_from_different_commits_are_refused(registry, anonymous):
    parts = [
        image(labels={REVISION_LABEL: sha}, platforms=[p])
        for sha, p in [(SHA, "linux/amd64"), ("b" * 40, "linux/arm64")]
    ]
    await registry.push("app", "v1", indexed(*parts, platforms=["linux/amd64", "linux/arm64"]))

    with pytest.raises(RejectedError) as refused:
        await anonymous.resolve(repository=f"{registry.host}/app", tag="v1")

    assert refused.value.reason == "revision_mismatch"


@both
async def test_only_labels_all_platforms_agree_on_count_but_silence_hides_no_revision(registry, anonymous):
    amd = image(labels={"team": "payments", "arch": "amd", REVISION_LABEL: SHA})
    arm = image(labels={"team": "payments", "arch": "arm"}, platforms=["linux/arm64"])
    await registry.push("app", "v1", indexed(amd, arm, platforms=["linux/amd64", "linux/arm64"]))

    found = await anonymous.resolve(repository=f"{registry.host}/app", tag="v1")

    assert found.labels == {"team": "payments", REVISION_LABEL: SHA}


@both
async def test_annotations_speak_where_labels_are_silent(registry, anonymous):
    notes = {REVISION_LABEL: SHA, "team": "annotated"}
    built = indexed(image(labels={"team": "labelled"}), platforms=["linux/amd64"], annotations=notes)
    await registry.push("app", "v1", built)

    found = await anonymous.resolve(repository=f"{registry.host}/app", tag="v1")

    assert found.labels == {REVISION_LABEL: SHA, "team": "labelled"}


@pytest.mark.parametrize("registry", kinds("basic", "bearer"), indirect=True)
async def test_a_protected_image_is_read_with_the_files_login(registry, credentials_file):
    pushed = await registry.push("payments/checkout", "v1", image(platforms=["linux/amd64", "linux/arm64"]))
    path = credentials_file({registry.host: {"username": USER, "password": PASSWORD}})

    async with OciRegistry(credentials=Credentials(path)) as client:
        found = await client.resolve(repository=f"{registry.host}/payments/checkout", tag="v1")

    assert found.digest == pushed


@pytest.mark.parametrize("registry", kinds("bearer"), indirect=True)
async def test_an_identity_token_is_exchanged_for_a_token(registry, credentials_file):
    pushed = await registry.push("app", "v1", image())
    path = credentials_file({registry.host: {"identitytoken": IDENTITY_TOKEN}})

    async with OciRegistry(credentials=Credentials(path)) as client:
        assert (await client.resolve(repository=f"{registry.host}/app", tag="v1")).digest == pushed


@pytest.mark.parametrize("registry", kinds("basic", "bearer"), indirect=True)
@pytest.mark.parametrize("password", [None, "wrong"])
async def test_no_login_or_a_wrong_one_is_told_as_such_and_without_secrets(registry, credentials_file, password):
    await registry.push("app", "v1", image())
    auths = {} if password is None else {registry.host: {"username": "some-user", "password": password}}

    async with OciRegistry(credentials=Credentials(credentials_file(auths))) as client:
        with pytest.raises(RejectedError) as refused:
            await client.resolve(repository=f"{registry.host}/app", tag="v1")

    text = f"{refused.value.sentence} {refused.value.hint}"
    assert refused.value.reason == "image_forbidden"
    assert registry.host in text
    assert ("without a login" if password is None else "with the login of the registry credentials file") in text
    assert "wrong" not in text
    assert "some-user" not in text


@pytest.mark.parametrize("registry", kinds("basic", "bearer"), indirect=True)
async def test_an_unknown_tag_of_a_protected_name_may_still_come(registry, credentials_file):
    await registry.push("app", "v1", image())
    path = credentials_file({registry.host: {"username": USER, "password": PASSWORD}})

    async with OciRegistry(credentials=Credentials(path)) as client:
        with pytest.raises(NotYetError):
            await client.resolve(repository=f"{registry.host}/app", tag="v2")
