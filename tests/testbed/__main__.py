"""`python -m tests.testbed up`: a real cluster until Ctrl-C; `build`: all its programs; `missing`: what to install."""

import argparse
import json
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from tests.testbed.bed import TestBed
from tests.testbed.build import CONTAINERD, CONTROL_PLANE, HELM, IMAGES, KUBECTL, KWOK, built
from tests.testbed.images.dockerfile import base_store
from tests.testbed.needs import choose_node, missing_for_image_build, missing_parts
from tests.testbed.processes import TestBedError
from tests.testbed.registry import registry_binary
from tests.testbed.shared import Owner


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.testbed", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start it, print one JSON line when it is ready, run until Ctrl-C or SIGTERM")
    up.add_argument("--state-dir", type=Path, help="where to keep it; emptied first (default: a temporary folder)")
    up.add_argument("--node", choices=["auto", "kubelet", "kwok"], default="auto")
    up.add_argument("--registry-port", type=int, default=0, help="0 takes a free one")
    up.add_argument(
        "--while-used", type=Path, metavar="FOLDER", help="end with the last process that locks FOLDER/users.lock"
    )
    commands.add_parser("build", help="build all that the tests need now, so that nothing waits later")
    commands.add_parser("missing", help="print what this machine lacks, one a line; exit 1 when something is")
    options = parser.parse_args()
    try:
        match options.command:
            case "up":
                return run_until_told(options)
            case "build":
                return build_all()
            case _:
                return print_missing()
    except TestBedError as error:
        sys.stderr.write(f"testbed: {error}\n")
        return 1


def run_until_told(options: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ExitStack() as stack:
            owner = stack.enter_context(Owner(options.while_used)) if options.while_used else None
            bed = TestBed.start(options.state_dir, options.node, registry_port=options.registry_port)
            stack.enter_context(bed)
            sys.stdout.write(json.dumps(bed.facts) + "\n")
            sys.stdout.flush()
            if owner:
                owner.serve(bed)
                return 0
            while True:
                signal.pause()
    except KeyboardInterrupt:
        return 0


def build_all() -> int:
    """All that the tests of this machine use; what it can't use is told and left."""
    if missing := missing_parts():
        sys.stderr.write(f"testbed: nothing built, for this machine lacks {'; '.join(missing)}\n")
        return 0
    for recipe in (CONTROL_PLANE, *([CONTAINERD] if choose_node() == "kubelet" else []), KWOK, IMAGES, KUBECTL, HELM):
        built(recipe)
    registry_binary()
    if not missing_for_image_build():
        base_store()
    return 0


def print_missing() -> int:
    missing = missing_parts()
    sys.stdout.writelines(f"{part}\n" for part in missing)
    return 1 if missing else 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
