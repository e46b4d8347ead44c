"""Pod Security: what the levels `baseline` and `restricted` find wrong with a pod (k8s.io/pod-security-admission)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from sandbox.cluster.documents import Obj

_PREFIX: Final = "pod-security.kubernetes.io/"
_HARMLESS: Final = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
     "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
)  # fmt: skip
_VOLUMES: Final = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected",
     "secret"}
)  # fmt: skip
_PROFILES: Final = frozenset({"RuntimeDefault", "Localhost"})


def violation(labels: Obj, mode: str, spec: Obj) -> str:
    """`PodSecurity "restricted:latest": …` for a pod that the namespace's level forbids; `mode` is `enforce` or `warn`.

    Without a level to warn of, the enforced one counts.
    """
    if mode == "warn" and f"{_PREFIX}warn" not in labels:
        mode = "enforce"
    level, version = labels.get(f"{_PREFIX}{mode}", ""), labels.get(f"{_PREFIX}{mode}-version", "latest")
    found = [text for check in _CHECKS.get(level, ()) if (text := check(spec))]
    return f'PodSecurity "{level}:{version}": {", ".join(found)}' if found else ""


def _containers(spec: Obj) -> list[Obj]:
    return [*spec.get("initContainers", []), *spec.get("containers", [])]


def _security(container: Obj) -> Obj:
    found: Obj = container.get("securityContext", {})
    return found


def _named(names: Iterable[str], *, what: str = "container") -> str:
    held = list(dict.fromkeys(names))
    return f"{what}{'s' if len(held) > 1 else ''} " + ", ".join(f'"{name}"' for name in held)


def _bad(spec: Obj, test: Callable[[Obj], bool]) -> list[str]:
    return [item["name"] for item in _containers(spec) if test(item)]


def _added(spec: Obj, allowed: frozenset[str]) -> str:
    found = [
        (item["name"], name)
        for item in _containers(spec)
        for name in _security(item).get("capabilities", {}).get("add", [])
        if name not in allowed
    ]
    if not found:
        return ""
    names = ", ".join(f'"{name}"' for name in sorted({name for _, name in found}))
    return f"{_named(name for name, _ in found)} must not include {names} in securityContext.capabilities.add"


def _capabilities(spec: Obj) -> str:
    text = _added(spec, _HARMLESS)
    return f"non-default capabilities ({text})" if text else ""


def _host_namespaces(spec: Obj) -> str:
    used = [f"{key}=true" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    return f"host namespaces ({', '.join(used)})" if used else ""


def _host_paths(spec: Obj) -> str:
    names = [item["name"] for item in spec.get("volumes", []) if "hostPath" in item]
    return f"hostPath volumes ({_named(names, what='volume')})" if names else ""


def _host_ports(spec: Obj) -> str:
    used = [(item["name"], port["hostPort"]) for item in _containers(spec) for port in item.get("ports", [])
            if port.get("hostPort")]  # fmt: skip
    if not used:
        return ""
    several = len({name for name, _ in used}) > 1
    ports = sorted({str(port) for _, port in used})
    verb = f"{'use' if several else 'uses'} hostPort{'s' if len(ports) > 1 else ''}"
    return f"hostPort ({_named(name for name, _ in used)} {verb} {', '.join(ports)})"


def _privileged(spec: Obj) -> str:
    names = _bad(spec, lambda item: bool(_security(item).get("privileged")))
    return f"privileged ({_named(names)} must not set securityContext.privileged=true)" if names else ""


def _escalation(spec: Obj) -> str:
    names = _bad(spec, lambda item: _security(item).get("allowPrivilegeEscalation") is not False)
    text = "must set securityContext.allowPrivilegeEscalation=false"
    return f"allowPrivilegeEscalation != false ({_named(names)} {text})" if names else ""


def _few_capabilities(spec: Obj) -> str:
    names = _bad(spec, lambda item: "ALL" not in _security(item).get("capabilities", {}).get("drop", []))
    kept = f'{_named(names)} must set securityContext.capabilities.drop=["ALL"]' if names else ""
    texts = [text for text in (kept, _added(spec, frozenset({"NET_BIND_SERVICE"}))) if text]
    return f"unrestricted capabilities ({'; '.join(texts)})" if texts else ""


def _volume_types(spec: Obj) -> str:
    bad = [(item["name"], kind) for item in spec.get("volumes", []) for kind in item if kind not in {"name", *_VOLUMES}]
    if not bad:
        return ""
    kinds = sorted({kind for _, kind in bad})
    verb = "uses restricted volume type" if len(bad) == 1 else "use restricted volume type"
    listed = ", ".join(f'"{kind}"' for kind in kinds)
    names = _named((name for name, _ in bad), what="volume")
    return f"restricted volume types ({names} {verb}{'s' if len(kinds) > 1 else ''} {listed})"


def _non_root(spec: Obj) -> str:
    by_pod = spec.get("securityContext", {}).get("runAsNonRoot")
    names = _bad(spec, lambda item: _security(item).get("runAsNonRoot", by_pod) is not True)
    text = "must set securityContext.runAsNonRoot=true"
    return f"runAsNonRoot != true (pod or {_named(names)} {text})" if names else ""


def _root_user(spec: Obj) -> str:
    names = _bad(spec, lambda item: _security(item).get("runAsUser") == 0)
    who = ["pod"] if spec.get("securityContext", {}).get("runAsUser") == 0 else []
    who += [_named(names)] if names else []
    return f"runAsUser=0 ({' and '.join(who)} must not set runAsUser=0)" if who else ""


def _seccomp(spec: Obj) -> str:
    by_pod = spec.get("securityContext", {}).get("seccompProfile", {}).get("type")
    names = _bad(spec, lambda item: _security(item).get("seccompProfile", {}).get("type", by_pod) not in _PROFILES)
    text = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return f"seccompProfile (pod or {_named(names)} {text})" if names else ""


_CHECKS: Final[dict[str, tuple[Callable[[Obj], str], ...]]] = {
    "baseline": (_capabilities, _host_namespaces, _host_paths, _host_ports, _privileged),
    "restricted": (
        _host_namespaces,
        _host_ports,
        _privileged,
        _escalation,
        _few_capabilities,
        _volume_types,
        _non_root,
        _root_user,
        _seccomp,
    ),
}
"""In the order in which the findings are told."""
