"""A refusal as GitHub words it: a status, a message, perhaps `errors[]`. People's actions raise it too."""

from collections.abc import Mapping, Sequence
from typing import Any

DOCS = "https://docs.github.com/rest"


class RefusedError(Exception):
    """What GitHub answers instead of doing it; `status` is the HTTP status."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[Mapping[str, Any] | str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message
        self.errors = list(errors)
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"message": self.message, "documentation_url": DOCS, "status": str(self.status)}
        if self.errors:
            shown["errors"] = self.errors
        return shown


def not_found() -> RefusedError:
    return RefusedError(404, "Not Found")


def invalid(resource: str, field: str, code: str = "invalid", *, message: str | None = None) -> RefusedError:
    """422 with one entry in `errors[]`, in the shape of GitHub's validation answers."""
    entry = {"resource": resource, "field": field, "code": code}
    if message:
        entry |= {"code": "custom", "message": message}
    return RefusedError(422, "Validation Failed", errors=[entry])


def bad_request(text: str) -> RefusedError:
    """422 as GitHub's parameter check words it."""
    return RefusedError(422, f"Invalid request.\n\n{text}")
