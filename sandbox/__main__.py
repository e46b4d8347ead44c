"""`python -m sandbox`, what `make demo` runs: the whole road on this machine, for a person or by itself."""

import argparse
import asyncio
import sys
from pathlib import Path

DEFAULT_PORT = 8484


def main(arguments: list[str] | None = None) -> int:
    """0 when all went well, 1 when something did not hold, 2 when it could not start."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.kubeconfig and not options.kubeconfig.is_file():
        parser.error(f"there is no kubeconfig {options.kubeconfig}")
    sys.stdout.write("Greenlane demo: starting\n")
    sys.stdout.flush()
    from sandbox.control.refusal import DoorError  # noqa: PLC0415  # the first line should not wait for imports
    from sandbox.demo.botprocess import BotError  # noqa: PLC0415
    from sandbox.demo.clusters import ClusterError  # noqa: PLC0415
    from sandbox.demo.folder import DemoRunsError  # noqa: PLC0415
    from sandbox.demo.house import PortTakenError  # noqa: PLC0415
    from sandbox.demo.run import Wish, run  # noqa: PLC0415

    wish = Wish(
        port=options.port, auto=options.auto, cluster=options.cluster, kubeconfig=options.kubeconfig,
        registry=options.registry, folder=options.state_dir.resolve(),
    )  # fmt: skip
    try:
        return asyncio.run(run(wish))
    except BotError as error:
        sys.stderr.write(f"\n✗ {error}\n")
        return 1
    except DoorError as error:
        sys.stderr.write(f"\n✗ {error.message} {error.remedy}\n")
    except (ClusterError, DemoRunsError, PortTakenError, TimeoutError) as error:
        sys.stderr.write(f"\n✗ {error or 'That took too long.'}\n")
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="the page's port; 0 takes a free one")
    parser.add_argument("--auto", action="store_true", help="play the six stories, print one JSON line, end")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--cluster", choices=["simulated", "real"], default="simulated", help="real: the test bed's")
    where.add_argument("--kubeconfig", type=Path, help="use this cluster")
    parser.add_argument("--registry", default="", metavar="HOST:PORT", help="where the nodes reach the registry")
    parser.add_argument("--state-dir", type=Path, default=Path(".demo"), help="database, log and catalog of the demo")
    return parser


if __name__ == "__main__":
    sys.exit(main())
