"""The table of the side-by-side benchmark, the page that shows it, and the commands that the pages name."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.table import (
    BEGIN,
    END,
    LONGEST,
    WATCHERS,
    Outcome,
    Row,
    Said,
    clean,
    merged,
    rewritten,
    to_markdown,
    to_rows,
)
from bench.verdicts import PEERS, Terms, parsed
from tests.testbed.build import HELM, HELM_VERSION, KUBECTL, KUBERNETES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "verdicts.md"
COMMAND = ".venv/bin/python -m bench.verdicts"

texts = st.text(st.characters(codec="utf-8"), max_size=2 * LONGEST).map(clean)
titles = st.text("abc |\\é,", min_size=1, max_size=30).map(lambda text: " ".join(f"a {text} z".split()))
outcomes = st.builds(
    Outcome,
    st.sampled_from(Said),
    st.integers(0, 9999).map(lambda tenths: tenths / 10),
    texts,
)
rows = st.builds(
    Row,
    st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True),
    titles,
    st.sampled_from(["failed", "succeeded", "neutral", "paused"]),
    st.tuples(*[outcomes] * len(WATCHERS)),
)
tables = st.lists(rows, unique_by=lambda row: row.name, max_size=4)


def row(name: str, said: Said = Said.FAILED, seconds: float = 1.5, truth: str = "failed") -> Row:
    return Row(name, "a title", truth, tuple(Outcome(said, seconds, f"{who} says so") for who in WATCHERS))


@settings(deadline=None)
@given(tables)
def test_what_is_written_is_read_back(written: list[Row]):
    assert to_rows(to_markdown(written)) == written


@settings(deadline=None)
@given(st.text())
def test_a_text_becomes_one_bounded_line_that_stays_as_it_is(text: str):
    line = clean(text)

    assert len(line) <= LONGEST
    assert len(line.splitlines()) <= 1
    assert "`" not in line
    assert clean(line) == line


def test_a_text_loses_colours_digests_and_this_runs_names():
    text = f"\x1b[31mError\x1b[0m: ns-1/web@sha256:{'ab' * 32}\n  not ready"

    assert clean(text, {"ns-1": "shop"}) == "Error: shop/web@sha256:abababab… not ready"


@pytest.mark.parametrize(
    ("truth", "said", "shown"),
    [
        ("failed", Said.SUCCEEDED, "**succeeded**"),
        ("paused", Said.SUCCEEDED, "**succeeded**"),
        ("succeeded", Said.FAILED, "**failed**"),
        ("succeeded", Said.SUCCEEDED, "succeeded"),
        ("failed", Said.FAILED, "failed"),
        ("failed", Said.GAVE_UP, "gave up"),
        ("neutral", Said.SUCCEEDED, "succeeded"),
    ],
)
def test_what_is_told_the_wrong_way_round_is_bold(truth: str, said: Said, shown: str):
    lines = to_markdown([row("case", said, truth=truth)]).splitlines()

    assert lines[2] == f"| `case` | a title | {truth} |{f' {shown}, 1.5 s |' * len(WATCHERS)}"


def test_a_damaged_row_is_an_error():
    table = to_markdown([row("case")]).replace("1.5 s", "soon")

    with pytest.raises(ValueError, match="the row of case has no readable result of Greenlane"):
        to_rows(table)


def test_a_row_without_words_is_an_error():
    table = to_markdown([row("case")]).partition("<details>")[0]

    with pytest.raises(ValueError, match="no row of case"):
        to_rows(table)


def test_a_case_measured_anew_takes_its_old_place():
    old = [row("first"), row("second")]
    fresh, third = row("first", seconds=9.0), row("third")

    assert merged(old, [third, fresh]) == [fresh, old[1], third]


def test_a_page_keeps_what_stands_around_its_measured_part():
    page = f"before\n{BEGIN}\nold note\n\n{to_markdown([row('one')])}\n{END}\nafter\n"

    written = rewritten(page, [row("two")], "new note")

    assert written.startswith("before\n")
    assert written.endswith("\nafter\n")
    assert "old note" not in written
    assert "new note" in written
    assert to_rows(written) == [row("one"), row("two")]
    assert rewritten(written, [], "new note") == written


def test_a_page_without_a_measured_part_is_not_written():
    with pytest.raises(ValueError, match="has no part between"):
        rewritten("a page", [row("one")], "note")


def test_the_page_shows_known_cases_each_once():
    names = [shown.name for shown in to_rows(PAGE.read_text())]

    assert names
    assert len(set(names)) == len(names)
    assert set(names) <= {case.name for case in PEERS}


def test_the_help_runs():
    ran = subprocess.run(
        [sys.executable, "-m", "bench.verdicts", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert "python -m bench.verdicts" in ran.stdout


@pytest.mark.parametrize("path", [PAGE, ROOT / "bench" / "README.md"], ids=lambda each: each.name)
def test_the_commands_of_the_pages_are_understood(path: Path):
    lines = [line.partition("#")[0] for line in path.read_text().splitlines() if line.startswith(COMMAND)]

    assert lines
    for line in lines:
        parsed(line.removeprefix(COMMAND).split())


def test_the_options_default_to_the_terms():
    options = parsed([])

    assert (
        Terms(
            timeout=options.timeout, soak=options.soak, progress_deadline=options.progress_deadline, jobs=options.jobs
        )
        == Terms()
    )
    assert parsed(["--timeout", "60s"]).timeout == 60


def test_the_programs_are_of_the_versions_that_the_table_names():
    kubectl, helm = (recipe.folder.joinpath("go.mod").read_text() for recipe in (KUBECTL, HELM))

    assert re.search(rf"k8s\.io/kubectl {KUBERNETES.replace('v1', 'v0', 1)}\b", kubectl)
    assert re.search(rf"helm\.sh/helm/v4 {HELM_VERSION}\b", helm)
