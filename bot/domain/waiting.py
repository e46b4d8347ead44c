"""What a container waits for → what it is called, how long it may last, what to do: one table, first match decides.

Seen on a real 1.36 node: the first `ErrImagePull` already says whether the image is missing or the registry is away, so
only the causes that may heal get a grace.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.graces import Graces
from bot.domain.workload import Container

Grace = Callable[[Graces], timedelta | None]
"""Which of the graces; None: never fatal by itself."""
_Applies = Callable[[Container], bool]


def _at_once(_: Graces) -> timedelta:
    return timedelta(0)


def _never(_: Graces) -> None:
    return None


def _registry(graces: Graces) -> timedelta:
    return graces.registry


def _config(graces: Graces) -> timedelta:
    return graces.config


def _second_sighting(graces: Graces) -> timedelta:
    return graces.start


@dataclass(frozen=True, slots=True)
class Row:
    """A waiting reason that means trouble: when it applies, how long it may last, what it is called."""

    code: str
    applies: _Applies
    grace: Grace
    sentence: str
    next_step: str


def _waits(*reasons: str, message: re.Pattern[str] | None = None, beside: re.Pattern[str] | None = None) -> _Applies:
    """One of the reasons; what the cluster says of it has to match both patterns, where they are given."""

    def applies(container: Container) -> bool:
        if container.waiting_reason not in reasons:
            return False
        words = _own_words(container)
        return all(each is None or each.search(words) for each in (message, beside))

    return applies


def _own_words(container: Container) -> str:
    """The message without quoted parts and image references, whose names could say anything."""
    unquoted = re.sub(r'"[^"]*"', " ", container.waiting_message)
    return " ".join(word for word in unquoted.split() if "/" not in word or "://" in word or word == "i/o")


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile(r"(?<![\w/.:-])(?:" + "|".join(alternatives) + r")(?![\w/-])", re.IGNORECASE)


_PULL = ("ErrImagePull", "ImagePullBackOff")
_START = ("CreateContainerError", "RunContainerError")
_TEMPORARY = _words(
    "429 too many requests",
    "toomanyrequests",
    r"50\d(?: [a-z ]+)?",
    "i/o timeout",
    "timed out",
    "deadline exceeded",
    "connection refused",
    "connection reset",
    "no such host",
    "x509",
)
_NOT_FOUND = _words("not found", "manifest unknown", "name unknown", "blob unknown")
_DENIED = _words(
    "(?<!permission )denied",
    "unauthorized",
    "403 forbidden",
    "authorization failed",
    "no basic auth credentials",
)
# The manifest was there: a layer may be on its way still, or its signed address has run out.
_CONTENT = _words("content", "blobs?", "layers?", "failed to copy", "httpReadSeeker")
_NO_CREDENTIALS = _words("(?:error|failed to) get(?:ting)? credentials", "credential (?:helper|provider)")
_CACHE = re.compile(r"failed to sync \w+ cache", re.IGNORECASE)
# Exit 128 and failed starts are excused only when the node, not the image, is at fault.
NODE_FAULT = _words(
    "shim",
    "cgroups?",
    "mount(?:ing)?",
    "ttrpc",
    "runtime (?:is )?(?:unreachable|not ready)",
    r"name \S{1,253} is reserved",
    "deadline exceeded",
)
# runc's own mark of a program that can't be run; the words around it speak of the shim whatever went wrong.
PROGRAM_FAULT = _words("exec:.*")
_NO_PROGRAM = _words("no such file or directory", "executable file not found.*", "permission denied", "is a directory")
FIX_COMMAND = "Correct the image's entrypoint or the workload's `command`."
_CHECK_TAG = "Check that CI pushed this image, then deploy again."
_CHECK_RIGHTS = "Check the image pull secret of the namespace and the rights of its account."

# In order: the first row that applies is the finding.
_ROWS: tuple[Row, ...] = (
    Row(
        "invalid_image_name",
        _waits("InvalidImageName"),
        _at_once,
        "the image name of container `{container}` is not valid",
        "Correct `image` or `tag` in the catalog.",
    ),
    Row(
        "image_never_pulled",
        _waits("ErrImageNeverPull"),
        _at_once,
        "container `{container}` may not pull its image (`imagePullPolicy: Never`) and the node does not have it",
        "Set `imagePullPolicy: IfNotPresent` in the workload.",
    ),
    Row(
        "image_signature",
        _waits("SignatureValidationFailed"),
        _at_once,
        "the node refused the signature of the image of container `{container}`",
        "Sign the image with the key that the node's policy names.",
    ),
    Row(
        "image_signature",
        _waits(*_PULL, message=re.compile("SignatureValidationFailed")),
        _at_once,
        "the node refused the signature of the image of container `{container}`",
        "Sign the image with the key that the node's policy names.",
    ),
    Row(
        "image_pull",
        _waits(*_PULL, message=_TEMPORARY),
        _registry,
        "the image of container `{container}` can't be pulled now: the registry does not answer as it should",
        "Check the registry and the node's way to it.",
    ),
    Row(
        "image_platform",
        _waits(*_PULL, message=_words("no match for platform.*", "no matching manifest.*")),
        _at_once,
        "the image of container `{container}` is not made for the node's platform",
        "Build the image for the nodes' platform.",
    ),
    Row(
        "image_denied",
        _waits(*_PULL, message=_NO_CREDENTIALS),
        _second_sighting,
        "the node has no credentials for the image of container `{container}`",
        _CHECK_RIGHTS,
    ),
    Row(
        "image_not_found",
        _waits(*_PULL, message=_NOT_FOUND, beside=_CONTENT),
        _second_sighting,
        "the node can't find a part of the image of container `{container}`",
        _CHECK_TAG,
    ),
    Row(
        "image_not_found",
        _waits(*_PULL, message=_NOT_FOUND),
        _at_once,
        "the node can't find the image of container `{container}`",
        _CHECK_TAG,
    ),
    Row(
        "image_denied",
        _waits(*_PULL, message=_DENIED, beside=_CONTENT),
        _second_sighting,
        "the registry denies the node a part of the image of container `{container}`",
        _CHECK_RIGHTS,
    ),
    Row(
        "image_denied",
        _waits(*_PULL, message=_DENIED),
        _at_once,
        "the registry denies the node the image of container `{container}`",
        _CHECK_RIGHTS,
    ),
    Row(
        "image_pull",
        _waits(*_PULL, "RegistryUnavailable", "ImageInspectError"),
        _registry,
        "the image of container `{container}` can't be pulled",
        "Check the registry and the node's way to it.",
    ),
    Row(
        "container_config",
        _waits("CreateContainerConfigError", message=_CACHE),
        _never,
        "the node still fetches what container `{container}` refers to",
        "If it stays, tell the platform team the node's name.",
    ),
    Row(
        "container_config",
        _waits("CreateContainerConfigError"),
        _config,
        "container `{container}` refers to a secret, a config map or a key that is not there",
        "Create it in the namespace, or correct the reference.",
    ),
    Row(
        "cannot_start",
        _waits(*_START, message=PROGRAM_FAULT),
        _at_once,
        "the command of container `{container}` can't be run",
        FIX_COMMAND,
    ),
    Row(
        "node_fault",
        _waits(*_START, message=NODE_FAULT),
        _never,
        "the node could not start container `{container}`",
        "If it stays, tell the platform team the node's name.",
    ),
    Row(
        "cannot_start",
        _waits(*_START, message=_NO_PROGRAM),
        _at_once,
        "the command of container `{container}` can't be run",
        FIX_COMMAND,
    ),
    Row(
        "cannot_start",
        _waits(*_START),
        _second_sighting,
        "container `{container}` can't be started",
        FIX_COMMAND,
    ),
)


def row_of(container: Container) -> Row | None:
    """The row for what the container waits for; None when it waits for nothing remarkable."""
    return next((each for each in _ROWS if each.applies(container)), None)
