"""One webhook delivery, how it is signed, and the ways deliveries can go wrong."""

import hashlib
import hmac
import json
import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sandbox.github.model import App


@dataclass(kw_only=True)
class Mode:
    """How deliveries go wrong; the default is politely in order. Probabilities are 0 to 1, delays seconds.

    `drop` fails a delivery before it reaches the receiver (it stays in the log); `lose` leaves no trace.
    `events` limits all of it to the named events.
    """

    order: Literal["in_order", "shuffled"] = "in_order"
    concurrency: int = 1
    seed: int = 0
    duplicate: float = 0.0
    drop: float = 0.0
    lose: float = 0.0
    delay: tuple[float, float] = (0.0, 0.0)
    stale: bool = False
    events: frozenset[str] | None = None

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def touches(self, event: str) -> bool:
        return self.events is None or event in self.events


@dataclass(eq=False, kw_only=True)
class Delivery:
    """One attempt. `status_code` is 0 when no answer came; `status` says why in words, as GitHub's list does."""

    id: int
    guid: str
    app: App
    event: str
    action: str | None
    body: bytes
    installation_id: int | None
    repository_id: int | None
    redelivery: bool = False
    delivered_at: datetime | None = None
    duration: float = 0.0
    status: str = "pending"
    status_code: int = 0
    request_headers: dict[str, str] = field(default_factory=dict)
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str = ""

    @property
    def payload(self) -> Any:
        return json.loads(self.body)

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status_code < 300


def sign(secret: str, body: bytes) -> dict[str, str]:
    """Both signature headers; none at all without a secret."""
    if not secret:
        return {}
    one = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    two = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature": f"sha1={one}", "X-Hub-Signature-256": f"sha256={two}"}
