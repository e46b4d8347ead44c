"""The API server's words about a full quota → what was asked, what is used, what there is.

`… exceeded quota: q, requested: limits.cpu=2,pods=1, used: limits.cpu=3,pods=4, limited: limits.cpu=4,pods=4`
"""

import re
from dataclasses import dataclass
from decimal import Decimal

_LIST = r"((?:[\w./-]+=[\w.+-]+)(?:,[\w./-]+=[\w.+-]+)*)"
_WORDS = re.compile(rf"exceeded quota: [^,]+, requested: {_LIST}, used: {_LIST}, limited: {_LIST}")
_QUANTITY = re.compile(r"([+-]?\d{1,30}(?:\.\d{0,30})?)(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d{1,2}))?")
_FACTORS = {
    **{unit: Decimal(10) ** power for unit, power in zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
}
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Excess:
    """One resource of which there is too little; amounts as Kubernetes writes them: `500m`, `2Gi`."""

    resource: str
    requested: str
    used: str
    limited: str

    @property
    def is_hopeless(self) -> bool:
        """Whether one new pod asks for more than the whole quota; False when the amounts can't be read."""
        requested, limited = quantity(self.requested), quantity(self.limited)
        return requested is not None and limited is not None and requested > limited


def excesses(message: str) -> tuple[Excess, ...]:
    """The resources that the message names; none when it is not about a full quota."""
    found = _WORDS.search(message)
    if found is None:
        return ()
    requested, used, limited = (dict(each.split("=", 1) for each in group.split(",")) for group in found.groups())
    return tuple(
        Excess(name, amount, used.get(name, "?"), limited.get(name, "?")) for name, amount in sorted(requested.items())
    )


def amounts_of(some: tuple[Excess, ...]) -> str:
    """As people read it: `pods`: 1 asked for, 4 of 4 used; empty when nothing is known."""
    parts = [f"`{each.resource}`: {each.requested} asked for, {each.used} of {each.limited} used" for each in some]
    return "; ".join(parts[:_SHOWN]) + ("; …" if len(parts) > _SHOWN else "")


def quantity(text: str) -> Decimal | None:
    """A Kubernetes amount as a number: `500m` is 0.5, `1Ki` is 1024; None when it is not one."""
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return None
    number, unit, exponent = found.groups()
    factor = Decimal(10) ** int(exponent) if exponent else _FACTORS.get(unit or "", Decimal(1))
    return Decimal(number) * factor
