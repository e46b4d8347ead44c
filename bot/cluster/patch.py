"""The one narrow write: a JSON patch that may only change our container's image and our annotations.

Its `test` operations pin uid, container name and the image that was read: neither a recreated workload, nor a
reordered list, nor somebody's newer image is hit.
A strategic merge would add a container where the name is mistyped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.cluster.answers import ConflictError, RefusedError
from bot.cluster.client import Client
from bot.cluster.kinds import WorkloadObject, kind_of
from bot.cluster.pace import BackOff, Pace
from bot.cluster.request import Request
from bot.domain.intent import Target
from bot.domain.outside import as_code
from bot.domain.workload import ANNOTATION_INTENT, ANNOTATION_PREFIX
from bot.errors import BrokenError, RejectedError, TransientError

_TRIES = 4


@dataclass(frozen=True, slots=True)
class Written:
    """The workload as the API server returned it, and whether the image is another one than before."""

    workload: WorkloadObject
    changed: bool
    warnings: tuple[str, ...] = ()


async def write_image(
    client: Client,
    pace: Pace,
    target: Target,
    *,
    uid: str,
    expected_image: str,
    image: str,
    annotations: Mapping[str, str],
    expected_intent: str = "",
    dry_run: bool = False,
) -> Written:
    """Patch until it is in or refused; repeating it changes nothing. A dry run asks everyone and keeps nothing.

    Writes only over `expected_image` (or `image` itself) while our annotation names `expected_intent` (or the intent of
    `annotations`), so that a worker that was overtaken stops, also where the image has come back to what it was.

    Raises `RejectedError` (`workload_recreated`, `container_not_found`, `admission_denied`, `cluster_refused`,
    `cluster_forbidden`) and `TransientError` when others wrote meanwhile.
    """
    back_off = BackOff(pace)
    lost: RefusedError | ConflictError | None = None
    for _ in range(_TRIES):
        before = await read_workload(client, target)
        _require_image(before, target, (expected_image, image))
        _require_intent(before, target, (expected_intent, annotations.get(ANNOTATION_INTENT, expected_intent)))
        operations = image_patch(before, target.container, uid=uid, image=image, annotations=annotations)
        try:
            after, warnings = await client.patch(
                _request("patch", target), kind_of(target).type_, operations=operations, dry_run=dry_run
            )
        except (RefusedError, ConflictError) as error:
            if isinstance(error, RefusedError) and not _may_be_a_race(error):
                raise
            lost = error
            await back_off.wait()
            continue
        return Written(after, image_of(before, target.container) != image_of(after, target.container), warnings)
    if isinstance(lost, RefusedError):
        raise lost
    raise TransientError(f"others keep changing {target.workload}; the patch did not get in") from lost


async def read_workload(client: Client, target: Target) -> WorkloadObject:
    """The live object; raises `MissingError` where it or its namespace is not there.

    `RejectedError` `kind_not_supported` for another kind.
    """
    return await client.get(_request("get", target), kind_of(target).type_)


def image_patch(
    live: WorkloadObject, container: str, *, uid: str, image: str, annotations: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The patch's operations for the object as it is now."""
    if live.metadata.uid != uid:
        sentence = f"`{live.metadata.name}` was deleted and made anew since it was read."
        raise RejectedError("workload_recreated", sentence, hint="Deploy again to take the new one.")
    place = f"/spec/template/spec/containers/{container_index(live, container)}"
    now = image_of(live, container)
    return [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": f"{place}/name", "value": container},
        {"op": "test", "path": f"{place}/image", "value": now},
        {"op": "replace", "path": f"{place}/image", "value": image},
        *_pin_intent(live),
        *_annotate(live, annotations),
    ]


def _require_image(live: WorkloadObject, target: Target, allowed: tuple[str, str]) -> None:
    container_index(live, target.container)
    if image_of(live, target.container) not in allowed:
        raise TransientError(f"the image of {target.workload} was changed since it was read; reading it again")


def _require_intent(live: WorkloadObject, target: Target, allowed: tuple[str, str]) -> None:
    if _intent_of(live) not in allowed:
        raise TransientError(f"another deploy has changed {target.workload} since it was read; reading it again")


def _intent_of(live: WorkloadObject) -> str:
    return (live.metadata.annotations or {}).get(ANNOTATION_INTENT, "")


def _pin_intent(live: WorkloadObject) -> list[dict[str, Any]]:
    """A request that hangs must not land after another intent has been here, whatever image that left."""
    found = _intent_of(live)
    if found:
        return [{"op": "test", "path": f"/metadata/annotations/{_pointer(ANNOTATION_INTENT)}", "value": found}]
    return [{"op": "test", "path": "/metadata/resourceVersion", "value": live.metadata.resource_version}]


def _annotate(live: WorkloadObject, annotations: Mapping[str, str]) -> list[dict[str, Any]]:
    foreign = [key for key in annotations if not key.startswith(ANNOTATION_PREFIX)]
    if foreign:
        raise BrokenError(f"only {ANNOTATION_PREFIX}… may be written, not {', '.join(sorted(foreign))}")
    if live.metadata.annotations or not annotations:
        return [
            {"op": "add", "path": f"/metadata/annotations/{_pointer(key)}", "value": value}
            for key, value in sorted(annotations.items())
        ]
    # Adding the whole object would wipe what somebody else adds meanwhile; but without ours the version is pinned.
    return [{"op": "add", "path": "/metadata/annotations", "value": dict(sorted(annotations.items()))}]


def container_index(live: WorkloadObject, container: str) -> int:
    """Place of the container in the template; raises `RejectedError` `container_not_found` naming those that exist."""
    names = [each.name for each in live.spec.template.spec.containers or ()]
    if container not in names:
        known = ", ".join(f"`{name}`" for name in names)
        sentence = f"`{live.metadata.name}` has no container `{container}`; it has {known or 'none'}."
        raise RejectedError("container_not_found", sentence, hint="Correct `container` in the catalog.")
    return names.index(container)


def image_of(live: WorkloadObject, container: str) -> str:
    """Image reference of the container in the live template."""
    return next((each.image for each in live.spec.template.spec.containers or () if each.name == container), "")


def _may_be_a_race(error: RefusedError) -> bool:
    """A failed `test` is a 422 that does not say which; a faulty object is one that does (`… is invalid: …`)."""
    return error.status == 422 and error.reason != "admission_denied" and " is invalid" not in error.message


def _pointer(key: str) -> str:
    """A key as one segment of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _request(verb: str, target: Target) -> Request:
    return Request(verb=verb, resource=kind_of(target).resource, namespace=target.namespace, name=target.name)


def missing_workload(target: Target) -> str:
    """What to say of a workload that is not there, without a full stop."""
    return f"There is no {target.kind} {as_code(target.name)} in namespace `{target.namespace}`"
