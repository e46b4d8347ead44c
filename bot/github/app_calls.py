"""Calls made as the App itself, not as one of its installations."""

from collections.abc import Mapping
from typing import Any

from bot.errors import BrokenError
from bot.github.app_key import AppKey
from bot.github.client import ApiClient
from bot.github.errors import UnauthorizedError
from bot.github.pacing import Pacing


class AppCalls:
    """JWT calls, repeated while GitHub can't tell: each of them may be repeated without harm."""

    def __init__(self, api: ApiClient, key: AppKey, pacing: Pacing) -> None:
        self._api = api
        self._key = key
        self._pacing = pacing

    async def get(self, url: str, **variables: str) -> Any:
        """The decoded answer. Raises `NotFoundError`, `ForbiddenError`, `TransientError`, `BrokenError`."""
        return await self._pacing.patiently(lambda: self._signed("GET", url, variables, b""))

    async def post(self, url: str, data: object, **variables: str) -> Any:
        """As `get`; only for calls that do no harm twice."""
        return await self._pacing.patiently(lambda: self._signed("POST", url, variables, data))

    async def _signed(self, method: str, url: str, variables: Mapping[str, str], data: object) -> Any:
        try:
            return await self._once(method, url, variables, data)
        except UnauthorizedError as error:
            if not self._key.follow(error.refusal.server_time):
                raise BrokenError(f"GitHub refuses the App's key: {error.refusal.message}") from error
        try:
            return await self._once(method, url, variables, data)
        except UnauthorizedError as error:
            raise BrokenError(f"GitHub refuses the App's key: {error.refusal.message}") from error

    async def _once(self, method: str, url: str, variables: Mapping[str, str], data: object) -> Any:
        answer = await self._api.call(method, url, credential=self._key.credential(), variables=variables, data=data)
        return answer.data
