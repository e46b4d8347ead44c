"""Answers a registry's challenge: basic login, or a short-lived token from its token service."""

import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp
import msgspec
from yarl import URL

from bot.domain.image import ImageRepository
from bot.errors import BrokenError, RejectedError
from bot.registry.answers import Answer, error_code, to_forbidden, to_transient
from bot.registry.challenge import Challenge, parse_challenges
from bot.registry.credentials import Credentials, Login
from bot.registry.realms import may_hear_login
from bot.registry.transport import Transport

Clock = Callable[[], float]

_TOKEN_LIMIT: Final = 256 * 1024
_DEFAULT_LIFE: Final = 60.0  # seconds, by the token specification
_MARGIN: Final = 5.0
_SCOPE: Final = re.compile(r"repository:([a-z0-9./_-]+):[a-z*,]+")
_SAFE_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


class _TokenAnswer(msgspec.Struct):
    token: str = ""
    access_token: str = ""
    expires_in: float | None = None


@dataclass(frozen=True, slots=True)
class _Grant:
    """A ready `Authorization` value, good until the clock says so and while the login is the same."""

    authorization: str
    login: Login | None
    expires_at: float


class Authorizer:
    """Keeps one grant a repository. `realms` allows further token services a registry (hosts, without port)."""

    def __init__(
        self,
        *,
        credentials: Credentials,
        transport: Transport,
        realms: Mapping[str, Collection[str]],
        clock: Clock | None,
    ) -> None:
        self._credentials = credentials
        self._transport = transport
        self._realms = realms
        self._clock = clock or time.monotonic
        self._grants: dict[tuple[str, str], _Grant] = {}

    def kept(self, repository: ImageRepository) -> str | None:
        """The `Authorization` from before, while it is good."""
        key = (repository.registry, repository.path)
        grant = self._grants.get(key)
        if grant is None or grant.expires_at <= self._clock() or grant.login != self._credentials.login_for(repository):
            self._grants.pop(key, None)
            return None
        return grant.authorization

    def has_login(self, repository: ImageRepository) -> bool:
        """Whether the credentials file knows this registry."""
        return self._credentials.login_for(repository) is not None

    async def answer(self, repository: ImageRepository, headers: Collection[str]) -> str | None:
        """The `Authorization` that a 401's challenges ask for; None when we have nothing to say to them."""
        login = self._credentials.login_for(repository)
        if login is not None:
            self._check_privacy(repository)
        challenges = {challenge.scheme: challenge for challenge in reversed(parse_challenges(headers))}
        if bearer := challenges.get("bearer"):
            grant = await self._ask_for_token(repository, bearer, login)
        elif "basic" in challenges and login is not None and login.password:
            grant = _Grant(_basic(login), login, float("inf"))
        else:
            return None
        self._grants[repository.registry, repository.path] = grant
        return grant.authorization

    def _check_privacy(self, repository: ImageRepository) -> None:
        if not self._transport.is_secret_safe(self._transport.base_url(repository.registry)):
            raise RejectedError(
                "image_forbidden",
                f"The registry {repository.registry} asks for a login but is spoken to without TLS, "
                "and a login is never sent that way.",
                hint="Give the registry a certificate, or take its login out of the registry credentials file.",
            )

    async def _ask_for_token(self, repository: ImageRepository, challenge: Challenge, login: Login | None) -> _Grant:
        realm = self._checked_realm(repository, challenge, login)
        asked_at = self._clock()
        answer = await self._send(repository, realm, challenge, login)
        if answer.status != 200:
            raise _to_refusal(answer, repository, realm, with_login=login is not None)
        token, life = _parse_token(answer, realm)
        return _Grant(f"Bearer {token}", login, asked_at + max(life - _MARGIN, 0.0))

    def _checked_realm(self, repository: ImageRepository, challenge: Challenge, login: Login | None) -> URL:
        """The token service's address, if it may hear of us at all: the registry could name any host."""
        try:
            realm = URL(challenge.parameters.get("realm", ""))
        except ValueError:
            realm = URL()
        host, registry = realm.host or "", URL(f"//{repository.registry}").host or ""
        safe = self._transport.is_secret_safe(realm) if login else self._transport.is_allowed(realm)
        if realm.user or not safe or not may_hear_login(registry=registry, realm=host, extra=self._realms):
            raise RejectedError(
                "image_forbidden",
                f"The registry {repository.registry} sends us to {_printable(realm)} for a token; that is not its own "
                "host or has no TLS, so nothing was sent there.",
                hint="If this token service is right, allow it with GREENLANE_REGISTRY_REALMS.",
            )
        return realm

    async def _send(self, repository: ImageRepository, realm: URL, challenge: Challenge, login: Login | None) -> Answer:
        """GET with basic login, or the OAuth POST where the login is an identity token (distribution's token specs)."""
        who = f"The token service of {repository.registry}"
        query = {"scope": _scope(repository, challenge)}
        if service := challenge.parameters.get("service"):
            query["service"] = service
        if login is not None and login.identity_token:
            form = {"grant_type": "refresh_token", "refresh_token": login.identity_token, "client_id": "greenlane"}
            return await self._transport.post_form(realm, who=who, limit=_TOKEN_LIMIT, form=query | form)
        authorization = _basic(login) if login is not None else None
        url = realm.update_query(query)
        return await self._transport.get(
            url, who=who, limit=_TOKEN_LIMIT, accept="application/json", authorization=authorization, redirects=0
        )


def _basic(login: Login) -> str:
    return aiohttp.encode_basic_auth(login.username, login.password, encoding="utf-8")


def _scope(repository: ImageRepository, challenge: Challenge) -> str:
    """Only ever to pull, whatever was asked for; the name is the registry's, which may file it elsewhere."""
    match = _SCOPE.fullmatch(challenge.parameters.get("scope", ""))
    return f"repository:{match[1] if match else repository.path}:pull"


def _to_refusal(answer: Answer, repository: ImageRepository, realm: URL, *, with_login: bool) -> Exception:
    asked, said = f"`{repository.text}`", f"{answer.status}{error_code(answer.body)}"
    if answer.status in {400, 401, 403, 404}:
        said = f"{said} at its token service"
        return to_forbidden(registry=repository.registry, asked=asked, said=said, with_login=with_login)
    if answer.status in {408, 425, 429} or answer.status >= 500:
        return to_transient(answer, who=f"The token service {realm.host}", said=said, asked=asked)
    return BrokenError(f"The token service {realm.host} of {repository.registry} answered {said}.")


def _parse_token(answer: Answer, realm: URL) -> tuple[str, float]:
    try:
        parsed = msgspec.json.decode(answer.body, type=_TokenAnswer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        parsed = _TokenAnswer()
    token = parsed.token or parsed.access_token
    if not _SAFE_TOKEN.fullmatch(token):
        raise BrokenError(f"The token service {realm.host} answered 200, but with no token that could be sent on.")
    return token, _DEFAULT_LIFE if parsed.expires_in is None else parsed.expires_in


def _printable(realm: URL) -> str:
    """Scheme and host only: the rest of an address may hold anything."""
    return f"`{realm.scheme}://{realm.host}`" if realm.scheme and realm.host else "no usable address"
