"""References, platforms and the image's own word about its commit."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.image import (
    REVISION_LABEL,
    ImageRepository,
    Platform,
    ResolvedImage,
    fits,
    is_digest,
    is_tag,
    revision_conflict,
)

SHA = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678"


@pytest.mark.parametrize(
    ("text", "registry", "path"),
    [
        ("registry.example/payments/checkout", "registry.example", "payments/checkout"),
        ("registry.example:5000/app", "registry.example:5000", "app"),
        ("localhost/app", "localhost", "app"),
        ("localhost:5000/a/b/c", "localhost:5000", "a/b/c"),
        ("127.0.0.1:5001/app", "127.0.0.1:5001", "app"),
        ("[::1]:5000/app", "[::1]:5000", "app"),
        ("GHCR.IO/acme/app", "ghcr.io", "acme/app"),
        ("nginx", "registry-1.docker.io", "library/nginx"),
        ("acme/app", "registry-1.docker.io", "acme/app"),
        ("docker.io/nginx", "registry-1.docker.io", "library/nginx"),
        ("index.docker.io/acme/app", "registry-1.docker.io", "acme/app"),
        ("registry.example/a__b/c-d/e--f/g.h", "registry.example", "a__b/c-d/e--f/g.h"),
    ],
)
def test_a_repository_is_found_where_a_runtime_would_look(text, registry, path):
    parsed = ImageRepository.parse(text)

    assert (parsed.registry, parsed.path, parsed.text) == (registry, path, text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "empty"),
        (" registry.example/app", "spaces"),
        ("https://registry.example/app", "scheme"),
        ("registry.example/app:latest", "under `tag:`"),
        ("nginx:1.27", "under `tag:`"),
        ("registry.example/app@sha256:" + "0" * 64, "digest"),
        ("registry.example/Payments/Checkout", "registry.example/payments/checkout"),
        ("registry.example:99999/app", "1 to 65535"),
        ("registry.example:0/app", "1 to 65535"),
        ("-registry.example/app", "not one"),
        ("registry..example/app", "not one"),
        ("registry.example/", "not an image name"),
        ("registry.example/a//b", "not an image name"),
        ("registry.example/../secrets", "`..`"),
        ("registry.example/a___b", "not an image name"),
        ("registry.example/app-", "not an image name"),
        ("registry.example/café", "not an image name"),
        ("registry.example/app?x=1", "not an image name"),
        ("registry.example/" + "a" * 256, "at most 255"),
    ],
)
def test_what_is_no_repository_is_refused_with_what_to_write(text, part):
    with pytest.raises(ValueError) as refused:
        ImageRepository.parse(text)

    assert part in str(refused.value)


components = st.from_regex(r"[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}", fullmatch=True)
hosts = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,4})?\.[a-z0-9]{1,8}(:[1-9][0-9]{0,3})?", fullmatch=True)


@given(host=hosts, parts=st.lists(components, min_size=1, max_size=4))
def test_every_reference_by_the_grammar_is_taken_apart_and_nothing_is_lost(host, parts):
    path = "/".join(parts)

    parsed = ImageRepository.parse(f"{host}/{path}")

    assert (parsed.registry, parsed.path) == (host, path)


@given(text=st.text(alphabet=string.printable + "é/\u212a\u0661", max_size=40))
def test_whatever_is_accepted_is_safe_inside_a_url_path(text):
    try:
        parsed = ImageRepository.parse(text)
    except ValueError:
        return

    assert set(parsed.path) <= set(string.ascii_lowercase + string.digits + "._-/")
    assert ".." not in parsed.path
    assert "" not in parsed.path.split("/")
    assert set(parsed.registry) <= set(string.ascii_lowercase + string.digits + ".-:[]")


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("sha256:" + "0" * 64, True),
        ("sha512:" + "a" * 128, True),
        ("sha256:" + "A" * 64, False),
        ("sha256:" + "0" * 63, False),
        ("sha256:" + "0" * 64 + "\n", False),
        ("md5:" + "0" * 32, False),
    ],
)
def test_a_digest_is_whole_and_lower_case(text, good):
    assert is_digest(text) is good


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("latest", True),
        ("_x", True),
        ("1.2", True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("-x", False),
        ("a\n", False),
    ],
)
def test_a_tag_is_what_registries_take(text, good):
    assert is_tag(text) is good


def test_a_resolved_image_is_pinned_by_its_digest():
    image = ResolvedImage(repository="r.example/a", tag="x", digest="sha256:1", platforms=frozenset())

    assert image.pinned == "r.example/a:x@sha256:1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linux/amd64", Platform("linux", "amd64")),
        ("Linux/x86_64", Platform("linux", "amd64")),
        ("linux/arm64/v8", Platform("linux", "arm64")),
        ("linux/aarch64", Platform("linux", "arm64")),
        ("linux/arm", Platform("linux", "arm", "v7")),
        ("linux/arm/v6", Platform("linux", "arm", "v6")),
    ],
)
def test_platforms_have_one_spelling(text, expected):
    assert Platform.parse(text) == expected


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "a/b/c/d"])
def test_half_a_platform_is_refused(text):
    with pytest.raises(ValueError, match="linux/amd64"):
        Platform.parse(text)


@pytest.mark.parametrize(
    ("image", "nodes"),
    [
        (["linux/amd64"], ["linux/amd64"]),
        (["linux/amd64", "linux/arm64"], ["linux/arm64"]),
        (["linux/amd64"], ["linux/arm64", "linux/amd64"]),
        (["linux/arm64/v8"], ["linux/aarch64"]),
        (["linux/386"], ["linux/amd64"]),
        (["linux/arm/v6"], ["linux/arm64"]),
        (["linux/amd64/v3"], ["linux/amd64"]),
        ([], ["linux/amd64"]),
        (["linux/amd64"], []),
    ],
)
def test_an_image_fits_where_a_node_can_run_it(image, nodes):
    assert fits({Platform.parse(each) for each in image}, {Platform.parse(each) for each in nodes}) is None


@pytest.mark.parametrize(
    ("image", "nodes"),
    [
        (["linux/arm64"], ["linux/amd64"]),
        (["windows/amd64"], ["linux/amd64"]),
        (["linux/amd64"], ["linux/386"]),
        (["linux/arm64"], ["linux/arm"]),
    ],
)
def test_an_image_for_other_machines_is_told_with_both_sides(image, nodes):
    sentence = fits({Platform.parse(each) for each in image}, {Platform.parse(each) for each in nodes})

    assert sentence is not None
    assert image[0] in sentence
    assert str(Platform.parse(nodes[0])) in sentence


def test_unreadable_nodes_rule_nothing_out():
    assert fits({Platform("linux", "arm64")}, None) is None


@pytest.mark.parametrize("revision", [None, "", "  ", SHA, SHA[:7], SHA[:12].upper(), f" {SHA}\n"])
def test_a_revision_that_agrees_or_is_silent_is_no_conflict(revision):
    labels = {} if revision is None else {REVISION_LABEL: revision}

    assert revision_conflict(labels, SHA) is None


@pytest.mark.parametrize("revision", ["b" * 40, "b" * 7, SHA[:6], "main", "v1.2.3", SHA + "0"])
def test_a_revision_of_another_commit_is_a_conflict(revision):
    sentence = revision_conflict({REVISION_LABEL: revision}, SHA)

    assert sentence is not None
    assert revision[:7] in sentence
    assert SHA[:7] in sentence


def test_a_label_cannot_break_out_of_the_sentence():
    sentence = revision_conflict({REVISION_LABEL: "`\n# Deployed\n<img src=x> @everyone" + "x" * 500}, SHA)

    assert sentence is not None
    assert "\n" not in sentence
    assert "<" not in sentence
    assert len(sentence) < 300
