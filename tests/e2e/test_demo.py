"""`make demo AUTO=1` from outside: six stories, one JSON line, an exit code that tells the truth."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo import running_demo

ROOT = Path(__file__).parents[2]


def _demo(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "sandbox", "--port", "0", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip


@pytest.mark.timeout(300)
def test_auto_plays_all_stories_to_a_good_end(tmp_path):
    done = _demo("--auto", "--state-dir", str(tmp_path))

    told = json.loads(done.stdout.splitlines()[-1])
    assert told["failures"] == []
    assert told["stories"] == dict.fromkeys("abcdef", True)
    assert (told["failed"], done.returncode) == (0, 0)
    assert told["passed"] == 52
    assert "Merge a pull request" not in done.stdout
    assert told["github_writes"]["a"] <= 6


@pytest.mark.timeout(90)
def test_a_dead_bot_is_reported_with_its_last_lines(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0", "--state-dir", str(tmp_path)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as demo:  # fmt: skip
        told = next(line for line in demo.stdout if "the bot (process" in line)
        os.kill(int(re.search(r"process (\d+)", told)[1]), signal.SIGKILL)
        _, complaint = demo.communicate(timeout=60)

    assert demo.returncode == 1
    assert "The bot ended with exit code -9. Its last lines:" in complaint
    assert "serving" in complaint


def test_taken_port_is_told_with_the_way_out(tmp_path, unused_tcp_port_factory):
    port = unused_tcp_port_factory()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        (tmp_path / "bot.log").write_text("of the last demo")
        done = _demo("--port", str(port), "--state-dir", str(tmp_path))

    assert done.returncode == 2
    assert (tmp_path / "bot.log").read_text() == "of the last demo"
    assert f"Port {port} is taken. Choose another: make demo PORT={port + 1}" in done.stderr


def test_second_demo_leaves_the_first_one_alone(tmp_path):
    kept = ("bot.env", "catalog.yaml", "app.pem", "kubeconfig", "greenlane.db")
    with running_demo(tmp_path) as address:
        before = {name: (tmp_path / name).stat().st_ino for name in kept}
        done = _demo("--state-dir", str(tmp_path))
        after = {name: (tmp_path / name).stat().st_ino for name in kept}
        socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=2).close()

    assert done.returncode == 2
    assert "A demo runs here already (process " in done.stderr
    assert "Traceback" not in done.stderr
    assert after == before


@pytest.mark.parametrize("arguments", [["--kubeconfig", "/nowhere/config"], ["--cluster", "moon"], ["--port", "x"]])
def test_wrong_usage_is_exit_code_2(tmp_path, arguments):
    assert _demo("--state-dir", str(tmp_path), *arguments).returncode == 2


def test_ctrl_c_ends_everything_cleanly(tmp_path):
    with running_demo(tmp_path) as address:
        assert address.startswith("http://127.0.0.1:")
        settings = (tmp_path / "bot.env").read_text()
        host, port = re.search(r"GREENLANE_LISTEN=(.+):(\d+)", settings).groups()
        socket.create_connection((host, int(port)), timeout=2).close()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=2)
