"""Trouble on request: what an API server and the way to it can do to a client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from sandbox.cluster.documents import Obj

Kind = Literal["status", "text", "abort", "abort-after", "slow", "cut"]
"""`status`: a Status answer; `text`: an HTML page, as a proxy in front gives it; `abort`: the connection breaks before
anything happened; `abort-after`: it breaks after the change was stored; `slow`: the answer comes `seconds` late;
`cut`: a watch ends in the middle of its next line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a fault may choose by."""

    method: str
    path: str
    verb: str
    """`get`, `list`, `watch`, `create`, `update`, `patch`, `delete`."""
    resource: str = ""
    namespace: str = ""
    name: str = ""


@dataclass(kw_only=True)
class Fault:
    """Hits the next `count` requests that `matches` chooses, before anything is changed."""

    matches: Callable[[Request], bool]
    kind: Kind
    count: int = 1
    code: int = 503
    reason: str = "ServiceUnavailable"
    message: str = "the server is currently unable to handle the request"
    seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)

    def to_status(self) -> Obj:
        body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": self.code}
        return body | {"reason": self.reason, "message": self.message}


@dataclass
class Faults:
    """The queue of faults, first come first served."""

    waiting: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        self.waiting.append(fault)

    def clear(self) -> None:
        self.waiting.clear()

    def take(self, request: Request) -> Fault | None:
        """The fault that hits this request, counted down."""
        for fault in self.waiting:
            if fault.matches(request):
                fault.count -= 1
                if fault.count <= 0:
                    self.waiting.remove(fault)
                return fault
        return None
