"""etcd, API server, controllers and scheduler: the cluster without its nodes."""

import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.testbed.api import Api
from tests.testbed.keys import Keys
from tests.testbed.processes import Program, free_ports

SERVICE_RANGE = "10.96.0.0/16"
UNREACHABLE = "198.51.100.1"
"""RFC 5737. The API server refuses to advertise loopback, and no pod here is meant to find it by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlPlane:
    """A running control plane; `programs` in the order they were started."""

    api: Api
    keys: Keys
    kubeconfig: Path
    programs: list[Program]

    def stop(self) -> None:
        for program in reversed(self.programs):
            program.stop()


def start_control_plane(binary: Path, state: Path, started: Callable[[Program], None]) -> ControlPlane:
    """Returns when the API server is ready and the controllers made the first service account.

    `started` hears of every program at once, so that a failure half-way leaves nothing behind.
    Raises `TestBedError`.
    """
    client, peer, secure = free_ports(3)
    keys = Keys.make(state / "keys")
    url = f"https://127.0.0.1:{secure}"
    programs: list[Program] = []

    def start(name: str, *arguments: str | Path) -> Program:
        program = Program.start(name, [binary, name, *arguments], state=state)
        programs.append(program)
        started(program)
        return program

    etcd = start("etcd", *_etcd(state, client, peer))
    etcd.wait_ready(lambda: _answers(f"http://127.0.0.1:{client}/health"), seconds=30)
    api = Api(url, keys.token, keys.authority)
    start("apiserver", *_apiserver(keys, client, secure)).wait_ready(api.is_ready, seconds=90)
    kubeconfig = keys.write_kubeconfig(state / "kubeconfig", url)
    # Without the higher limits each controller waits seconds for its turn at start.
    quick = ["--kube-api-qps=500", "--kube-api-burst=1000"]
    quiet: list[str | Path] = ["--kubeconfig", kubeconfig, "--leader-elect=false", "--secure-port=0", *quick]
    start("scheduler", *quiet)
    controllers = start(
        "controllers", *quiet, "--use-service-account-credentials", "--root-ca-file", keys.authority,
        "--service-account-private-key-file", keys.path("sa.key"),
    )  # fmt: skip
    controllers.wait_ready(lambda: _has_service_account(api), seconds=60)
    return ControlPlane(api=api, keys=keys, kubeconfig=kubeconfig, programs=programs)


def _etcd(state: Path, client: int, peer: int) -> list[str | Path]:
    here, there = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    return [
        "--unsafe-no-fsync", "--data-dir", state / "etcd", "--listen-client-urls", here, "--advertise-client-urls", here,
        "--listen-peer-urls", there, "--initial-advertise-peer-urls", there, "--initial-cluster", f"default={there}",
    ]  # fmt: skip


def _apiserver(keys: Keys, etcd: int, port: int) -> list[str | Path]:
    return [
        "--etcd-servers", f"http://127.0.0.1:{etcd}", "--secure-port", str(port), "--bind-address", "127.0.0.1",
        "--advertise-address", UNREACHABLE, "--endpoint-reconciler-type", "none",
        "--tls-cert-file", keys.path("apiserver.crt"), "--tls-private-key-file", keys.path("apiserver.key"),
        "--service-account-issuer", "https://kubernetes.default.svc",
        "--service-account-key-file", keys.path("sa.pub"), "--service-account-signing-key-file", keys.path("sa.key"),
        "--authorization-mode", "RBAC", "--token-auth-file", keys.path("tokens.csv"),
        "--service-cluster-ip-range", SERVICE_RANGE, "--kubelet-preferred-address-types", "Hostname",
        "--allow-privileged=true",
    ]  # fmt: skip


def _answers(url: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _has_service_account(api: Api) -> bool:
    return any(
        item["metadata"]["name"] == "default" for item in api.items("/api/v1/namespaces/default/serviceaccounts")
    )
