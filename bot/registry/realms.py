"""Which token services may hear a registry's login: the registry names its own, so it is not taken on trust."""

import ipaddress
from collections.abc import Collection, Mapping
from typing import Final

KNOWN: Final[Mapping[str, Collection[str]]] = {
    "registry-1.docker.io": {"auth.docker.io"},
    "registry.redhat.io": {"sso.redhat.com"},
}
# Below these, neighbours are strangers. Not the whole public suffix list: only a shared parent is ever asked for.
_SHARED: Final = (
    "amazonaws.com", "appspot.com", "azurecr.io", "azurewebsites.net", "cloudfront.net", "docker.io", "fly.dev",
    "gcr.io", "github.io", "gitlab.io", "googleapis.com", "herokuapp.com", "jfrog.io", "netlify.app", "ngrok.app",
    "ngrok.io", "nip.io", "pages.dev", "pkg.dev", "quay.io", "run.app", "sslip.io", "vercel.app", "web.app",
    "windows.net", "workers.dev",
)  # fmt: skip
_SECOND_LEVEL: Final = frozenset({"ac", "co", "com", "edu", "go", "gob", "gov", "ne", "net", "or", "org"})


def is_loopback(host: str) -> bool:
    """Whether a host (no port) can only be this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def may_hear_login(*, registry: str, realm: str, extra: Mapping[str, Collection[str]]) -> bool:
    """Whether host `realm` may be asked for tokens of host `registry` (neither with a port).

    Yes for the same host, for one below the registry's own parent domain (`auth.acme.example` for
    `registry.acme.example`), for the well-known pairs, and for what `extra` allows.
    """
    registry, realm = registry.lower(), realm.lower()
    if realm == registry or realm in KNOWN.get(registry, ()) or realm in extra.get(registry, ()):
        return True
    parent = registry.partition(".")[2]
    return _is_one_owners(registry, parent) and (realm == parent or realm.endswith(f".{parent}"))


def _is_one_owners(registry: str, parent: str) -> bool:
    if ":" in registry or registry.replace(".", "").isdigit() or "." not in parent:
        return False  # an address, or a name right below a top-level domain
    if any(parent == suffix or parent.endswith(f".{suffix}") for suffix in _SHARED):
        return False
    first, _, rest = parent.partition(".")
    return not (first in _SECOND_LEVEL and len(rest) == 2)
