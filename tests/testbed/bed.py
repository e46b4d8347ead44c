"""The test bed as one thing to start and stop."""

import fcntl
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypedDict

from tests.testbed.api import Api, ApiError
from tests.testbed.build import CONTAINERD, CONTROL_PLANE, KWOK, built
from tests.testbed.cache import only_one
from tests.testbed.controlplane import ControlPlane, start_control_plane
from tests.testbed.images.demo import push_pause
from tests.testbed.kwok import start_kwok
from tests.testbed.needs import NodeKind, choose_node, missing_parts
from tests.testbed.node import start_node
from tests.testbed.processes import Program, TestBedError, wait_until
from tests.testbed.progress import Say, say_on_stderr
from tests.testbed.registry import RealRegistry, RegistryAddress
from tests.testbed.sweep import sweep

_PREFIX = "greenlane-testbed-"
_LONGEST = 64
"""A longer state folder is not used: the paths of the sockets in it may have 107 characters, unix(7)."""


class Facts(TypedDict):
    """What another process needs to use a test bed; holds no secret."""

    kubeconfig: str
    api: str
    node: NodeKind
    registry: str
    """`127.0.0.1:port`."""
    state: str


class TestBed:
    """A running cluster with one node and a registry; a context manager that stops it."""

    __test__ = False

    def __init__(
        self, *, state: Path, node_kind: NodeKind, kubeconfig: Path, registry: RegistryAddress, stack: ExitStack
    ) -> None:
        self.state = state
        self.node_kind = node_kind
        self.kubeconfig = kubeconfig
        self.api = Api.of(kubeconfig)
        self.api_url = self.api.url
        self.authority = self.api.authority
        self.token = self.api.token
        """The administrator's."""
        self.registry = registry
        self._stack = stack

    @classmethod
    def start(
        cls, state_dir: Path | None = None, node: Literal["kubelet", "kwok", "auto"] = "auto", *,
        registry_port: int = 0, say: Say = say_on_stderr,
    ) -> "TestBed":  # fmt: skip
        """Builds what is not built yet and returns when the node is Ready.

        `state_dir` is emptied first and at the end; a temporary folder takes its place when its path is too long.
        `state` says where the test bed lives.

        Raises `TestBedError` when a part is missing, ends, or is late.
        """
        kind = choose_node() if node == "auto" else node
        if missing := missing_parts(kind):
            raise TestBedError(f"this machine lacks {'; '.join(missing)}")
        with ExitStack() as stack:
            state = _claim(state_dir, stack)
            bed = _start(state, kind, registry_port, say, stack)
            bed._stack = stack.pop_all()
            return bed

    @classmethod
    def attach(cls, facts: Facts) -> "TestBed":
        """One that another process started, and stops."""
        return cls(
            state=Path(facts["state"]), node_kind=facts["node"], kubeconfig=Path(facts["kubeconfig"]),
            registry=RegistryAddress(port=int(facts["registry"].rpartition(":")[2])), stack=ExitStack(),
        )  # fmt: skip

    @property
    def facts(self) -> Facts:
        return Facts(
            kubeconfig=str(self.kubeconfig), api=self.api_url, node=self.node_kind, registry=self.registry.host,
            state=str(self.state),
        )  # fmt: skip

    def new_namespace(self, name: str, labels: dict[str, str] | None = None) -> None:
        """Makes it and waits for its service account, without which no pod is admitted."""
        self.api.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels or {}}})
        accounts = f"/api/v1/namespaces/{name}/serviceaccounts"
        wait_until(lambda: bool(self.api.items(accounts)), seconds=20, what=f"the service account of {name}")

    def stop(self) -> None:
        """Ends pods, node, control plane and registry, and removes the state folder; fine to call twice."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _start(state: Path, kind: NodeKind, registry_port: int, say: Say, stack: ExitStack) -> TestBed:
    def started(program: Program) -> None:
        stack.callback(program.stop)

    control_folder, node_folder = built(CONTROL_PLANE, say), built(CONTAINERD if kind == "kubelet" else KWOK, say)
    begin = time.monotonic()
    registry = stack.enter_context(RealRegistry.start(state_dir=state, port=registry_port, say=say))
    control = start_control_plane(control_folder / "controlplane", state, started)
    if kind == "kubelet":
        start_node(
            control=control_folder, containerd=node_folder, state=state, kubeconfig=control.kubeconfig, api=control.api,
            pause=push_pause(registry.url, say), started=started, stack=stack,
        )  # fmt: skip
    else:
        start_kwok(folder=node_folder, state=state, kubeconfig=control.kubeconfig, api=control.api, started=started)
    stack.callback(_end_pods, control)
    say(
        f"a cluster with a {'real' if kind == 'kubelet' else 'pretended'} node is up after {time.monotonic() - begin:.1f} s"
    )
    return TestBed(state=state, node_kind=kind, kubeconfig=control.kubeconfig, registry=registry, stack=stack)


def _claim(state_dir: Path | None, stack: ExitStack) -> Path:
    """A folder that is ours as long as this process lives; folders whose owners died are swept away."""
    with only_one("claims"):
        for stale in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            if _lock(stale, stack=None):
                sweep(stale)
        if state_dir is not None and state_dir.exists():
            if not _lock(state_dir, stack=None):
                raise TestBedError(f"another test bed uses {state_dir}")
            sweep(state_dir)
        if state_dir is None or len(str(state_dir.resolve())) > _LONGEST:
            state_dir = Path(tempfile.mkdtemp(prefix=_PREFIX))
        state = state_dir.resolve()
        state.mkdir(parents=True, exist_ok=True)
        stack.callback(sweep, state)
        _lock(state, stack=stack)
        return state


def _lock(state: Path, *, stack: ExitStack | None) -> bool:
    """Whether nobody else holds the folder; keeps it until `stack` closes, or only asks."""
    with ExitStack() as asking:
        lock = (stack or asking).enter_context((state / "owner.lock").open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _end_pods(control: ControlPlane) -> None:
    """Lets the kubelet end its containers, with nobody left who would make new ones."""
    for program in control.programs:
        if program.name in {"controllers", "scheduler"}:
            program.stop()
    with suppress(ApiError, OSError, TestBedError):
        for pod in control.api.items("/api/v1/pods"):
            about = pod["metadata"]
            control.api.delete(f"/api/v1/namespaces/{about['namespace']}/pods/{about['name']}", grace_seconds=1)
        wait_until(lambda: not control.api.items("/api/v1/pods"), seconds=20, what="the end of all pods")
