"""What each setting may look like. Messages begin with the verb, for the variable's name goes before; never a value."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr

_DATABASES: Final = ("sqlite+aiosqlite", "postgresql+asyncpg")
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")
_PEM: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----\s.*\s-----END \1-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen. Port 0 lets the system choose one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def to_listen(value: object) -> Listen:
    """`host:port` → Listen; the host is required, so that nobody listens everywhere by accident."""
    if isinstance(value, Listen):
        return value
    host, colon, port = str(value).strip().rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError("is not an address with a port; write it like 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080")
    if is_bracketed != (":" in host):
        raise ValueError("needs brackets round an IPv6 address, like [::1]:8080")
    if is_bracketed:
        host = host[1:-1]
        if not _is_ipv6(host):
            raise ValueError("has no IPv6 address in its brackets; write it like [::1]:8080")
    return Listen(host, int(port))


def _is_ipv6(host: str) -> bool:
    try:
        return isinstance(ip_address(host), IPv6Address)
    except ValueError:
        return False


def check_web_address(value: str) -> str:
    """An http(s) address without query, and without the slash at its end."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
        parts = urlsplit("")
    if not usable or parts.query or parts.fragment or any(character.isspace() for character in value):
        raise ValueError("is not a web address; write it like https://greenlane.example")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not carry a user name or password")
    return value.rstrip("/")


def check_app_id(value: object) -> object:
    """The App ID's digits."""
    text = str(value).strip()
    if text.startswith("Iv"):
        raise ValueError("looks like a client ID; the App ID is the number on the same page")
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ValueError("is not a number; the App ID is on the App's page at GitHub")
    return text


def check_private_key(value: SecretStr) -> SecretStr:
    """The PEM with real line ends; loaded once, so that a damaged key is found at start and not at the first deploy."""
    # Shells and .env files often keep a PEM on one line.
    pem = value.get_secret_value().replace("\\r", "").replace("\\n", "\n").strip()
    match = _PEM.fullmatch(pem)
    if match is None:
        raise ValueError("is not a PEM file; copy the whole file, from -----BEGIN to -----END and its dashes")
    if match[1] not in {"RSA PRIVATE KEY", "PRIVATE KEY"}:
        raise ValueError(f"holds a {match[1]}; GitHub signs with the RSA PRIVATE KEY you downloaded, unencrypted")
    if not _is_rsa_key(pem):
        raise ValueError("is a damaged PEM file, or not an RSA key; download a new one from the App's page at GitHub")
    return SecretStr(pem + "\n")


def _is_rsa_key(pem: str) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - slow to import
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        return isinstance(load_pem_private_key(pem.encode(), password=None), RSAPrivateKey)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def check_webhook_secret(value: SecretStr) -> SecretStr:
    """One secret, or several by commas; an empty one would let anybody sign."""
    if not all(part.strip() for part in value.get_secret_value().split(",")):
        raise ValueError("has an empty secret in it; separate secrets by single commas")
    return value


def check_database_url(value: SecretStr) -> SecretStr:
    """A database that we have a driver for; speaks of the scheme only, the rest may hold a password."""
    scheme, found, rest = value.get_secret_value().partition("://")
    if not found or scheme not in _DATABASES:
        raise ValueError(
            "is not a database Greenlane knows; begin it with sqlite+aiosqlite:/// or postgresql+asyncpg://"
        )
    if scheme == "sqlite+aiosqlite" and (not rest.removeprefix("/") or ":memory:" in rest):
        raise ValueError("is a database in memory and would forget everything; write sqlite+aiosqlite:///greenlane.db")
    return value


def to_hosts(value: object) -> tuple[str, ...]:
    """`a.example, b.example:5000` → the hosts."""
    if not isinstance(value, str):
        return tuple(value) if isinstance(value, (list, tuple)) else ()
    hosts = [part.strip().lower() for part in value.split(",") if part.strip()]
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise ValueError(f"has `{host}` in it, which is no host; write it like registry.example:5000")
    return tuple(hosts)


def to_realms(value: object) -> dict[str, tuple[str, ...]]:
    """`registry.example=auth.example` by commas → token services by registry."""
    if not isinstance(value, str):
        return dict(value) if isinstance(value, dict) else {}
    realms: dict[str, tuple[str, ...]] = {}
    for pair in filter(None, (part.strip() for part in value.split(","))):
        registry, equals, service = pair.partition("=")
        if not equals:
            raise ValueError(f"has `{pair}` in it; write it like registry.example=auth.example")
        for name in to_hosts(registry):
            realms[name] = (*realms.get(name, ()), *to_hosts(service))
    return realms


def to_lower(value: object) -> object:
    """`JSON` is fine for `json`."""
    return value.strip().lower() if isinstance(value, str) else value
