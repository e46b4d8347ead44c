"""Image references, digests, platforms and tag templates."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from bot.errors import RejectedError

REVISION_LABEL: Final = "org.opencontainers.image.revision"
REVISION_MISMATCH: Final = "revision_mismatch"
"""The reason code of an image that says it was built from another commit."""

_DOCKER_HUB: Final = "registry-1.docker.io"
_DOCKER_HUB_NAMES: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_PATH_LIMIT: Final = 255
_TAG_LIMIT: Final = 128

# The grammar of github.com/distribution/reference, which every container runtime uses. `\w` and `\d` would take more.
_HOST: Final = re.compile(
    r"(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
    r"(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::(?P<port>[0-9]{1,5}))?"
)
_COMPONENT: Final = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_NOT_IN_A_TAG: Final = re.compile(r"[^a-zA-Z0-9._-]+")
_DIGEST: Final = re.compile(r"sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}")
_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ABBREVIATED_SHA: Final = re.compile(r"[0-9a-f]{7,64}")
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_KNOWN: Final = ("sha", "short_sha", "branch", "pr")


@dataclass(frozen=True, slots=True)
class Platform:
    """`linux/amd64`, as an image or a node names it."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `linux/arm64/v8`, in whatever spelling; raises ValueError."""
        parts = text.strip().lower().split("/")
        if len(parts) not in {2, 3} or not all(parts):
            raise ValueError(f"`{text}` is not a platform: write os/architecture, such as linux/amd64")
        return cls(*parts).normalised()

    def normalised(self) -> Self:
        """One spelling for one thing, as containerd reads it: `aarch64` and `arm64/v8` are `arm64`."""
        architecture = _ARCHITECTURES.get(self.architecture, self.architecture)
        variant = _VARIANTS.get((architecture, self.variant), self.variant)
        return type(self)(self.os, architecture, variant)

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


_ARCHITECTURES: Final = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386", "armhf": "arm"}
_VARIANTS: Final = {
    ("arm64", "v8"): "",
    ("arm64", "8"): "",
    ("amd64", "v1"): "",
    ("arm", ""): "v7",
    ("arm", "7"): "v7",
    ("arm", "6"): "v6",
    ("arm", "5"): "v5",
}
# What containerd also takes on a machine of the first kind when the image has nothing better.
_ALSO_RUNS: Final = {"amd64": "386", "arm64": "arm"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedImage:
    """What a tag meant when it was asked: verified bytes, not the registry's word."""

    repository: str
    tag: str
    digest: str
    """`sha256:…` of the manifest or index bytes, hashed by us."""
    platforms: frozenset[Platform]
    """Empty when the image does not say."""
    platform_digests: frozenset[str] = frozenset()
    """For an index: digests of its platform manifests; a runtime may report either."""
    labels: dict[str, str] = field(default_factory=dict)
    """Labels all platforms agree on."""

    @property
    def pinned(self) -> str:
        """`repository:tag@sha256:…`, what is written into the workload."""
        return f"{self.repository}:{self.tag}@{self.digest}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRepository:
    """Where images of one name live: `registry.example/payments/checkout`, without tag and digest."""

    text: str
    """As the catalog writes it, which is also how it goes into the workload."""
    registry: str
    """Host, perhaps with a port, that answers the registry API; Docker Hub is `registry-1.docker.io`."""
    path: str
    """The name at that registry; Docker Hub's short names get their `library/`."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """By the rules of every container runtime; raises ValueError with a sentence that says what to write."""
        _refuse_more_than_a_repository(text)
        registry, path = _split_registry(text)
        _check_registry(registry, text)
        _check_path(path, text)
        return cls(text=text, registry=registry, path=path)


def _refuse_more_than_a_repository(text: str) -> None:
    if "://" in text:
        raise ValueError(f"`{text}` begins with a scheme; write it without, such as registry.example/team/app")
    if "@" in text:
        raise ValueError(f"`{text}` carries a digest; write the repository only, the digest is looked up")
    if not text or text != text.strip():
        raise ValueError(
            "an image repository is empty or has spaces around it; write it like registry.example/team/app"
        )
    if ":" in text.rpartition("/")[2]:
        raise ValueError(f"`{text}` carries a tag; write the repository here and the tag under `tag:`")


def _split_registry(text: str) -> tuple[str, str]:
    """What comes before the first slash is a host only if it looks like one (so `library/nginx` is on Docker Hub)."""
    first, slash, rest = text.partition("/")
    is_host = bool(slash) and (any(mark in first for mark in ".:") or first == "localhost" or first != first.lower())
    registry, path = (first, rest) if is_host else ("docker.io", text)
    if registry.lower() in _DOCKER_HUB_NAMES:
        return _DOCKER_HUB, path if "/" in path else f"library/{path}"
    return registry.lower(), path


def _check_registry(registry: str, text: str) -> None:
    match = _HOST.fullmatch(registry)
    if match is None:
        raise ValueError(
            f"`{text}` does not begin with a host: `{registry}` is not one (write it like registry.example:5000)"
        )
    if (port := match["port"]) is not None and not 0 < int(port) <= 65535:
        raise ValueError(f"`{text}` has the port {port}; ports go from 1 to 65535")


def _check_path(path: str, text: str) -> None:
    if path != path.lower():
        raise ValueError(f"`{text}` has capital letters; image names are lower-case: {text.lower()}")
    if len(path) > _PATH_LIMIT:
        raise ValueError(
            f"an image name has at most {_PATH_LIMIT} characters, this one has {len(path)}: `{text[:40]}…`"
        )
    for component in path.split("/"):
        if not _COMPONENT.fullmatch(component):
            raise ValueError(
                f"`{text}` is not an image name: `{component}` must be letters a-z and digits, "
                "joined by single dots, dashes or one or two underscores"
            )


@dataclass(frozen=True, slots=True)
class TagTemplate:
    """How CI names an image: text with `{sha}`, `{short_sha}`, `{branch}` and `{pr}`."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError with a sentence that names the placeholders there are."""
        names = _PLACEHOLDER.findall(text)
        for name in names:
            if name not in _KNOWN:
                known = ", ".join(f"{{{each}}}" for each in _KNOWN)
                raise ValueError(f"`{{{name}}}` is not a placeholder of a tag; there are {known}")
        # Stand-ins that are right in any place of a tag show what is wrong with the text around them.
        sample = _PLACEHOLDER.sub("x", text)
        if not _TAG.fullmatch(sample):
            raise ValueError(
                f"`{text}` cannot be a tag: at most {_TAG_LIMIT} letters, digits, dots, dashes and underscores, "
                "not beginning with a dot or a dash (placeholders stand in single braces)"
            )
        return cls(text)

    @property
    def names_commit(self) -> bool:
        """Whether the tag differs from commit to commit; one that does not may still hold yesterday's image."""
        return "{sha}" in self.text or "{short_sha}" in self.text

    @property
    def needs_pull_request(self) -> bool:
        """Whether it can only be rendered for a commit that came with a pull request."""
        return "{pr}" in self.text

    def render(self, *, sha: str, branch: str, pull_request: int | None) -> str:
        """The tag for one commit; raises RejectedError when there is none, ValueError for what is not a full SHA.

        The branch is made safe as docker/metadata-action does it (`feature/login` → `feature-login`),
        and a short SHA has its 7 characters.
        """
        if not _SHA.fullmatch(sha):
            raise ValueError(f"`{sha}` is not a full commit SHA")
        if self.needs_pull_request and pull_request is None:
            raise RejectedError(
                "tag_needs_pull_request",
                f"The tag `{self.text}` needs a pull request's number, and {sha[:7]} did not come with a pull request.",
                hint="Deploy a commit that was merged by a pull request, or use {sha} in the app's `tag:`.",
            )
        values = {"sha": sha, "short_sha": sha[:7], "branch": _tag_safe(branch), "pr": str(pull_request)}
        tag = _PLACEHOLDER.sub(lambda match: values[match[1]], self.text)
        if not _TAG.fullmatch(tag):
            raise RejectedError("tag_invalid", _why_no_tag(self.text, tag), hint="Use {sha} in the app's `tag:`.")
        return tag


def _tag_safe(branch: str) -> str:
    """The replacement of docker/metadata-action's `sanitizeTag`: a run of anything else becomes one dash."""
    return _NOT_IN_A_TAG.sub("-", branch)


def _why_no_tag(template: str, tag: str) -> str:
    if len(tag) > _TAG_LIMIT:
        return (
            f"The tag `{template}` becomes {len(tag)} characters long (`{tag[:40]}…`); a registry takes {_TAG_LIMIT}."
        )
    return f"The tag `{template}` becomes `{tag}`, which no registry takes: a tag begins with a letter, a digit or `_`."


def is_digest(text: str) -> bool:
    """Whether it is a whole `sha256:…` or `sha512:…`."""
    return _DIGEST.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Whether a registry takes it as a tag."""
    return _TAG.fullmatch(text) is not None


def fits(image: Collection[Platform], nodes: Collection[Platform] | None) -> str | None:
    """Why no node can run the image, as a sentence; None when one can, or when either side does not say.

    One fitting node is enough: a workload may be bound to it, and that is the scheduler's to know.
    """
    if not image or not nodes or any(_runs_on(each, node) for each in image for node in nodes):
        return None
    built, there = (", ".join(sorted({str(each.normalised()) for each in side})) for side in (image, nodes))
    return f"The image is built for {built}, and the cluster's nodes are {there}."


def _runs_on(image: Platform, node: Platform) -> bool:
    """As containerd matches; a node rarely tells its variant, so variants do not rule anything out."""
    image, node = image.normalised(), node.normalised()
    architectures = {node.architecture, _ALSO_RUNS.get(node.architecture, node.architecture)}
    return image.os == node.os and image.architecture in architectures


def revision_conflict(labels: Mapping[str, str], sha: str) -> str | None:
    """Why the image's own word about its commit speaks against `sha`; None when it agrees or is silent."""
    revision = labels.get(REVISION_LABEL, "").strip()
    if not revision or (_ABBREVIATED_SHA.fullmatch(revision.lower()) and sha.startswith(revision.lower())):
        return None
    return (
        f"The image says it was built from `{_shortened(revision)}` (label `{REVISION_LABEL}`), not from `{sha[:7]}`. "
        "Either the tag holds another commit's image, or the label came from the base image."
    )


def _shortened(revision: str) -> str:
    """A SHA as people know it; other text cut, and without what would end the code span it stands in."""
    if _SHA.fullmatch(revision):
        return revision[:7]
    return re.sub(r"[^A-Za-z0-9._/+@:-]", "?", revision[:60])
