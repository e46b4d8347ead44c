"""A real OCI registry on loopback: Debian's `docker-registry`, else the same program built from its Go module."""

import json
import shutil
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.testbed.build import REGISTRY, built
from tests.testbed.processes import Program, free_ports
from tests.testbed.progress import Say, say_on_stderr


@dataclass(frozen=True, kw_only=True)
class RegistryAddress:
    """Where a registry is, for whoever did not start it."""

    port: int

    @property
    def host(self) -> str:
        """`127.0.0.1:port`, the first part of an image's name."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"


@dataclass(frozen=True, kw_only=True)
class RealRegistry(RegistryAddress):
    """A running registry; a context manager that stops it. Anyone may push, as nothing but loopback reaches it."""

    program: Program
    state: Path
    owns_state: bool

    @classmethod
    def start(cls, *, state_dir: Path | None = None, port: int = 0, say: Say = say_on_stderr) -> "RealRegistry":
        """Returns when it answers; `port` 0 takes a free one. Raises `TestBedError`."""
        state = state_dir or Path(tempfile.mkdtemp(prefix="greenlane-registry-"))
        state.mkdir(parents=True, exist_ok=True)
        chosen = port or free_ports(1)[0]
        config = state / "registry.json"
        config.write_text(json.dumps(_configuration(state, chosen)))
        program = Program.start("registry", [registry_binary(say), "serve", config], state=state)
        registry = cls(program=program, port=chosen, state=state, owns_state=state_dir is None)
        try:
            program.wait_ready(registry.answers, seconds=20)
        except BaseException:
            registry.stop()
            raise
        return registry

    def answers(self) -> bool:
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{self.url}/v2/", timeout=2):
                return True
        except urllib.error.HTTPError as error:
            error.close()
            return False
        except OSError:
            return False

    def stop(self) -> None:
        self.program.stop()
        if self.owns_state:
            shutil.rmtree(self.state, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def registry_binary(say: Say = say_on_stderr) -> Path:
    """The machine's own, or one built now."""
    own = shutil.which("docker-registry")
    return Path(own) if own else built(REGISTRY, say) / "registry"


def _configuration(state: Path, port: int) -> dict[str, object]:
    """JSON is YAML; deleting is on because tests remove tags."""
    return {
        "version": "0.1",
        "log": {"level": "info", "accesslog": {"disabled": False}},
        "storage": {"filesystem": {"rootdirectory": str(state / "registry")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
