"""What the program in a container does: read from its image and arguments, never really run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sandbox.cluster.documents import Obj
from sandbox.cluster.node.images import Image
from sandbox.cluster.quantities import of_container

BEHAVIOURS: Final = (
    "ok", "crash-at-start", "crash-later", "crash-once", "exit-zero", "out-of-memory", "never-ready", "slow"
)  # fmt: skip
_WORKDAY: Final = 0.35
"""Seconds in which a crashing program starts, speaks and ends; the node needs about as long to notice."""
_HUNGER: Final = 256 * 2**20
"""Bytes that `out-of-memory` fills."""


class StartError(Exception):
    """The runtime's sentence about a program that is not in the image."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """A small web service. Its image says how it behaves: `APP_…` variables, or `--behaviour=` and the like."""

    version: str
    behaviour: str
    port: int = 0
    lifetime: float | None = None
    """Seconds until it ends by itself, None for never."""
    exit_code: int = 0
    killed: bool = False
    """Whether the kernel ends it for its memory."""
    ready_after: float | None = None
    """Seconds after which its health page says yes, None for never."""
    first_words: tuple[str, ...] = ()
    last_words: tuple[str, ...] = ()

    def answers(self, probe: Obj, age: float) -> str:
        """Why a probe fails at that age, or an empty text when it passes."""
        action = probe.get("httpGet") or probe.get("tcpSocket")
        if action is None:
            return ""
        if action.get("port") not in {self.port, str(self.port)}:
            return "refused"
        if "httpGet" not in probe or action.get("path") != "/healthz":
            return ""
        healthy = self.ready_after is not None and age >= self.ready_after
        return "" if healthy else "HTTP probe failed with statuscode: 503"


def read(
    image: Image, container: Obj, environment: dict[str, str], *, node_platform: str, runs: int = 0
) -> Application:
    """The program as this container starts it, after `runs` earlier starts; raises `StartError`."""
    _check_program(image, container)
    if image.platform not in {node_platform, "/"}:
        return _crash("", 1, f"exec {_program(image)}: exec format error")
    settings = dict(entry.partition("=")[::2] for entry in image.config.get("Env") or [])
    settings |= environment
    settings |= _from_arguments(_arguments(image, container))
    return _behave(settings, container, runs=runs)


def _behave(settings: dict[str, str], container: Obj, *, runs: int) -> Application:
    version = settings.get("APP_VERSION") or "unknown"
    behaviour = settings.get("APP_BEHAVIOUR") or "ok"
    text = settings.get("log", "")
    match behaviour:
        case "crash-at-start":
            return _crash(version, int(settings.get("exit-code", 3)), text or "fatal: cannot reach database at db:5432")
        case "crash-once" if runs == 0 or not _keeps(container, settings.get("APP_STATE") or "/state"):
            return _crash(version, 3, "fatal: the schema is not there yet")
        case "exit-zero":
            return _crash(version, 0, "all done")
        case "out-of-memory":
            return _eat(version, container)
        case _ if behaviour in BEHAVIOURS:
            return _service(version, settings)
    known = f"{', '.join(BEHAVIOURS[:-1])} or {BEHAVIOURS[-1]}"
    return _crash(version, 1, f'unknown behaviour "{behaviour}": {known}')


def _check_program(image: Image, container: Obj) -> None:
    program = str((container.get("command") or [""])[0])
    if not program or program == _program(image):
        return
    absent = f"stat {program}: no such file or directory"
    why = absent if program.startswith("/") else "executable file not found in $PATH"
    raise StartError(
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
        f'unable to start container process: exec: "{program}": {why}'
    )


def _keeps(container: Obj, folder: str) -> bool:
    """Whether a volume holds the folder, so that it outlives the container."""
    return any(mount["mountPath"].rstrip("/") == folder.rstrip("/") for mount in container.get("volumeMounts", []))


def _service(version: str, settings: dict[str, str]) -> Application:
    behaviour = settings.get("APP_BEHAVIOUR") or "ok"
    port = int(settings.get("PORT") or 8080)
    dies = behaviour == "crash-later"
    ready = {"never-ready": None, "slow": float(settings.get("APP_READY_AFTER") or 10)}.get(behaviour, 0.0)
    return Application(
        version=version,
        behaviour=behaviour,
        port=port,
        lifetime=float(settings.get("APP_CRASH_AFTER") or 5) if dies else None,
        exit_code=int(settings.get("exit-code", 2)) if dies else 0,
        ready_after=ready,
        first_words=(f"version {version} listens on :{port}",),
        last_words=(settings.get("log") or "fatal: lost the connection to the message queue",) if dies else (),
    )


def _eat(version: str, container: Obj) -> Application:
    limit = of_container(container, "limits").get("memory")
    if limit is None or limit >= _HUNGER:
        return _crash(version, 1, "filled 256 MiB and was not stopped")
    return Application(version=version, behaviour="out-of-memory", lifetime=_WORKDAY, exit_code=137, killed=True)


def _crash(version: str, code: int, text: str) -> Application:
    return Application(
        version=version, behaviour="crash-at-start", lifetime=_WORKDAY, exit_code=code, last_words=(text,)
    )


def _arguments(image: Image, container: Obj) -> list[str]:
    """The argument vector by Kubernetes' rule: `command` replaces the entry point and the image's arguments."""
    command = container.get("command") or image.config.get("Entrypoint") or []
    default = [] if container.get("command") else image.config.get("Cmd") or []
    return [*command, *(container.get("args") or default)]


def _program(image: Image) -> str:
    return str((image.config.get("Entrypoint") or image.config.get("Cmd") or ["/app"])[0])


def _from_arguments(vector: list[str]) -> dict[str, str]:
    names = {"--behaviour": "APP_BEHAVIOUR", "--version": "APP_VERSION", "--exit-code": "exit-code", "--log": "log"}
    found: dict[str, str] = {}
    for argument in vector[1:] if vector and not vector[0].startswith("--") else vector:
        flag, equals, value = argument.partition("=")
        if equals and flag in names:
            found[names[flag]] = value
        elif argument in BEHAVIOURS:
            found["APP_BEHAVIOUR"] = argument
    return found
