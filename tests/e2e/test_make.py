"""The Makefile's promises that need no set-up to be checked: what `make` would run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine: apt-get install make")


def _make(*arguments, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "KUBECONFIG"))}
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=clean | environment, capture_output=True, text=True, timeout=50, check=False
    )


def test_make_alone_tells_the_targets():
    told = _make().stdout

    for target in ("make demo", "make test", "make lint", "make format", "make lock", "make schema", "make clean"):
        assert target in told


@pytest.mark.parametrize(
    ("arguments", "environment", "wanted", "unwanted"),
    [
        ([], {"KUBECONFIG": "/mine"}, "-m sandbox --port 8484", "--kubeconfig"),
        (["KUBECONFIG=/mine"], {}, "--kubeconfig /mine", "--cluster"),
        (["AUTO=1"], {}, "--auto", "--cluster"),
        (["AUTO=0"], {}, "-m sandbox", "--auto"),
        (["CLUSTER=real", "PORT=9000"], {}, "--port 9000 --cluster real", "--auto"),
        (["KUBECONFIG=/mine", "REGISTRY=10.0.0.5:5000"], {}, "--registry 10.0.0.5:5000", "--cluster"),
    ],
)
def test_demo_takes_its_wishes_from_the_command_line(arguments, environment, wanted, unwanted):
    told = _make("-n", "demo", *arguments, **environment).stdout

    run = next(line for line in told.splitlines() if "-m sandbox" in line)
    assert wanted in run
    assert unwanted not in run


def test_missing_python_is_said_in_a_sentence(tmp_path):
    done = _make("demo", "PYTHON=")

    assert done.returncode == 2
    assert "Greenlane needs Python 3.11 or newer" in done.stdout


def test_old_python_is_said_in_a_sentence():
    as_if_old = "import sys, runpy; sys.version_info = (3, 9, 2); sys.argv = ['install.py', 'sandbox']; runpy.run_path('requirements/install.py', run_name='__main__')"

    done = subprocess.run(
        [sys.executable, "-c", as_if_old], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )

    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert "is 3.9.2. Try: make demo PYTHON=" in done.stderr
