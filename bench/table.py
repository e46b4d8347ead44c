"""What each watcher said, as a Markdown table and back: so that one case measured anew can take its old row's place."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

WATCHERS = ("Greenlane", "kubectl rollout status", "helm upgrade --wait")
"""In the order of the columns."""
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
"""What stands between them in a page is written by `python -m bench.verdicts --write`."""
LONGEST = 200
"""Characters of a watcher's text."""

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_DIGEST = re.compile(r"(sha256:[0-9a-f]{8})[0-9a-f]{56}")
_CELL = re.compile(r"\*{0,2}(?P<said>[a-z ]+)\*{0,2}, (?P<seconds>\d+\.\d) s")
_PIPE = re.compile(r"(?<!\\)\|")
_TICKED = re.compile(r"`([^`]*)`")


class Said(StrEnum):
    """How a watcher ended."""

    FAILED = "failed"
    SUCCEEDED = "succeeded"
    GAVE_UP = "gave up"
    """It knew nothing when its time limit came."""
    PAUSED = "paused"
    NEUTRAL = "neutral"
    """Applied, and nothing was verified."""
    REFUSED = "refused"
    """Nothing was changed."""
    OTHER = "no verdict"


_WRONG = frozenset({(Said.FAILED, Said.SUCCEEDED), (Said.PAUSED, Said.SUCCEEDED), (Said.SUCCEEDED, Said.FAILED)})
"""(truth, what was said): worse than to know nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One watcher's end of one case."""

    said: Said
    seconds: float
    """From the start of the change to the answer."""
    text: str
    """What it printed, cleaned: see `clean`."""


@dataclass(frozen=True, slots=True)
class Row:
    """One case; outcomes in the order of `WATCHERS`."""

    name: str
    about: str
    truth: str
    """How it has to end; what is told the other way round is printed bold."""
    outcomes: tuple[Outcome, ...]


def clean(text: str, names: Mapping[str, str] | None = None) -> str:
    """One bounded line without colours, in which this run's own names (keys) are replaced."""
    for name, shown in (names or {}).items():
        text = text.replace(name, shown)
    line = _DIGEST.sub(r"\1…", " ".join(_ANSI.sub("", text).split())).replace("`", "'")
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"


def to_markdown(rows: Sequence[Row]) -> str:
    """Two tables: seconds, then words. `to_rows` reads them back."""
    lines = ["| case | what happens | in truth | " + " | ".join(WATCHERS) + " |", "| --- " * (3 + len(WATCHERS)) + "|"]
    for row in rows:
        cells = [f"`{row.name}`", _inert(row.about), row.truth, *(_cell(row.truth, each) for each in row.outcomes)]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "<details><summary>What each said</summary>", ""]
    lines += ["| case | " + " | ".join(WATCHERS) + " |", "| --- " * (1 + len(WATCHERS)) + "|"]
    lines += [f"| `{row.name}` | {' | '.join(_quoted(each.text) for each in row.outcomes)} |" for row in rows]
    return "\n".join([*lines, "", "</details>", ""])


def to_rows(markdown: str) -> list[Row]:
    """The rows of `to_markdown`'s tables, wherever they stand in the text. Raises `ValueError` for a damaged one."""
    seconds, words = [], {}
    for line in markdown.splitlines():
        if not line.startswith("| `"):
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in _PIPE.split(line.strip()[1:-1])]
        name = cells[0].strip("`")
        if len(cells) == 3 + len(WATCHERS):
            seconds.append((name, cells[1], cells[2], cells[3:]))
        elif len(cells) == 1 + len(WATCHERS):
            words[name] = [_unquoted(cell) for cell in cells[1:]]
    return [Row(name, about, truth, _outcomes(name, cells, words.get(name))) for name, about, truth, cells in seconds]


def merged(old: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """The new rows in the places of the old ones of the same name, then those that are new."""
    fresh = {row.name: row for row in new}
    kept = [fresh.pop(row.name, row) for row in old]
    return [*kept, *fresh.values()]


def rewritten(page: str, rows: Sequence[Row], note: str) -> str:
    """The page with the rows and the note in its measured part. Raises `ValueError` where it has none."""
    before, begin, rest = page.partition(BEGIN)
    inside, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no part between {BEGIN} and {END}")
    tables = to_markdown(merged(to_rows(inside), rows))
    return f"{before}{BEGIN}\n\n{note}\n\n{tables}\n{END}{after}"


def _outcomes(name: str, cells: Sequence[str], words: Sequence[str] | None) -> tuple[Outcome, ...]:
    if words is None:
        raise ValueError(f"the second table has no row of {name}")
    outcomes = []
    for who, cell, text in zip(WATCHERS, cells, words, strict=True):
        found = _CELL.fullmatch(cell)
        if found is None:
            raise ValueError(f"the row of {name} has no readable result of {who}: {cell!r}")
        outcomes.append(Outcome(Said(found["said"]), float(found["seconds"]), text))
    return tuple(outcomes)


def _cell(truth: str, outcome: Outcome) -> str:
    said = f"**{outcome.said}**" if (truth, outcome.said) in _WRONG else outcome.said
    return f"{said}, {outcome.seconds:.1f} s"


def _quoted(text: str) -> str:
    return f"`{_inert(text)}`" if text else "(nothing)"


def _inert(text: str) -> str:
    """A table's cell ends at a bare pipe, even within a code span."""
    return text.replace("|", "\\|")


def _unquoted(cell: str) -> str:
    found = _TICKED.fullmatch(cell)
    return found[1] if found else ""
