"""What the program in a container does: read from its image and arguments, never really run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sandbox.cluster.documents import Obj
from sandbox.cluster.node.images import Image

BEHAVIOURS: Final = ("ok", "crash-at-start", "crash-later", "never-ready", "slow")
_WORKDAY: Final = 0.35
"""Seconds in which a crashing program starts, speaks and ends; the node needs about as long to notice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """A small web service. Its image says how it behaves: `APP_…` variables, or `--behaviour=` and the like."""

    version: str
    behaviour: str
    port: int
    lifetime: float | None
    """Seconds until it ends by itself, None for never."""
    exit_code: int
    ready_after: float | None
    """Seconds after which its health page says yes, None for never."""
    first_words: tuple[str, ...]
    last_words: tuple[str, ...]

    def answers(self, probe: Obj, age: float) -> str:
        """Why a readiness probe fails at that age, or an empty text when it passes."""
        action = probe.get("httpGet") or probe.get("tcpSocket")
        if action is None:
            return ""
        if action.get("port") not in {self.port, str(self.port)}:
            return "refused"
        if "httpGet" not in probe or action.get("path") != "/healthz":
            return ""
        healthy = self.ready_after is not None and age >= self.ready_after
        return "" if healthy else "HTTP probe failed with statuscode: 503"


def read(image: Image, container: Obj, *, node_platform: str) -> Application:
    """The program as this container starts it."""
    if image.platform not in {node_platform, "/"}:
        return _crash("", 1, f"exec {_program(image)}: exec format error")
    settings = dict(entry.partition("=")[::2] for entry in image.config.get("Env") or [])
    settings |= {entry["name"]: str(entry.get("value", "")) for entry in container.get("env", [])}
    settings |= _from_arguments(_arguments(image, container))
    version = settings.get("APP_VERSION") or "unknown"
    behaviour = settings.get("APP_BEHAVIOUR") or "ok"
    log = settings.get("log", "")
    match behaviour:
        case "crash-at-start":
            text = log or "fatal: cannot reach database at db:5432"
            return _crash(version, int(settings.get("exit-code", 3)), text)
        case "crash-later" | "never-ready" | "slow" | "ok":
            return _service(version, behaviour, settings, log)
    known = f"{', '.join(BEHAVIOURS[:-1])} or {BEHAVIOURS[-1]}"
    return _crash(version, 1, f'unknown behaviour "{behaviour}": {known}')


def _service(version: str, behaviour: str, settings: dict[str, str], log: str) -> Application:
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
        last_words=(log or "fatal: lost the connection to the message queue",) if dies else (),
    )


def _crash(version: str, code: int, text: str) -> Application:
    return Application(
        version=version,
        behaviour="crash-at-start",
        port=0,
        lifetime=_WORKDAY,
        exit_code=code,
        ready_after=None,
        first_words=(),
        last_words=(text,),
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
