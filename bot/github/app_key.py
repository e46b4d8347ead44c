"""The App's own identity: short RS256 tokens from its private key, right even when our clock is not."""

from collections.abc import Callable
from datetime import datetime, timedelta

import jwt

from bot.errors import SettingsError
from bot.github.client import Credential

# https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
BACKDATED = timedelta(seconds=60)
LIFETIME = timedelta(minutes=9)
RENEWED_BEFORE_END = timedelta(minutes=1)
_NOTICEABLE_SKEW = timedelta(seconds=20)


class AppKey:
    """Signs as the App. Raises `SettingsError` at once when the key is none."""

    def __init__(self, *, app_id: int, private_key: str, clock: Callable[[], datetime]) -> None:
        self._app_id = app_id
        self._private_key = private_key
        self._clock = clock
        self._skew = timedelta()
        self._credential, self._ends_at = self._sign()

    def __repr__(self) -> str:
        return f"AppKey({self._app_id})"

    def credential(self) -> Credential:
        """A JWT that holds for at least another minute."""
        now = self._clock() + self._skew
        if not self._ends_at - LIFETIME <= now <= self._ends_at - RENEWED_BEFORE_END:
            self._credential, self._ends_at = self._sign()
        return self._credential

    def follow(self, server_time: datetime | None) -> bool:
        """Sign by GitHub's clock from now on; False when ours was right, so that nothing changes."""
        if server_time is None:
            return False
        skew = server_time - self._clock()
        if abs(skew - self._skew) < _NOTICEABLE_SKEW:
            return False
        self._skew = skew
        self._credential, self._ends_at = self._sign()
        return True

    def _sign(self) -> tuple[Credential, datetime]:
        now = self._clock() + self._skew
        ends_at = now + LIFETIME
        claims = {
            "iat": int((now - BACKDATED).timestamp()),
            "exp": int(ends_at.timestamp()),
            "iss": str(self._app_id),
        }
        try:
            value = jwt.encode(claims, self._private_key, algorithm="RS256")
        except (ValueError, TypeError, jwt.InvalidKeyError) as error:
            raise SettingsError("GITHUB_PRIVATE_KEY is not an RSA private key in PEM form") from error
        return Credential(value=value, is_jwt=True), ends_at
