"""Registries in trouble: each kind has its own answer, and none is taken for a missing image."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BrokenError, NotYetError, RejectedError, TransientError
from bot.registry.answers import parse_retry_after
from bot.registry.client import OciRegistry
from bot.registry.credentials import Credentials
from sandbox.registry import Fault
from sandbox.registry.store import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Manifest, digest_of


@pytest.fixture
def resolve(sandbox, anonymous):
    """Resolves `app:v1`, which has two platforms."""
    sandbox.push("app", "v1", version="1", platforms=["linux/amd64", "linux/arm64"])
    return lambda: anonymous.resolve(repository=f"{sandbox.host}/app", tag="v1")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 507, 408])
@pytest.mark.parametrize("html", [False, True])
async def test_a_registry_in_trouble_tells_nothing_about_the_image(sandbox, resolve, status, html):
    sandbox.fail(Fault(status=status, html=html, retry_after="7"))

    with pytest.raises(TransientError) as raised:
        await resolve()

    assert raised.value.retry_after == timedelta(seconds=7)
    assert str(status) in raised.value.sentence
    assert "<" not in raised.value.sentence
    assert (await resolve()).tag == "v1"


@pytest.mark.parametrize("path", ["/manifests/v1", "/manifests/sha256", "/blobs/sha256"])
@pytest.mark.parametrize(
    ("wishes", "error"),
    [({"status": 503}, TransientError), ({"status": 404}, NotYetError), ({"status": 403}, RejectedError)],
)
async def test_trouble_with_any_document_of_an_image_is_told_the_same_way(sandbox, resolve, path, wishes, error):
    sandbox.fail(Fault(path=path, **wishes))

    with pytest.raises(error) as raised:
        await resolve()

    assert type(raised.value) is error


@pytest.mark.parametrize("status", [400, 405, 418, 304, 204, 302])
async def test_an_answer_outside_the_protocol_is_not_a_no(sandbox, resolve, status):
    sandbox.fail(Fault(status=status))

    with pytest.raises(BrokenError, match=str(status)):
        await resolve()


async def test_a_proxys_page_instead_of_a_manifest_is_not_a_no(sandbox, resolve):
    sandbox.fail(Fault(status=200, html=True))

    with pytest.raises(BrokenError, match="text/html"):
        await resolve()


async def test_a_registry_that_is_down_is_waited_for(sandbox, resolve):
    sandbox.down()
    with pytest.raises(TransientError, match="broke off"):
        await resolve()
    sandbox.up()

    assert (await resolve()).tag == "v1"


async def test_a_port_where_nobody_listens_is_waited_for(sandbox, resolve):
    await sandbox.aclose()

    with pytest.raises(TransientError, match="takes no connection"):
        await resolve()


async def test_a_slow_registry_meets_the_deadline_of_one_request(sandbox):
    sandbox.push("app", "v1", version="1")
    sandbox.fail(Fault(delay=30))

    async with OciRegistry(credentials=Credentials(), timeout=timedelta(milliseconds=100)) as client:
        with pytest.raises(TransientError, match="did not answer in time"):
            await client.resolve(repository=f"{sandbox.host}/app", tag="v1")


async def test_a_registry_that_drips_meets_the_deadline_of_the_whole(sandbox):
    sandbox.push("app", "v1", version="1")
    sandbox.fail(Fault(delay=0.15, times=10))

    async with OciRegistry(credentials=Credentials(), deadline=timedelta(milliseconds=200)) as client:
        with pytest.raises(TransientError, match="too slow"):
            await client.resolve(repository=f"{sandbox.host}/app", tag="v1")


async def test_cancelling_is_let_through(sandbox, resolve):
    sandbox.fail(Fault(delay=30))
    task = asyncio.create_task(resolve())
    await asyncio.sleep(0)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("path", ["/manifests/v1", "/manifests/sha256", "/blobs/sha256"])
async def test_changed_bytes_are_refused_wherever_they_are(sandbox, resolve, path):
    sandbox.fail(Fault(tamper=True, path=path))

    with pytest.raises(RejectedError) as refused:
        await resolve()

    assert refused.value.reason == "digest_mismatch"
    assert sandbox.host in refused.value.sentence


def plant(sandbox, body: bytes, kind: str = OCI_MANIFEST) -> None:
    """Stores what a registry should have refused."""
    sandbox.push("odd", "v1", version="1")
    repository = sandbox.store.repositories["odd"]
    repository.manifests["planted"] = Manifest(digest_of(body), kind, body)
    repository.tags["v1"] = "planted"


CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:" + "0" * 64, "size": 2}


@pytest.mark.parametrize(
    ("document", "kind", "reason"),
    [
        ({"schemaVersion": 1, "fsLayers": []}, DOCKER_MANIFEST, "image_unsupported"),
        ({"schemaVersion": 2, "manifests": []}, OCI_INDEX, "image_unsupported"),
        ({"schemaVersion": 2}, OCI_MANIFEST, "image_invalid"),
        ({"schemaVersion": 2, "manifests": [], "config": CONFIG, "layers": []}, OCI_INDEX, "image_invalid"),
        ({"schemaVersion": 2, "config": CONFIG, "layers": []}, OCI_INDEX, "image_invalid"),
        (
            {"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": CONFIG, "layers": []},
            OCI_MANIFEST,
            "image_invalid",
        ),
        (
            {"schemaVersion": 2, "config": {**CONFIG, "digest": "../../other/blobs/x"}, "layers": []},
            OCI_MANIFEST,
            "image_invalid",
        ),
        ({"schemaVersion": 2, "layers": []}, OCI_MANIFEST, "image_unsupported"),
        (
            {"schemaVersion": 2, "config": CONFIG, "artifactType": "x/y", "layers": []},
            OCI_MANIFEST,
            "image_unsupported",
        ),
    ],
)
async def test_odd_manifests_are_refused_with_a_sentence(sandbox, anonymous, document, kind, reason):
    plant(sandbox, json.dumps(document).encode(), kind)

    with pytest.raises(RejectedError) as refused:
        await anonymous.resolve(repository=f"{sandbox.host}/odd", tag="v1")

    assert refused.value.reason == reason
    assert f"`{sandbox.host}/odd:v1`" in refused.value.sentence


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{" * 100_000, b"\xff", b'{"schemaVersion": 2, "manifests": 3}']
)
async def test_what_is_no_manifest_at_all_is_ours_to_look_at(sandbox, anonymous, body):
    plant(sandbox, body)

    with pytest.raises(BrokenError, match="not a manifest"):
        await anonymous.resolve(repository=f"{sandbox.host}/odd", tag="v1")


async def test_a_missing_config_may_still_come(sandbox, anonymous):
    plant(sandbox, json.dumps({"schemaVersion": 2, "config": CONFIG, "layers": []}).encode())

    with pytest.raises(NotYetError) as told:
        await anonymous.resolve(repository=f"{sandbox.host}/odd", tag="v1")

    assert told.value.reason == "image_incomplete"


async def test_a_manifest_without_end_is_not_read_to_its_end(sandbox, anonymous):
    plant(sandbox, b" " * (4 * 1024 * 1024 + 1))

    with pytest.raises(RejectedError, match="4 MiB"):
        await anonymous.resolve(repository=f"{sandbox.host}/odd", tag="v1")


async def test_an_index_of_too_many_images_is_refused_before_they_are_asked_for(sandbox, anonymous):
    entry = {"mediaType": OCI_MANIFEST, "size": 1}
    entries = [entry | {"digest": f"sha256:{number:064x}"} for number in range(65)]
    plant(sandbox, json.dumps({"schemaVersion": 2, "manifests": entries}).encode(), OCI_INDEX)

    with pytest.raises(RejectedError, match="65 images"):
        await anonymous.resolve(repository=f"{sandbox.host}/odd", tag="v1")

    assert len(sandbox.requests) == 1


@pytest.mark.parametrize("name", ["Registry.Example/App", "app:v1", "https://x.example/app", "127.0.0.1:1/../x"])
async def test_a_name_that_is_none_is_refused_before_anything_is_asked(anonymous, name):
    with pytest.raises(RejectedError) as refused:
        await anonymous.resolve(repository=name, tag="v1")

    assert refused.value.reason == "image_invalid"


async def test_a_tag_that_is_none_is_refused_before_anything_is_asked(sandbox, anonymous):
    with pytest.raises(RejectedError):
        await anonymous.resolve(repository=f"{sandbox.host}/app", tag="../../_catalog")

    assert list(sandbox.requests) == []


def test_retry_after_is_seconds_or_a_date():
    def waits(text: str) -> timedelta | None:
        return parse_retry_after({"Retry-After": text})

    in_an_hour = waits(format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True))
    assert waits("120") == timedelta(minutes=2)
    assert in_an_hour is not None
    assert timedelta(minutes=59) < in_an_hour <= timedelta(hours=1)
    assert waits("Wed, 21 Oct 2015 07:28:00 GMT") == timedelta(0)
    assert waits("99999999999999") == timedelta(days=1)
    assert waits("soon") is None
    assert parse_retry_after({}) is None


@given(
    st.text(max_size=40)
    | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9]{1,6} [0-9:]{1,9} [-+][0-9]{4,12}")
)
def test_no_retry_after_breaks_the_parser(text):
    wait = parse_retry_after({"Retry-After": text})

    assert wait is None or timedelta(0) <= wait <= timedelta(days=1)
