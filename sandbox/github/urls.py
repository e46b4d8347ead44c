"""Addresses in answers and payloads. The API's is learnt from the first request, so links lead back here."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import overload
from urllib.parse import quote

from sandbox.github.model import Account, Repository


@dataclass(kw_only=True)
class Urls:
    """`api` and `web` without a trailing slash; `pinned` once somebody said what they are."""

    api: str = "https://api.github.com"
    web: str = "https://github.com"
    pinned: bool = False

    def serve_at(self, *, api: str, web: str) -> None:
        self.api, self.web, self.pinned = api.rstrip("/"), web.rstrip("/"), True

    def repo(self, repository: Repository) -> str:
        return f"{self.api}/repos/{repository.full_name}"

    def page(self, repository: Repository) -> str:
        return f"{self.web}/{repository.full_name}"

    def user(self, account: Account) -> str:
        return f"{self.api}/users/{quote(account.login, safe='')}"

    def profile(self, account: Account) -> str:
        """A bot's profile is its App's page."""
        if account.kind == "Bot":
            return f"{self.web}/apps/{account.login.removesuffix('[bot]')}"
        return f"{self.web}/{account.login}"


def node_id(kind: str, number: int) -> str:
    return base64.b64encode(f"{kind}{number}".encode()).decode()


@overload
def stamp(moment: datetime) -> str: ...
@overload
def stamp(moment: None) -> None: ...
def stamp(moment: datetime | None) -> str | None:
    """A time as GitHub writes it: UTC, whole seconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
