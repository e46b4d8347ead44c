"""The request log: what was asked of the API, for tests and for the page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime


@dataclass(kw_only=True)
class Request:
    """One API request. `status` is 0 while it runs or when the connection was cut; `fault` names a planned fault."""

    at: datetime
    method: str
    path: str
    query: str
    operation: str
    app: str = ""
    status: int = 0
    fault: str = ""

    @property
    def is_write(self) -> bool:
        """Changes something people see; asking for a token does not count."""
        return self.method not in {"GET", "HEAD"} and self.operation not in {
            "apps/create-installation-access-token",
            "apps/revoke-installation-access-token",
        }


class Journal:
    """Requests in the order they came."""

    def __init__(self) -> None:
        self._requests: list[Request] = []

    def __iter__(self) -> Iterator[Request]:
        return iter(self._requests)

    def __len__(self) -> int:
        return len(self._requests)

    def __getitem__(self, index: int) -> Request:
        return self._requests[index]

    def append(self, request: Request) -> None:
        self._requests.append(request)

    def clear(self) -> None:
        self._requests.clear()

    def writes(self, *, app: str | None = None) -> list[Request]:
        return [request for request in self._requests if request.is_write and app in (None, request.app)]

    def of(self, operation: str) -> list[Request]:
        return [request for request in self._requests if request.operation == operation]
