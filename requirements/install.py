"""Prepares .venv from a hashed lock: `python3 requirements/install.py sandbox|dev`. A second run is instant.

Standard library only, and readable by old Pythons, so that a Python that is too old hears it in a sentence.
"""

# ruff: noqa: INP001

import hashlib
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = ROOT / "requirements"
COVERS = {"sandbox": ("sandbox", "dev"), "dev": ("dev",)}
LAUNCHER = """#!{python}
import sys

sys.path.insert(0, {root!r})
from bot.cli import main

sys.exit(main())
"""


def main(group: str) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  # this file is read by whatever Python there is
        found = ".".join(str(part) for part in sys.version_info[:3])
        sys.exit(f"Greenlane needs Python 3.11 or newer; {sys.executable} is {found}. Try: make demo PYTHON=python3.12")
    if any(is_current(each) for each in COVERS[group]):
        return
    started = time.monotonic()
    tell("1/3 virtual environment .venv")
    make_venv()
    tell("2/3 installer (uv), by hash")
    run(
        python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", lock("uv")
    )
    tell(f"3/3 {count(group)} packages, by hash")
    sync(group)
    write_launcher()
    for each in COVERS:
        stamp(each).unlink(missing_ok=True)
    stamp(group).write_text(fingerprint(group), encoding="utf-8")
    tell(f"ready after {time.monotonic() - started:.0f} s")


def make_venv() -> None:
    if python().exists() and run(python(), "-c", "import pip", check=False) == 0:
        return
    try:
        import ensurepip  # noqa: F401, PLC0415
    except ImportError:
        sys.exit("This Python has no venv module. On Debian and Ubuntu: apt-get install python3-venv")
    run(sys.executable, "-m", "venv", "--clear", VENV)


def sync(group: str) -> None:
    """By uv; where uv finds no way out (only pip is told of a mirror), by pip with the same hashes."""
    quiet = () if os.environ.get("V") else ("--quiet",)
    command = (python(), "-m", "uv", "pip", "sync", *quiet, "--require-hashes", "--python", python(), lock(group))
    if run(*command, check=False):
        tell("uv could not; trying pip with the same hashes, which takes longer")
        run(
            python(),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
            lock(group),
        )


def write_launcher() -> None:
    launcher = VENV / "bin" / "greenlane"
    launcher.write_text(LAUNCHER.format(python=python(), root=str(ROOT)), encoding="utf-8")
    launcher.chmod(0o755)


def is_current(group: str) -> bool:
    return (
        python().exists() and stamp(group).exists() and stamp(group).read_text(encoding="utf-8") == fingerprint(group)
    )


def fingerprint(group: str) -> str:
    """Changes with the lock, the installer's lock, this file and the Python."""
    digest = hashlib.sha256(repr((sys.version_info[:2], str(ROOT))).encode())
    for path in (lock("uv"), lock(group), pathlib.Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def run(*command: object, check: bool = True) -> int:
    environment = dict(os.environ, UV_PYTHON_DOWNLOADS="never", UV_NO_PROGRESS="1", VIRTUAL_ENV=str(VENV))
    code = subprocess.call([str(part) for part in command], env=environment, cwd=str(ROOT))  # noqa: S603
    if check and code:
        sys.exit(f"That step failed (exit {code}): {' '.join(str(part) for part in command)}")
    return code


def count(group: str) -> int:
    return sum(1 for line in lock(group).read_text(encoding="utf-8").splitlines() if line[:1].isalnum())


def python() -> pathlib.Path:
    return VENV / "bin" / "python"


def lock(group: str) -> pathlib.Path:
    return LOCKS / (group + ".txt")


def stamp(group: str) -> pathlib.Path:
    return VENV / f"greenlane-{group}.stamp"


def tell(text: str) -> None:
    sys.stdout.write(f"  set-up {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COVERS:
        sys.exit("Usage: python3 requirements/install.py sandbox|dev")
    main(sys.argv[1])
