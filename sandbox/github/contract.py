"""What a contract checker must offer; the sandbox runs without one, the tests with GitHub's own description."""

from collections.abc import Mapping
from typing import Any, Protocol


class Validator(Protocol):
    """Notes violations, never raises: the emulator must go on as GitHub would."""

    def request(
        self, *, operation: str, version: str, query: Mapping[str, str], body: Any | None, has_body: bool
    ) -> None:
        """A request, before its handler. `body` is parsed JSON, or the raw text when it does not parse."""
        ...

    def answer(self, *, operation: str, version: str, status: int, body: Any | None) -> None:
        """An answer, before it leaves; injected faults are not shown here."""
        ...

    def webhook(self, *, event: str, action: str | None, payload: Any, version: str) -> None:
        """A payload, before it is sent."""
        ...

    def unknown_route(self, *, method: str, path: str) -> None:
        """A request that no operation answers."""
        ...
