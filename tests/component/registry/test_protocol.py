"""The sandbox's registry is no kinder than a real one: the same questions, the same answers."""

import aiohttp
import pytest

from sandbox.registry.image import PLACEHOLDER, build_image
from sandbox.registry.store import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, digest_of
from tests.component.registry.conftest import kinds
from tests.component.registry.push import Pusher, at
from tests.component.registry.real import ignores_accept

both = pytest.mark.parametrize("registry", kinds("open"), indirect=True)
ZEROS = "sha256:" + "0" * 64


@pytest.fixture
async def web(registry: Pusher):
    async with aiohttp.ClientSession(f"http://{registry.host}") as session:
        yield session


@pytest.fixture
async def pushed(registry):
    """Two platforms under `team/app:v1`."""
    image = build_image(
        behaviour="ok", version="1", labels={}, platforms=["linux/amd64", "linux/arm64"], program=PLACEHOLDER
    )
    await registry.push("team/app", "v1", image)
    return image


async def ask(web, method: str, path: str, **wishes) -> tuple[int, dict[str, str], bytes]:
    async with web.request(method, path, allow_redirects=False, **wishes) as answer:
        return answer.status, dict(answer.headers), await answer.read()


async def code_of(web, method: str, path: str, **wishes) -> tuple[int, str]:
    async with web.request(method, path, allow_redirects=False, **wishes) as answer:
        return answer.status, (await answer.json())["errors"][0]["code"]


@both
async def test_the_base_says_what_is_spoken(web):
    status, headers, body = await ask(web, "GET", "/v2/")

    assert (status, headers["Docker-Distribution-Api-Version"], body) == (200, "registry/2.0", b"{}")


@both
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_manifest_comes_with_its_type_digest_and_length(web, pushed, method):
    kind, body = pushed.manifests[-1]

    status, headers, got = await ask(web, method, "/v2/team/app/manifests/v1", headers={"Accept": OCI_INDEX})

    assert status == 200
    assert headers["Content-Type"] == kind
    assert headers["Docker-Content-Digest"] == digest_of(body)
    assert headers["Content-Length"] == str(len(body))
    assert got == (b"" if method == "HEAD" else body)


@both
@pytest.mark.parametrize("accept", [OCI_MANIFEST, DOCKER_MANIFEST, "application/json"])
@pytest.mark.parametrize("by", ["tag", "digest"])
async def test_an_index_that_was_not_asked_for_is_unknown(registry, web, pushed, accept, by):
    reference = "v1" if by == "tag" else digest_of(pushed.manifests[-1][1])
    path = f"/v2/team/app/manifests/{reference}"

    if registry.service == "real-registry" and ignores_accept():
        assert (await ask(web, "GET", path, headers={"Accept": accept}))[0] == 200
    else:
        assert await code_of(web, "GET", path, headers={"Accept": accept}) == (404, "MANIFEST_UNKNOWN")


@both
async def test_types_may_come_in_one_line_or_in_several(web, pushed):
    one = [("Accept", f"{OCI_MANIFEST}, {OCI_INDEX};q=0.5")]
    several = [("Accept", OCI_MANIFEST), ("Accept", OCI_INDEX)]

    for headers in (one, several):
        assert (await ask(web, "GET", "/v2/team/app/manifests/v1", headers=headers))[0] == 200


@both
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v2/team/app/manifests/v2", (404, "MANIFEST_UNKNOWN")),
        (f"/v2/team/app/manifests/{ZEROS}", (404, "MANIFEST_UNKNOWN")),
        ("/v2/team/nothing/manifests/v1", (404, "MANIFEST_UNKNOWN")),
        (f"/v2/team/app/blobs/{ZEROS}", (404, "BLOB_UNKNOWN")),
        ("/v2/team/nothing/tags/list", (404, "NAME_UNKNOWN")),
    ],
)
async def test_what_is_not_there_has_its_code(web, pushed, path, expected):
    assert await code_of(web, "GET", path, headers={"Accept": OCI_INDEX}) == expected


@both
async def test_a_blob_belongs_to_its_repository(registry, web, pushed):
    await registry.push(
        "other", "v1", build_image(behaviour="ok", version="2", labels={}, platforms=["linux/amd64"], program=b"x")
    )

    digest = digest_of(pushed.blobs[0])

    assert (await ask(web, "GET", f"/v2/team/app/blobs/{digest}"))[0] == 200
    assert await code_of(web, "GET", f"/v2/other/blobs/{digest}") == (404, "BLOB_UNKNOWN")


@both
async def test_a_part_of_a_blob_can_be_read(web, pushed):
    blob = pushed.blobs[0]

    status, headers, body = await ask(
        web, "GET", f"/v2/team/app/blobs/{digest_of(blob)}", headers={"Range": "bytes=10-19"}
    )

    assert (status, body) == (206, blob[10:20])
    assert headers["Content-Range"] == f"bytes 10-19/{len(blob)}"


@both
async def test_tags_are_listed(registry, web, pushed):
    await registry.push("team/app", "a-tag", pushed)

    async with web.get("/v2/team/app/tags/list") as answer:
        listed = await answer.json()

    assert listed["name"] == "team/app"
    assert sorted(listed["tags"]) == ["a-tag", "v1"]


@both
async def test_a_blob_may_come_in_pieces(web):
    async with web.post("/v2/app/blobs/uploads/") as begun:
        assert begun.headers["Docker-Upload-UUID"]
        location = at(begun.headers["Location"])
    for piece in (b"one", b"two"):
        status, headers, _ = await ask(web, "PATCH", location, data=piece)
        assert status == 202
        location = at(headers["Location"])
    status, headers, _ = await ask(web, "PUT", location, params={"digest": digest_of(b"onetwo")})

    assert (status, headers["Docker-Content-Digest"]) == (201, digest_of(b"onetwo"))
    assert (await ask(web, "GET", at(headers["Location"])))[2] == b"onetwo"


@both
async def test_a_blob_with_another_digest_than_said_is_refused(web):
    async with web.post("/v2/app/blobs/uploads/") as begun:
        location = at(begun.headers["Location"])

    assert await code_of(web, "PUT", location, params={"digest": ZEROS}, data=b"x") == (400, "DIGEST_INVALID")


@both
async def test_a_manifest_whose_parts_are_missing_is_refused(web, pushed):
    kind, body = pushed.manifests[0]

    answer = await code_of(web, "PUT", "/v2/empty/manifests/v1", data=body, headers={"Content-Type": kind})

    assert answer[0] == 400
    assert answer[1] in {"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"}


@both
@pytest.mark.parametrize(
    ("kind", "body"), [(OCI_MANIFEST, b"not json"), (OCI_MANIFEST, b'{"schemaVersion": 2, "mediaType": "x/y"}')]
)
async def test_a_manifest_that_is_none_is_refused(web, kind, body):
    assert await code_of(web, "PUT", "/v2/app/manifests/v1", data=body, headers={"Content-Type": kind}) == (
        400,
        "MANIFEST_INVALID",
    )


@both
async def test_a_manifest_under_another_digest_is_refused(web, pushed):
    kind, body = pushed.manifests[0]

    answer = await code_of(web, "PUT", f"/v2/team/app/manifests/{ZEROS}", data=body, headers={"Content-Type": kind})

    assert answer == (400, "DIGEST_INVALID")


@both
async def test_a_deleted_manifest_takes_its_tags_along(web, pushed):
    digest = digest_of(pushed.manifests[-1][1])

    deleted = await ask(web, "DELETE", f"/v2/team/app/manifests/{digest}")

    assert deleted[0] == 202
    for reference in (digest, "v1"):
        path = f"/v2/team/app/manifests/{reference}"
        assert await code_of(web, "GET", path, headers={"Accept": OCI_INDEX}) == (404, "MANIFEST_UNKNOWN")


@pytest.mark.parametrize("registry", kinds("basic", "bearer"), indirect=True)
async def test_a_protected_registry_asks_for_a_login_first(web):
    async with web.get("/v2/team/app/manifests/v1") as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].partition(" ")[0] in {"Basic", "Bearer"}
        assert (await answer.json())["errors"][0]["code"] == "UNAUTHORIZED"
