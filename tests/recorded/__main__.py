"""`python -m tests.recorded CASE…`: record these cases anew, and what is edited from them; `--all`: every case."""

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from tests.recorded.edits import EDITS, declare_anew, edit
from tests.recorded.pair import EXPECTED, OBJECTS, PAIRS, pair_names
from tests.recorded.recorder import record
from tests.recorded.script import SCRIPT
from tests.testbed.bed import TestBed
from tests.testbed.cases import BY_NAME
from tests.testbed.cases.pictures import denying_registry

JOBS = 12
LONGEST = ("unschedulable", "unreachable")
"""Begun first."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.recorded", description=__doc__)
    parser.add_argument("case", nargs="*", choices=[[], *sorted(SCRIPT)], help="names of cases")
    parser.add_argument("--all", action="store_true", help="every case; takes about seven minutes")
    parser.add_argument("--edit", action="store_true", help="only write expectations and edited pairs anew")
    parser.add_argument("--bed", type=Path, help="file with the line that `python -m tests.testbed up` printed")
    options = parser.parse_args()
    names = [] if options.edit else sorted(SCRIPT) if options.all else options.case
    if not names and not options.edit:
        parser.error("name cases, or say --all")
    failed = record_all(names, options.bed) if names else 0
    _write_script()
    return 1 if failed else 0


def record_all(names: list[str], facts: Path | None) -> int:
    """Writes every pair that came about; returns how many cases failed."""
    failed = 0
    with ExitStack() as stack:
        bed = TestBed.attach(json.loads(facts.read_text())) if facts else stack.enter_context(TestBed.start())
        denying = stack.enter_context(denying_registry())
        pool = stack.enter_context(ThreadPoolExecutor(JOBS))
        tasks = {
            name: pool.submit(record, BY_NAME[name], SCRIPT[name], bed, denying)
            for name in sorted(names, key=lambda name: name not in LONGEST)
        }
        for name, task in tasks.items():
            error = task.exception()
            if error:
                failed += 1
                sys.stderr.write(f"{name}: {error}\n")
                continue
            _forget(name)
            for pair in task.result():
                pair.write()
            sys.stderr.write(f"{name}: {len(SCRIPT[name])} moments\n")
    return failed


def _write_script() -> None:
    there = set(pair_names())
    for case, moments in SCRIPT.items():
        for moment in moments:
            if f"{case}-{moment.name}" in there:
                declare_anew(f"{case}-{moment.name}", moment)
    for each in EDITS:
        edit(each).write()


def _forget(case: str) -> None:
    """Moments that the script no longer has."""
    kept = {f"{case}-{moment.name}" for moment in SCRIPT[case]} | {each.name for each in EDITS}
    others = tuple(f"{name}-" for name in SCRIPT if name.startswith(f"{case}-"))
    for end in (OBJECTS, EXPECTED):
        for path in PAIRS.glob(f"{case}-*{end}"):
            name = path.name.removesuffix(end)
            if name not in kept and not name.startswith(others or ("/",)):
                path.unlink()


if __name__ == "__main__":
    sys.exit(main())
