"""Reads the catalog's files; what they mean is the domain's."""

from pathlib import Path

from bot.domain.catalog import Catalog, load_catalog, select_files
from bot.errors import SettingsError

_OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def read_catalog(path: Path) -> Catalog:
    """The catalog of a file or folder. Raises `CatalogError` with every problem, `SettingsError` without files."""
    if path.is_file():
        files = {str(path): path.read_bytes()}
    elif path.is_dir():
        names = select_files(found.relative_to(path).as_posix() for found in path.rglob("*.yaml"))
        files = {str(path / name): (path / name).read_bytes() for name in names}
    else:
        raise SettingsError(f"there is no catalog at {path}: name a file or folder, here or as GREENLANE_CATALOG")
    return load_catalog(files, own_namespace=_own_namespace())


def _own_namespace() -> str | None:
    """Where we run ourselves, when that is in a cluster."""
    try:
        return _OWN_NAMESPACE.read_text().strip() or None
    except OSError:
        return None
