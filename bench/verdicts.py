"""`python -m bench.verdicts`: how long until a rollout is known to have failed, beside kubectl and helm.

Each case runs three times on one real cluster, at the same time and in a namespace of its own: Greenlane's adapter and
verdict, `kubectl apply` with `kubectl rollout status`, and `helm upgrade --wait`.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.programs import ProgramError, helm, kubectl
from bench.table import Row, rewritten, to_markdown
from bench.watchers import Greenlane, Helm, Kubectl, Watcher
from bot.cluster.adapter import KubernetesCluster
from bot.errors import GreenlaneError
from tests.testbed.api import ApiError
from tests.testbed.bed import TestBed
from tests.testbed.build import HELM_VERSION, KUBERNETES
from tests.testbed.cases import BY_NAME, CASES, Case
from tests.testbed.cases.pictures import denying_registry
from tests.testbed.cases.stage import staged
from tests.testbed.processes import TestBedError

PEERS = tuple(case for case in CASES if case.peers)
"""The cases that kubectl and helm can be asked to do."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What holds for all of a run; times in seconds."""

    timeout: float = 90.0
    """That each watcher may take."""
    soak: float = 30.0
    """That Greenlane watches ready pods; the catalog's default."""
    progress_deadline: int = 60
    """`progressDeadlineSeconds` of every Deployment; Kubernetes' default is 600."""
    jobs: int = 5
    """Cases at the same time."""


async def compare(bed: TestBed, cases: Sequence[Case], terms: Terms) -> list[Row]:
    """One row a case; one that can't be set up is told on stderr and left out."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(3 * terms.jobs + 2))
    with tempfile.TemporaryDirectory() as folder, denying_registry() as denying:
        cluster = KubernetesCluster(bed.kubeconfig)
        await cluster.start()
        home = Path(folder)
        watchers: tuple[Watcher, ...] = (
            Greenlane(cluster, timedelta(seconds=terms.soak)),
            Kubectl(kubectl(bed.kubeconfig, home)),
            Helm(helm(bed.kubeconfig, home)),
        )
        free = asyncio.Semaphore(terms.jobs)

        async def run(case: Case) -> Row | None:
            async with free:
                return await _told(case, _compared(bed, _with_deadline(case, terms), watchers, denying, terms))

        try:
            rows = await asyncio.gather(*map(run, cases))
        finally:
            await cluster.aclose()
    return [row for row in rows if row]


async def _told(case: Case, measuring: Awaitable[Row]) -> Row | None:
    try:
        row = await measuring
    except (TestBedError, ProgramError, ApiError, GreenlaneError) as error:
        progress(f"{case.name}: not measured: {error}")
        return None
    progress(f"{case.name}: {', '.join(f'{each.said} {each.seconds:.1f} s' for each in row.outcomes)}")
    return row


async def _compared(bed: TestBed, case: Case, watchers: Sequence[Watcher], denying: str, terms: Terms) -> Row:
    """The first versions run before anybody's second one is sent."""
    stages = [staged(case, bed, denying) for _ in watchers]
    with ExitStack() as stack:
        open_stages = [await asyncio.to_thread(stack.enter_context, each) for each in stages]
        pairs = list(zip(watchers, open_stages, strict=True))
        await asyncio.gather(*(watcher.install(stage) for watcher, stage in pairs))
        await asyncio.gather(*(asyncio.to_thread(stage.lay_rules) for stage in open_stages))
        outcomes = await asyncio.gather(*(watcher.roll_out(stage, terms.timeout) for watcher, stage in pairs))
    return Row(case.name, case.title, case.expected.verdict, tuple(outcomes))


def _with_deadline(case: Case, terms: Terms) -> Case:
    """Only Deployments have one."""
    deadline = {"progressDeadlineSeconds": terms.progress_deadline} if case.kind == "deployment" else {}
    return replace(case, spec={**case.spec, **deadline})


def progress(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def note(terms: Terms, cases: int) -> str:
    """What the figures belong to."""
    return (
        f"Last measured on {datetime.now(UTC):%Y-%m-%d} ({cases} of {len(PEERS)} cases, {terms.jobs} at a time, on "
        f"{os.cpu_count()} cores), with Kubernetes and kubectl {KUBERNETES} and helm {HELM_VERSION}: time limit "
        f"{terms.timeout:g} s, `progressDeadlineSeconds` {terms.progress_deadline}, soak {terms.soak:g} s."
    )


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """The options. Raises `SystemExit` for a wrong one, and for `--help`."""
    known = [case.name for case in PEERS]
    parser = argparse.ArgumentParser(prog="python -m bench.verdicts", description=__doc__)
    parser.add_argument("--case", nargs="+", choices=known, metavar="NAME", default=known, help="only these")
    parser.add_argument("--timeout", type=_seconds, default=Terms.timeout, help="what each watcher may take (90s)")
    parser.add_argument("--soak", type=_seconds, default=Terms.soak, help="how long Greenlane watches ready pods (30s)")
    parser.add_argument(
        "--progress-deadline", type=int, default=Terms.progress_deadline, help="of every Deployment, in seconds (60)"
    )
    parser.add_argument("--jobs", type=int, default=Terms.jobs, help="cases at the same time (5)")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="also put the rows into this page's measured part")
    parser.add_argument("--list", action="store_true", help="print the cases' names and end")
    return parser.parse_args(words)


def _seconds(text: str) -> float:
    return float(text.removesuffix("s"))


def main(words: Sequence[str]) -> int:
    """0 when every case was measured, whatever the figures; 1 when one, or all, could not be."""
    options = parsed(words)
    if options.list:
        print("\n".join(case.name for case in PEERS))
        return 0
    return measure([BY_NAME[name] for name in options.case], _terms(options), options.write)


def measure(cases: Sequence[Case], terms: Terms, page: Path | None) -> int:
    begin = time.monotonic()
    try:
        with TestBed.start(node="kubelet") as bed:
            rows = asyncio.run(compare(bed, cases, terms))
    except TestBedError as error:
        progress(f"not measured: {error}")
        return 1
    progress(f"took {time.monotonic() - begin:.0f} s")
    about = note(terms, len(rows))
    print(f"{about}\n\n{to_markdown(rows)}", end="")
    if page:
        page.write_text(rewritten(page.read_text(), rows, about))
    return 0 if len(rows) == len(cases) else 1


def _terms(options: argparse.Namespace) -> Terms:
    return Terms(
        timeout=options.timeout, soak=options.soak, progress_deadline=options.progress_deadline, jobs=options.jobs
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
