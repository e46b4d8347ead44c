"""Reads the catalog's files; what they mean is the domain's."""

from pathlib import Path

from bot.domain.catalog import Catalog, load_catalog, select_files
from bot.errors import SettingsError

_OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def read_catalog(path: Path) -> Catalog:
    """The catalog of a file or folder.

    Raises `CatalogError` with every problem, `SettingsError` without files or with some that can't be read.
    """
    return load_catalog(_read_all(_find(path)), own_namespace=_own_namespace())


def _find(path: Path) -> list[Path]:
    try:
        if path.is_file():
            return [path]
        if path.is_dir():
            names = select_files(found.relative_to(path).as_posix() for found in path.rglob("*.yaml"))
            return [path / name for name in names]
    except OSError as error:
        raise SettingsError(_unreadable(path, error)) from error
    raise SettingsError(f"there is no catalog at {path}: name a file or folder, here or as GREENLANE_CATALOG")


def _read_all(paths: list[Path]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    unreadable: list[str] = []
    for path in paths:
        try:
            files[str(path)] = path.read_bytes()
        except OSError as error:
            unreadable.append(_unreadable(path, error))
    if unreadable:
        raise SettingsError("\n".join(unreadable))
    return files


def _unreadable(path: Path, error: OSError) -> str:
    reason = (error.strerror or type(error).__name__).lower()
    return f"the catalog's {path} can't be read: {reason}"


def _own_namespace() -> str | None:
    """Where we run ourselves, when that is in a cluster."""
    try:
        return _OWN_NAMESPACE.read_text().strip() or None
    except OSError:
        return None
