"""A case's images: pushed where they exist, named where they don't."""

import http.server
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from tests.testbed.build import IMAGES, built
from tests.testbed.cases.case import Case, Source
from tests.testbed.images.build import ARCHITECTURE, Image, build_image, build_index, push
from tests.testbed.images.demo import Behaviour, demo_image, push_demo
from tests.testbed.registry import RegistryAddress

NOT_OURS = f"linux/{'arm64' if ARCHITECTURE == 'amd64' else 'amd64'}"
_MACHINES = {"linux/amd64": b"\x3e\x00", "linux/arm64": b"\xb7\x00"}
"""What a program's head says it runs on (ELF, `e_machine`)."""
NOBODY = "127.0.0.1:1"
"""A port that nothing listens on."""
NO_DIGEST = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Registries:
    """Where images may come from."""

    real: RegistryAddress
    denying: str
    """`127.0.0.1:port` of one that answers 401 to everything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """An image as a manifest names it; the digest is empty where there is none."""

    reference: str
    digest: str


def make_pictures(case: Case, repository: str, registries: Registries) -> dict[str, Picture]:
    """Version to image, pushed under `repository`: its own for every run, as a node keeps what it has pulled."""
    return {
        "v1": _make("ok", "v1", repository, registries),
        "v2": _make(case.image, "v2", repository, registries),
        "detour": _make(case.detour or "ok", "detour", repository, registries),
        "other": _make("ok", "other", repository, registries),
    }


def _make(source: Source, tag: str, repository: str, registries: Registries) -> Picture:
    real, name = registries.real, f"{registries.real.host}/{repository}:{tag}"
    if source in get_args(Behaviour):
        digest = push_demo(real.url, repository, tag, version=tag, behaviour=source)  # type: ignore[arg-type]
        return Picture(reference=f"{name}@{digest}", digest=digest)
    match source:
        case "other-platform":
            digest = push(real.url, repository, tag, _unfit_image())
        case "index-without-platform":
            digest = push(real.url, repository, tag, build_index([demo_image(version=tag, platform=NOT_OURS)]))
        case "missing":
            return Picture(reference=f"{real.host}/{repository}:never-pushed", digest=NO_DIGEST)
        case "denied":
            return Picture(reference=f"{registries.denying}/{repository}:{tag}", digest=NO_DIGEST)
        case "unreachable":
            return Picture(reference=f"{NOBODY}/{repository}:{tag}", digest=NO_DIGEST)
        case _:
            return Picture(reference=f"{real.host}/{repository}:Not/A/Name", digest=NO_DIGEST)
    return Picture(reference=f"{name}@{digest}", digest=digest)


def _unfit_image() -> Image:
    """The demo application with the head of a program for another machine: pulled, and not run."""
    program = bytearray((built(IMAGES) / "app").read_bytes())
    program[18:20] = _MACHINES[NOT_OURS]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "app"
        path.write_bytes(program)
        return build_image(path, platform=NOT_OURS)


@contextmanager
def denying_registry() -> Iterator[str]:
    """A registry on loopback that asks everybody for a login; gives its `host:port`."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Denies) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Denies(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.1"
    # What is no HTTP is answered in HTTP: a node that tries TLS first takes that as the word to go on without.

    def do_GET(self) -> None:
        body = b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}'
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="registry"')
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the base class names it

    def log_message(self, *_: object) -> None:
        """Says nothing."""
