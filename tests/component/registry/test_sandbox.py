"""The sandbox's registry as its own users see it: building, listing, breaking."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import aiohttp
import pytest

from sandbox.registry import Fault, SandboxRegistry
from sandbox.registry.errors import RegistryError
from sandbox.registry.store import OCI_MANIFEST


def test_the_same_wish_gives_the_same_digest_anywhere():
    first, second = SandboxRegistry(), SandboxRegistry()

    one = first.push("a", "v1", version="1", labels={"x": "y"}, attestation=True)
    two = second.push("b/c", "other", version="1", labels={"x": "y"}, attestation=True)

    assert one == two
    assert first.push("a", "v2", version="2", labels={"x": "y"}, attestation=True) != one
    assert first.push("a", "v3", version="1", behaviour="slow", labels={"x": "y"}, attestation=True) != one


def test_a_program_becomes_the_one_file_of_a_layer_that_runtimes_can_check(tmp_path: Path):
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF and so on")
    registry = SandboxRegistry()

    registry.push("app", "v1", version="1", binary=program)

    manifest = registry.store.manifest("app", "v1").document
    layer = registry.store.blob("app", manifest["layers"][0]["digest"])
    config = json.loads(registry.store.blob("app", manifest["config"]["digest"]))
    plain = gzip.decompress(layer)
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(plain).hexdigest()}"]
    assert manifest["layers"][0]["size"] == len(layer)
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        (entry,) = tar.getmembers()
        assert (entry.name, entry.mode) == ("app", 0o755)
        assert tar.extractfile(entry).read() == b"\x7fELF and so on"


def test_the_config_tells_a_node_what_to_start():
    registry = SandboxRegistry()
    digest = registry.push(
        "app", "v1", version="7", behaviour="crash-at-start", platforms=["linux/amd64", "linux/arm64"]
    )

    config = registry.config("app", digest)

    assert config["config"]["Entrypoint"] == ["/app"]
    assert config["config"]["Cmd"] == ["--behaviour=crash-at-start", "--version=7"]
    assert config["config"]["ExposedPorts"] == {"8080/tcp": {}}
    assert registry.config("app", "v1", platform="linux/s390x") is None


async def test_images_are_listed_newest_first_under_names_with_and_without_the_host(sandbox):
    sandbox.push("team/app", "v1", version="1", labels={"a": "b"}, attestation=True)
    sandbox.push(
        f"{sandbox.host}/team/app", "v2", version="2", behaviour="never-ready", platforms=["linux/amd64", "linux/arm64"]
    )

    newest, oldest = sandbox.images()

    assert (newest.repository, newest.tag, newest.behaviour, newest.version) == ("team/app", "v2", "never-ready", "2")
    assert newest.platforms == ("linux/amd64", "linux/arm64")
    assert (oldest.tag, oldest.labels, oldest.platforms) == ("v1", {"a": "b"}, ("linux/amd64",))


def test_a_deleted_tag_is_gone_and_cannot_be_deleted_twice():
    registry = SandboxRegistry()
    registry.push("app", "v1", version="1")

    registry.delete("app", "v1")

    assert registry.images() == []
    with pytest.raises(RegistryError, match="404 MANIFEST_UNKNOWN"):
        registry.delete("app", "v1")


@pytest.mark.parametrize(
    ("name", "tag", "code"),
    [("Upper", "v1", "NAME_INVALID"), ("a//b", "v1", "NAME_INVALID"), ("app", "-x", "TAG_INVALID")],
)
def test_names_no_registry_takes_are_refused(name, tag, code):
    with pytest.raises(RegistryError, match=code):
        SandboxRegistry().push(name, tag, version="1")


async def test_faults_are_used_up_in_order_and_only_where_they_match(sandbox):
    sandbox.push("app", "v1", version="1")
    sandbox.fail(Fault(status=503, retry_after="3", times=2, path="/manifests/"))
    sandbox.fail(Fault(status=429, path="/manifests/"))

    async with aiohttp.ClientSession(sandbox.url, headers={"Accept": OCI_MANIFEST}) as web:
        statuses = []
        for path in ("/v2/", *["/v2/app/manifests/v1"] * 4):
            async with web.get(path) as answer:
                statuses.append(answer.status)

    assert statuses == [200, 503, 503, 429, 200]


async def test_healing_forgets_what_is_left(sandbox):
    sandbox.fail(Fault(status=503, times=100))

    sandbox.heal()

    async with aiohttp.ClientSession(sandbox.url) as web, web.get("/v2/") as answer:
        assert answer.status == 200


async def test_a_fault_can_cut_the_connection(sandbox):
    sandbox.fail(Fault(reset=True, times=5))

    async with aiohttp.ClientSession(sandbox.url) as web:
        with pytest.raises(aiohttp.ClientConnectionError):
            await web.post("/v2/app/blobs/uploads/")


async def test_a_chosen_port_is_kept():
    registry = await SandboxRegistry().start()
    port = int(registry.host.rpartition(":")[2])
    await registry.aclose()

    again = await SandboxRegistry().start(port=port)

    assert again.url == f"http://127.0.0.1:{port}"
    await again.aclose()
