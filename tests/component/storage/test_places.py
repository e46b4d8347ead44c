"""Files and folders that are not there, or are something else: a sentence with the path, and exit code 2."""

import sys
from pathlib import Path

import pytest

from bot import cli
from bot.errors import SettingsError
from bot.storage.catalog import read_catalog
from bot.storage.database import Database

FAULTY = "version: 1\nteams: {a: 1, B: 2}\n"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    """The command's exit code."""
    monkeypatch.setattr(sys, "argv", ["greenlane", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def test_a_folder_in_a_file_s_place_is_told(tmp_path: Path, monkeypatch, capsys):
    # Given two files that can't be read
    for name in ("greenlane.yaml", "teams/shop.yaml"):
        (tmp_path / name).mkdir(parents=True)

    # When
    code = run(monkeypatch, "check-config", str(tmp_path))

    # Then
    out, error = capsys.readouterr()
    assert (code, out) == (cli.USAGE, "")
    assert error.splitlines() == [
        f"the catalog's {tmp_path}/greenlane.yaml can't be read: is a directory",
        f"the catalog's {tmp_path}/teams/shop.yaml can't be read: is a directory",
    ]


def test_a_file_we_may_not_read_is_told(tmp_path: Path, monkeypatch):
    # Given (the account of a test may read everything, so the refusal is played)
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "greenlane.yaml").touch()
    monkeypatch.setattr(Path, "read_bytes", refuse)

    # Then
    with pytest.raises(SettingsError, match=r"greenlane\.yaml can't be read: permission denied"):
        read_catalog(tmp_path)


def test_problems_of_a_catalog_go_to_standard_output(tmp_path: Path, monkeypatch, capsys):
    file = tmp_path / "greenlane.yaml"
    file.write_text(FAULTY)

    code = run(monkeypatch, "check-config", str(file))

    out, error = capsys.readouterr()
    assert (code, error) == (cli.PROBLEMS, "")
    assert len(out.splitlines()) >= 2
    assert all(line.startswith(f"{file}:2:") for line in out.splitlines())


@pytest.mark.parametrize("command", ["migrate", "intents"])
def test_a_database_in_no_folder_is_told(command: str, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setenv("GREENLANE_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/nowhere/greenlane.db")

    code = run(monkeypatch, command)

    assert code == cli.USAGE
    said = capsys.readouterr().err
    assert f"{tmp_path}/nowhere/greenlane.db" in said
    assert f"the folder {tmp_path}/nowhere does not exist" in said


def test_a_database_beside_us_needs_no_folder():
    assert Database("sqlite+aiosqlite:///greenlane.db").is_sqlite
