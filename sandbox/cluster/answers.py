"""What the API server says no with: `Status` objects, worded as Kubernetes words them."""

from __future__ import annotations

from sandbox.cluster.documents import Obj
from sandbox.cluster.resources import Resource


class ApiError(Exception):
    """An answer other than 2xx; `status` is the JSON body."""

    def __init__(self, code: int, reason: str, message: str, details: Obj | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status: Obj = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            **({"reason": reason} if reason else {}),
            **({"details": details} if details is not None else {}),
            "code": code,
        }


def _details(resource: Resource, name: str = "") -> Obj:
    details: Obj = {"name": name} if name else {}
    if resource.group:
        details["group"] = resource.group
    return {**details, "kind": resource.plural}


def not_found(resource: Resource, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{resource.qualified} "{name}" not found', _details(resource, name))


def already_exists(resource: Resource, name: str) -> ApiError:
    text = f'{resource.qualified} "{name}" already exists'
    return ApiError(409, "AlreadyExists", text, _details(resource, name))


def wrong_uid(resource: Resource, name: str, wanted: str, found: str) -> ApiError:
    """A delete with a precondition that does not hold names the kind, not the collection."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    why = f"the UID in the precondition ({wanted}) does not match the UID in record ({found})."
    text = (
        f'Operation cannot be fulfilled on {kind} "{name}": {why} The object might have been deleted and then recreated'
    )
    return ApiError(409, "Conflict", text, {**_details(resource, name), "kind": resource.kind})


def conflict(resource: Resource, name: str, why: str = "") -> ApiError:
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    text = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return ApiError(409, "Conflict", text, _details(resource, name))


def forbidden(resource: Resource, name: str, why: str) -> ApiError:
    named = f' "{name}"' if name else ""
    return ApiError(403, "Forbidden", f"{resource.qualified}{named} is forbidden: {why}", _details(resource, name))


def path_forbidden(user: str, verb: str, path: str) -> ApiError:
    return ApiError(403, "Forbidden", f'forbidden: User "{user}" cannot {verb} path "{path}"', {})


def invalid(resource: Resource, name: str, causes: list[tuple[str, str, str]]) -> ApiError:
    """`causes` are (field, reason such as `FieldValueRequired`, message)."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    texts = [f"{field}: {message}" for field, _, message in causes]
    text = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details: Obj = {
        "name": name,
        **({"group": resource.group} if resource.group else {}),
        "kind": resource.kind,
        "causes": [{"reason": reason, "message": message, "field": field} for field, reason, message in causes],
    }
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {text}', details)


def patch_rejected() -> ApiError:
    """Any JSON patch operation that does not apply, a failed `test` among them: Kubernetes does not say which."""
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {})


def no_such_stage(verb: str, stages: list[str]) -> ApiError:
    """For `dryRun=` with another word than `All`."""
    kind = f"{verb.title()}Options"
    listed = ", ".join(f'"{stage}"' for stage in stages)
    message = f'Unsupported value: [{listed}]: supported values: "All"'
    cause = {"reason": "FieldValueNotSupported", "message": message, "field": "dryRun"}
    details = {"group": "meta.k8s.io", "kind": kind, "causes": [cause]}
    return ApiError(422, "Invalid", f'{kind}.meta.k8s.io "" is invalid: dryRun: {message}', details)


def to_warning(text: str) -> str:
    """The value of a `Warning` header (RFC 7234, as k8s.io/apimachinery writes it)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{escaped}"'


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def too_old(revision: int, oldest: int) -> ApiError:
    return ApiError(410, "Expired", f"too old resource version: {revision} ({oldest})")


def list_too_old() -> ApiError:
    return ApiError(410, "Expired", "The resourceVersion for the provided list is too old.")


def continue_too_old() -> ApiError:
    text = (
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        "without the continue parameter."
    )
    return ApiError(410, "Expired", text)


def too_large(revision: int, current: int) -> ApiError:
    message = f"Too large resource version: {revision}, current: {current}"
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    return ApiError(504, "Timeout", f"Timeout: {message}", {"causes": causes, "retryAfterSeconds": 1})


def no_such_path() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def unsupported_media() -> ApiError:
    return ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
