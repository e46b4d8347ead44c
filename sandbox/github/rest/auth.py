"""Who is calling: an App by its JWT, an installation by its token, or nobody; and what they may touch."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt

from sandbox.github.errors import RefusedError, not_found
from sandbox.github.model import App, Installation, Repository, Token
from sandbox.github.rest.routing import Route
from sandbox.github.world import World

_EXP = (
    "'Expiration time' claim ('exp') must be a numeric value representing the future time "
    "at which the assertion expires"
)
_EXP_FAR = "'Expiration time' claim ('exp') is too far in the future"
_IAT = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
_LONGEST = timedelta(minutes=10)
# How far the caller's clock may be ahead before its `iat` is refused.
_SKEW_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class Caller:
    """`name` is what rate limits are counted by."""

    name: str
    app: App | None = None
    token: Token | None = None


def identify(world: World, header: str | None) -> Caller:
    """Raises 401 for anything that is not valid right now."""
    if not header:
        return Caller(name="anonymous")
    scheme, _, value = header.partition(" ")
    if scheme.lower() not in {"bearer", "token"} or not value:
        raise RefusedError(401, "Bad credentials")
    if value.startswith("ghs_"):
        return _by_token(world, value)
    app = verify_jwt(world, value)
    return Caller(name=f"app ID {app.id}", app=app)


def verify_jwt(world: World, value: str) -> App:
    """RS256 by the App's key, issued by its id or client id, at most ten minutes ahead."""
    try:
        claims: dict[str, Any] = jwt.decode(value, options={"verify_signature": False})
        algorithm = jwt.get_unverified_header(value).get("alg")
    except jwt.PyJWTError:
        raise RefusedError(401, "A JSON web token could not be decoded") from None
    issuer = str(claims.get("iss", ""))
    app = next((app for app in world.apps.values() if issuer in (str(app.id), app.client_id)), None)
    if app is None or not app.public_key_pem:
        raise RefusedError(404, "Integration not found")
    if algorithm != "RS256":
        raise RefusedError(401, "A JSON web token could not be decoded")
    try:
        off = {"verify_exp": False, "verify_iat": False, "verify_iss": False, "verify_aud": False, "verify_nbf": False}
        jwt.decode(value, app.public_key_pem, algorithms=["RS256"], options=off)  # type: ignore[arg-type]
    except jwt.PyJWTError:
        raise RefusedError(401, "A JSON web token could not be decoded") from None
    _check_times(claims, world.clock().timestamp())
    return app


def authorise(route: Route, caller: Caller, repository: Repository | None) -> None:
    """404 for what the caller can't see, 403 for what it can't do, as GitHub does."""
    if route.access == "open":
        return
    if route.access == "app":
        if caller.app is None or caller.token is not None:
            raise RefusedError(401, "A JSON web token could not be decoded")
        return
    if caller.token is None:
        raise not_found() if caller.app is None else _inaccessible(route)
    if repository and not caller.token.reaches(repository):
        if repository.private:
            raise not_found()
        if route.method != "GET":
            raise _inaccessible(route)
        return
    if not permits(caller.token.permissions, route.needs):
        raise _inaccessible(route)


def permits(granted: dict[str, str], needs: str) -> bool:
    """Whether one alternative of `checks=write; contents=read,pulls=read` is granted in full."""
    if not needs:
        return True
    return any(all(_has(granted, need) for need in choice.split(",")) for choice in needs.split(";"))


def installation_of(world: World, app: App, repository: Repository) -> Installation:
    for installation in world.installations.values():
        if installation.app is app and installation.covers(repository):
            return installation
    raise not_found()


def _by_token(world: World, value: str) -> Caller:
    token = world.tokens.get(value)
    now = world.clock()
    if token is None or now >= token.expires_at:
        raise RefusedError(401, "Bad credentials")
    installation = token.installation
    if installation.suspended_at:
        raise RefusedError(403, "This installation has been suspended")
    young = world.lag.token
    token.uses += 1
    if token.uses <= young.uses or now < token.created_at + timedelta(seconds=young.seconds):
        raise young_token(young.status)
    return Caller(name=f"installation ID {installation.id}", app=installation.app, token=token)


def young_token(status: int) -> RefusedError:
    """What a token that has not spread yet is told (seen: octokit/auth-app.js#65)."""
    words = {401: "Bad credentials", 403: "Resource not accessible by integration"}
    return RefusedError(status, words.get(status, "Not Found"))


def _has(granted: dict[str, str], need: str) -> bool:
    name, _, level = need.strip().partition("=")
    return granted.get(name) in ({level, "write"} if level == "read" else {level})


def _inaccessible(route: Route) -> RefusedError:
    return RefusedError(
        403, "Resource not accessible by integration", headers={"X-Accepted-GitHub-Permissions": route.needs}
    )


def _check_times(claims: dict[str, Any], now: float) -> None:
    expires, issued = claims.get("exp"), claims.get("iat")
    if not isinstance(expires, int | float) or expires <= now:
        raise RefusedError(401, _EXP)
    if expires > now + _LONGEST.total_seconds() + _SKEW_SECONDS:
        raise RefusedError(401, _EXP_FAR)
    if not isinstance(issued, int | float) or issued > now + _SKEW_SECONDS:
        raise RefusedError(401, _IAT)
