"""The three ways registries ask who you are: not at all, basic login, or a token from a token service."""

import base64
import binascii
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from sandbox.registry.errors import RegistryError

Mode = Literal["open", "basic", "bearer"]
Action = Literal["pull", "push"]
SERVICE = "sandbox-registry"


@dataclass(frozen=True, slots=True)
class _Token:
    access: frozenset[tuple[str, str]]
    """(repository, action)"""
    expires_at: float


class Gate:
    """Decides about every request below `/v2/`. Everyone in `users` may push and pull; `denied` names repositories
    nobody may. With `anonymous_pull` the token service gives strangers tokens to pull, as public registries do."""

    def __init__(
        self,
        mode: Mode,
        *,
        users: Mapping[str, str],
        identity_tokens: Mapping[str, str],
        anonymous_pull: bool,
        token_life: int,
        realm: str | None,
    ) -> None:
        self.mode = mode
        self.denied: set[str] = set()
        self._users = dict(users)
        self._identity_tokens = dict(identity_tokens)
        self._anonymous_pull = anonymous_pull
        self._token_life = token_life
        self._realm = realm
        self._tokens: dict[str, _Token] = {}

    def revoke_tokens(self) -> None:
        self._tokens.clear()

    def change_password(self, user: str, password: str) -> None:
        self._users[user] = password

    def check(self, request: web.Request, repository: str, action: Action) -> None:
        """Raises RegistryError 401 with a challenge, or 403. An empty repository is `GET /v2/`."""
        match self.mode:
            case "basic":
                if not self._is_user(*_basic_login(request)):
                    raise self._unauthorized('Basic realm="sandbox registry"')
            case "bearer":
                self._check_token(request, repository, action)
        if repository in self.denied:
            raise RegistryError(403, "DENIED", "requested access to the resource is denied")

    async def hand_out_token(self, request: web.Request) -> web.Response:
        """GET with basic login, or the OAuth form, as the distribution project specifies both."""
        form = await request.post()
        user = self._who(request, {key: str(value) for key, value in form.items()})
        if user is None:
            raise RegistryError(401, "UNAUTHORIZED", "authentication required")
        access = self._granted(user, [*request.query.getall("scope", []), str(form.get("scope", ""))])
        token = secrets.token_urlsafe(24)
        self._tokens[token] = _Token(access, time.monotonic() + self._token_life)
        name = "access_token" if request.method == "POST" else "token"
        return web.json_response({name: token, "expires_in": self._token_life})

    def _who(self, request: web.Request, form: Mapping[str, str]) -> str | None:
        """The user's name, empty for a stranger, None for a wrong login."""
        if form.get("grant_type") == "refresh_token":
            return self._identity_tokens.get(form.get("refresh_token", ""))
        if form.get("grant_type") == "password":
            user, password = form.get("username", ""), form.get("password", "")
        elif "Authorization" in request.headers:
            user, password = _basic_login(request)
        else:
            return ""
        return user if self._is_user(user, password) else None

    def _granted(self, user: str, scopes: list[str]) -> frozenset[tuple[str, str]]:
        """What of the wish is allowed; a smaller token is no error, the registry refuses it later."""
        granted = set()
        for scope in " ".join(scopes).split():
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            for action in actions.split(",") if kind == "repository" and name not in self.denied else []:
                if user or (action == "pull" and self._anonymous_pull):
                    granted.add((name, action))
        return frozenset(granted)

    def _check_token(self, request: web.Request, repository: str, action: str) -> None:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        token = self._tokens.get(value) if scheme.lower() == "bearer" else None
        realm = self._realm or f"{request.scheme}://{request.host}/token"
        challenge = f'Bearer realm="{realm}",service="{SERVICE}"'
        if repository:
            challenge += f',scope="repository:{repository}:{"pull,push" if action == "push" else "pull"}"'
        if token is None or token.expires_at <= time.monotonic():
            raise self._unauthorized(challenge + (',error="invalid_token"' if value else ""))
        if repository and (repository, action) not in token.access:
            raise self._unauthorized(challenge + ',error="insufficient_scope"')

    def _is_user(self, user: str, password: str) -> bool:
        expected = self._users.get(user)
        return expected is not None and secrets.compare_digest(expected.encode(), password.encode())

    def _unauthorized(self, challenge: str) -> RegistryError:
        error = RegistryError(401, "UNAUTHORIZED", "authentication required")
        error.headers["WWW-Authenticate"] = challenge
        return error


def _basic_login(request: web.Request) -> tuple[str, str]:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password
