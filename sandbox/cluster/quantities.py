"""Amounts of CPU and memory as Kubernetes writes them: `500m`, `2Gi`."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from sandbox.cluster.documents import Obj

_BINARY: Final = {f"{letter}i": 1024**power for power, letter in enumerate("KMGTPE", 1)}
_DECIMAL: Final = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}
_SUFFIXES: Final = {"": Fraction(1), "m": Fraction(1, 1000), "u": Fraction(1, 10**6), "n": Fraction(1, 10**9)} | {
    name: Fraction(factor) for name, factor in {**_BINARY, **_DECIMAL}.items()
}
_SHAPE: Final = re.compile(r"([+-]?[0-9.]+)(?:e([0-9]+)|([a-zA-Z]*))")

Amounts = dict[str, Fraction]
"""By resource: cores of `cpu`, bytes of `memory`."""


def parse(text: object) -> Fraction:
    """Raises `ValueError` for what is no quantity."""
    found = _SHAPE.fullmatch(str(text))
    if found is None or (found[3] or "") not in _SUFFIXES:
        raise ValueError(f"{text!r} is no quantity")
    return Fraction(found[1]) * (Fraction(10) ** int(found[2]) if found[2] else _SUFFIXES[found[3] or ""])


def show(amount: Fraction, *, binary: bool = False) -> str:
    """The canonical form; `binary` chooses Ki, Mi, Gi where nothing is lost."""
    if amount.denominator != 1:
        return f"{-(-amount * 1000 // 1)}m"
    for suffix, factor in reversed((_BINARY if binary else _DECIMAL).items()):
        if amount and amount % factor == 0:
            return f"{amount // factor}{suffix}"
    return str(amount)


def of_container(container: Obj, kind: str) -> Amounts:
    """Its `requests` or `limits`."""
    return {name: parse(text) for name, text in container.get("resources", {}).get(kind, {}).items()}


def of_pod(spec: Obj, kind: str = "requests") -> Amounts:
    """What a whole pod takes: its containers together, or its hungriest init container with the sidecars before."""
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("initContainers", []):
        mine = of_container(container, kind)
        peak = _largest(peak, _sum(sidecars, mine))
        if container.get("restartPolicy") == "Always":
            sidecars = _sum(sidecars, mine)
    total = sidecars
    for container in spec.get("containers", []):
        total = _sum(total, of_container(container, kind))
    return _largest(total, peak)


def _sum(one: Amounts, other: Amounts) -> Amounts:
    return {key: one.get(key, Fraction(0)) + other.get(key, Fraction(0)) for key in one.keys() | other.keys()}


def _largest(one: Amounts, other: Amounts) -> Amounts:
    return {key: max(one.get(key, Fraction(0)), other.get(key, Fraction(0))) for key in one.keys() | other.keys()}
