"""Logins for registries, from a file in Docker's own config format (`auths`), as Kubernetes mounts pull secrets.

The file is read again when it changes, because mounted secrets are rotated. Nothing of it is ever printed.
"""

import base64
import binascii
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from bot.domain.image import ImageRepository
from bot.errors import SettingsError, TransientError

_DOCKER_HUB: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_SIZE_LIMIT: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Login:
    """A name and password, or the identity token that stands for both."""

    username: str
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)


class _Entry(msgspec.Struct):
    auth: str = ""
    username: str = ""
    password: str = ""
    identitytoken: str = ""
    registrytoken: str = ""


class _Config(msgspec.Struct, rename="camel"):
    auths: dict[str, _Entry] = {}
    cred_helpers: dict[str, str] = {}
    creds_store: str = ""


class Credentials:
    """Who we are at each registry. Without a file, nobody: every question is asked anonymously.

    Raises SettingsError when the file cannot be used at start, and TransientError when it cannot be read later on.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._logins: dict[str, Login] = {}
        self._seen: tuple[int, int, int] | None = None
        self._refresh()

    def login_for(self, repository: ImageRepository) -> Login | None:
        """The login of the longest key that matches: `registry.example/team` goes before `registry.example`."""
        try:
            self._refresh()
        except SettingsError as error:
            raise TransientError(f"{error} It could be read before, so this is tried again.") from None
        name = f"{repository.registry}/{repository.path}"
        while name:
            if login := self._logins.get(name):
                return login
            name = name.rpartition("/")[0]
        return None

    def _refresh(self) -> None:
        if self._path is None:
            return
        try:
            # The inode too: Kubernetes rotates a secret by moving a symbolic link, perhaps within one clock tick.
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_ino, status.st_size)
            if seen == self._seen:
                return
            content = self._path.read_bytes() if status.st_size <= _SIZE_LIMIT else None
        except OSError as error:
            raise _unusable(self._path, error.strerror or type(error).__name__) from None
        self._logins = _to_logins(content, self._path)
        self._seen = seen


def _to_logins(content: bytes | None, path: Path) -> dict[str, Login]:
    if content is None:
        raise _unusable(path, "it is larger than 1 MiB")
    try:
        config = msgspec.json.decode(content, type=_Config)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # The parser's own words may quote the file.
        raise _unusable(path, 'it is not JSON of the form {"auths": {"registry.example": {"auth": "…"}}}') from None
    if config.creds_store or config.cred_helpers:
        raise _unusable(
            path,
            "it names credential helpers (credsStore, credHelpers), which are programs that are not run here; "
            "write the logins themselves under `auths`",
        )
    # Docker leaves empty entries behind where a helper kept the secret.
    return {_to_key(key, path): _to_login(key, entry, path) for key, entry in config.auths.items() if entry != _Entry()}


def _to_key(key: str, path: Path) -> str:
    """`https://index.docker.io/v1/` is a host; without a scheme, a path after the host narrows the login to it."""
    if "*" in key:
        raise _unusable(path, f"the key `{key}` has a wildcard; name each registry")
    scheme, mark, rest = key.rpartition("://")
    host, _, name = rest.strip("/").partition("/")
    host = "registry-1.docker.io" if host.lower() in _DOCKER_HUB else host.lower()
    return f"{host}/{name}" if name and not (scheme or mark or name in {"v1", "v2"}) else host


def _to_login(key: str, entry: _Entry, path: Path) -> Login:
    if entry.registrytoken:
        raise _unusable(
            path, f"`{key}` has a `registrytoken`; use `auth`, `username` and `password`, or `identitytoken`"
        )
    username, password = _split_auth(key, entry.auth, path) if entry.auth else (entry.username, entry.password)
    if not entry.identitytoken and not (username and password):
        raise _unusable(
            path, f"`{key}` has no complete login: `auth`, or `username` and `password`, or `identitytoken`"
        )
    return Login(username, password, entry.identitytoken)


def _split_auth(key: str, auth: str, path: Path) -> tuple[str, str]:
    try:
        text = base64.b64decode(auth, validate=True).decode().rstrip("\0\n")
    except (binascii.Error, ValueError):
        text = ""
    username, colon, password = text.partition(":")
    if not colon:
        raise _unusable(path, f"`auth` of `{key}` is not the base64 of name:password")
    return username, password


def _unusable(path: Path, why: str) -> SettingsError:
    return SettingsError(f"The registry credentials file {path} cannot be used: {why}.")
