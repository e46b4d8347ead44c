"""Every page says what is: its commands run, its links and paths lead somewhere, and nothing is promised that is not there."""

import importlib.util
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot import __version__
from bot.cli import PROBLEMS, USAGE, cli
from bot.domain.intent import TRANSITIONS, State
from bot.engine.announce import DEPLOYMENT_STATES
from bot.report.check_run import CONCLUSIONS
from bot.settings import SECRETS, Settings, variable
from bot.storage.leases import LEASE
from bot.storage.tables import metadata

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "sandbox/README.md",
    ROOT / "requirements/README.md",
]
TOP = ("bot", "sandbox", "tests", "docs", "config", "migrations", "requirements")
LATER = ("greenlane tenants", "greenlane kubeconfig")
every_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def _section(text: str, heading: str) -> str:
    """What stands below a heading, to the next one."""
    return re.split(r"\n#+ ", text.partition(f" {heading}\n")[2])[0]


def _block(text: str) -> str:
    return re.findall(r"```text\n(.*?)```", text, re.DOTALL)[0]


def _code(text: str) -> list[str]:
    """Code spans, and the lines of code blocks."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()] + re.findall(r"`([^`\n]+)`", prose)


def _anchors(path: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_links_lead_somewhere(path: Path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        assert ROOT in there.parents, f"{target} leaves the repository"
        assert not anchor or anchor in _anchors(there), target


@every_page
def test_paths_in_code_exist(path: Path):
    # `teams/*.yaml` and the like are patterns, not paths
    paths = [
        each for each in _code(path.read_text(encoding="utf-8")) if re.fullmatch(rf"({'|'.join(TOP)})/[\w./-]*", each)
    ]

    assert not [each for each in paths if not (ROOT / each).exists()]


@every_page
def test_make_commands_are_there(path: Path):
    lines = [line for line in _code(path.read_text(encoding="utf-8")) if line.startswith("make ")]
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # this may run below make

    for line in lines:
        command = line.partition("#")[0].split()
        ran = subprocess.run(
            [*command[:1], "-n", *command[1:]], cwd=ROOT, env=own, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, f"{line}: {ran.stderr}"


def test_modules_that_make_runs_are_there():
    modules = re.findall(r"-m ((?:bot|sandbox|tests)[\w.]*)", (ROOT / "Makefile").read_text())

    assert modules
    assert all(importlib.util.find_spec(module) for module in modules)


@every_page
def test_greenlane_commands_are_there(path: Path):
    # not the namespace of `kubectl -n greenlane …`
    command = re.compile(r"(?:^|/bin/|(?<!-n)\s)greenlane ([a-z][a-z-]+)((?: --?[a-z-]+)*)")
    used = [match.groups() for line in _code(path.read_text(encoding="utf-8")) for match in command.finditer(line)]

    for name, options in used:
        if f"greenlane {name}" in LATER:
            continue
        assert name in cli.commands
        known = {option for each in cli.commands[name].params for option in each.opts} | {"--help"}
        assert set(options.split()) <= known, name


@every_page
def test_settings_named_on_a_page_are_there(path: Path):
    known = {variable(field) for field in Settings.model_fields} | {f"{variable(field)}_FILE" for field in SECRETS}

    # `GREENLANE_…` is all of them
    assert set(re.findall(r"GREENLANE_[A-Z_]+[A-Z]", path.read_text(encoding="utf-8"))) <= known


@pytest.mark.parametrize("name", sorted(name for name, command in cli.commands.items() if not command.hidden))
def test_the_readme_has_every_command_and_its_help_runs(name: str):
    # When
    result = CliRunner().invoke(cli, [name, "--help"])

    # Then
    assert result.exit_code == 0
    assert f"| `greenlane {name}" in _section((ROOT / "README.md").read_text(), "The command")


def test_the_readme_begins_with_the_two_commands():
    first_screen = (ROOT / "README.md").read_text().splitlines()[:12]

    assert [line.split("#")[0].strip() for line in first_screen if line.startswith("make ")] == [
        "make demo",
        "make test",
    ]


def test_the_readme_names_the_exit_codes():
    assert f"0 done, {PROBLEMS} it found problems, {USAGE} wrong usage or settings" in (ROOT / "README.md").read_text()


def test_the_readme_tells_the_stories_as_they_are_played():
    # Given
    source = (ROOT / "sandbox/demo/stories.py").read_text()
    quoted = _block((ROOT / "README.md").read_text())

    # When
    titles = re.findall(r"^([a-z])\) (.*)$", quoted, re.MULTILINE)
    steps = re.findall(r"✓ (?!bob)(.*?)  ", quoted)

    # Then
    assert titles == re.findall(r'^    "([a-z])": \("(.*)", \w+\),$', source, re.MULTILINE)
    assert steps
    assert all(f'"{step}"' in source for step in steps)


@every_page
def test_what_comes_later_is_named_in_one_place_only(path: Path):
    text = path.read_text(encoding="utf-8")
    if path == ROOT / "README.md":
        text = text.replace(_section(text, "Not there yet"), "")

    assert not [word for word in LATER if re.search(rf"`{re.escape(word)}\b", text)]


def test_what_comes_later_is_really_not_there():
    # Given
    section = _section((ROOT / "README.md").read_text(), "Not there yet")

    # Then
    assert all(f"`{word}`" in section for word in LATER)
    assert not {word.removeprefix("greenlane ") for word in LATER} & set(cli.commands)


def test_the_states_are_drawn_as_they_are():
    # Given
    section = _section((ROOT / "docs/architecture.md").read_text(), "States")

    # When
    drawn = dict(re.findall(r"^(\w+) +→ (.*)$", _block(section), re.MULTILINE))

    # Then
    legal = {str(before): {str(each) for each in after} for before, after in TRANSITIONS.items() if after}
    assert {before: set(after.split(", ")) for before, after in drawn.items()} == legal


def test_every_state_is_explained_with_what_github_shows():
    # Given
    section = _section((ROOT / "docs/architecture.md").read_text(), "States")

    # When
    rows = [
        [cell.strip(" `") for cell in line.strip("|").split("|")] for line in section.splitlines() if "| `" in line[:3]
    ]

    # Then
    assert [row[0] for row in rows] == [str(state) for state in State]
    assert {row[0]: row[2] for row in rows if row[2]} == {str(key): value for key, value in DEPLOYMENT_STATES.items()}
    assert {row[0]: row[3] for row in rows if row[3]} == {str(key): value for key, value in CONCLUSIONS.items()}


def test_the_floors_are_those_that_are_checked():
    # Given
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

    # When
    drawn = _block(_section((ROOT / "docs/architecture.md").read_text(), "Floors")).splitlines()

    # Then
    assert drawn == next(rule["layers"] for rule in rules if rule["type"] == "layers")


def test_the_tables_are_named():
    section = _section((ROOT / "docs/architecture.md").read_text(), "Working off")

    assert all(f"`{name}`" in section for name in metadata.tables)
    assert f"lease of {LEASE.total_seconds():.0f} seconds" in section


def test_the_glossary_is_in_order():
    words = re.findall(r"^\| \*\*(.+?)\*\*", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE)

    assert words == sorted(words)
    assert len(words) == len(set(words)) > 20


def test_the_changelog_has_this_version():
    text = (ROOT / "CHANGELOG.md").read_text()

    assert re.search(rf"^## \[{re.escape(__version__)}\] - (unreleased|\d{{4}}-\d\d-\d\d)$", text, re.MULTILINE)
