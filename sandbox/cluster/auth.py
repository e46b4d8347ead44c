"""Who asks and what they may: bearer tokens and the part of RBAC that a deploying bot meets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sandbox.cluster.answers import ApiError, forbidden, path_forbidden, unauthorized
from sandbox.cluster.resources import Resource

_PUBLIC_PATHS: Final = ("/version", "/readyz", "/healthz", "/livez")
"""What `system:public-info-viewer` gives to everybody."""
_DISCOVERY: Final = ("/api", "/apis")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What a role allows; `*` is everything. `namespaces` None makes it a cluster role."""

    verbs: frozenset[str]
    resources: frozenset[str]
    """Plurals with their subresource, such as `pods/log`."""
    namespaces: frozenset[str] | None = None
    names: frozenset[str] | None = None
    """`resourceNames`: only these objects; None is all of them."""

    def allows(self, verb: str, resource: str, namespace: str, name: str) -> bool:
        return (
            bool({verb, "*"} & self.verbs)
            and bool({resource, "*"} & self.resources)
            and (self.namespaces is None or namespace in self.namespaces)
            and (self.names is None or name in self.names)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """An identity behind a token."""

    name: str
    rules: tuple[Rule, ...] = ()


_EVERYTHING: Final = Rule(verbs=frozenset("*"), resources=frozenset("*"))
_ANONYMOUS: Final = User(name="system:anonymous")


@dataclass
class Tokens:
    """The tokens this API server knows."""

    users: dict[str, User] = field(default_factory=dict)

    def add(self, token: str, name: str, *rules: Rule) -> None:
        self.users[token] = User(name=name, rules=rules)

    def add_admin(self, token: str) -> None:
        self.add(token, "admin", _EVERYTHING)

    def user(self, authorization: str | None) -> User:
        """Who sent this header; raises `ApiError` 401 for a token nobody has."""
        if not authorization:
            return _ANONYMOUS
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or token.strip() not in self.users:
            raise unauthorized()
        return self.users[token.strip()]


def check_path(user: User, verb: str, path: str) -> None:
    """Raises `ApiError` 403 where the user may not read a path that is no resource."""
    known = user is not _ANONYMOUS
    if path.startswith(_PUBLIC_PATHS) or (known and path.startswith(_DISCOVERY)) or may(user, verb, "*", "", ""):
        return
    raise path_forbidden(user.name, verb, path)


def check(user: User, verb: str, resource: Resource, subresource: str, namespace: str, name: str) -> None:
    """Raises `ApiError` 403 with Kubernetes' own sentence."""
    full = f"{resource.plural}/{subresource}" if subresource else resource.plural
    if may(user, verb, full, namespace, name):
        return
    raise _refusal(user, verb, resource, full, namespace, name)


def may(user: User, verb: str, resource: str, namespace: str, name: str) -> bool:
    return any(rule.allows(verb, resource, namespace, name) for rule in user.rules)


def _refusal(user: User, verb: str, resource: Resource, full: str, namespace: str, name: str) -> ApiError:
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    why = f'User "{user.name}" cannot {verb} resource "{full}" in API group "{resource.group}" {where}'
    return forbidden(resource, name, why)
