"""Where built programs live between runs, and how two runs share one build."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/greenlane/testbed`, made if need be."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "greenlane" / "testbed"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def only_one(name: str) -> Iterator[None]:
    """Holds the machine-wide lock `name`; a process that dies gives it back."""
    with (cache_folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """The cached folder `name`; `make` fills it the first time, and a half-filled one is never seen."""
    final = cache_folder() / name
    if final.exists():
        return final
    with only_one(name):
        if final.exists():
            return final
        draft = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=final.parent))
        try:
            make(draft)
            draft.rename(final)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return final
