"""What a row of the tables is: where it happens, what people do, and what has to have come of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.e2e.runner import JSON

if TYPE_CHECKING:
    from tests.scenarios.scene import Scene


@dataclass(frozen=True, kw_only=True)
class Act:
    """One small thing that is done, or looked for until it is there. `wait` is the reason it sees an intent wait by."""

    name: str
    do: "Callable[[Scene], Awaitable[None]]"
    wait: str = ""


@dataclass(frozen=True, kw_only=True)
class House:
    """The apps of a scenario's repository: `staging` and `production` change those environments, None leaves one out.

    `"ID:alias"` anywhere in it becomes the number of a person of `people`.
    """

    staging: JSON | None = field(default_factory=dict)
    production: JSON | None = None
    app: JSON = field(default_factory=dict)
    team: JSON = field(default_factory=dict)
    top: JSON = field(default_factory=dict)
    """The catalog's own keys: they are of the whole stage."""
    second: JSON | None = None
    """Changes of the second app, which has a staging only."""
    people: tuple[str, ...] = ()
    """Of this scenario alone; with write permission and in the team `crew`, as alice and bob are."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`name` is the app's, too. `audit` and `intents` are all there have to be, oldest first, `` · `` between them.

    `audit`: a command's verb, then its reason or decision; ` xN` behind it: so many in a row. None: not looked at.
    `intents`: kind, commit (a name the acts gave), state, and the reason where there is one. None: not looked at.
    `codes`: what the audit or the log has besides.
    """

    name: str
    acts: tuple[Act, ...]
    house: House = field(default_factory=House)
    audit: str | None = ""
    intents: str | None = ""
    codes: frozenset[str] = frozenset()
    later: House | None = None
    """The catalog after the bot was started again."""

    @property
    def shows(self) -> set[str]:
        """Every reason code that has to be seen."""
        told = {words[1] for words in self.commands}
        ended = {words[3] for words in self.wishes if len(words) > 3}
        return told | ended | {act.wait for act in self.acts if act.wait} | self.codes

    @property
    def commands(self) -> list[list[str]]:
        return _split(self.audit)

    @property
    def wishes(self) -> list[list[str]]:
        return _split(self.intents)


def _split(text: str | None) -> list[list[str]]:
    found: list[list[str]] = []
    for part in (text or "").split(" · "):
        words = part.split()
        if words:
            times = int(words.pop()[1:]) if words[-1][0] == "x" and words[-1][1:].isdigit() else 1
            found += [words] * times
    return found


def row(
    name: str,
    *acts: Act | tuple[Act, ...],
    house: House | None = None,
    audit: str | None = "",
    intents: str | None = "",
    codes: str = "",
    later: House | None = None,
) -> Scenario:
    """A row; acts that belong together may be given as one tuple."""
    flat: list[Act] = []
    for each in acts:
        flat += [each] if isinstance(each, Act) else each
    return Scenario(
        name=name,
        acts=tuple(flat),
        house=house or House(),
        audit=audit,
        intents=intents,
        codes=frozenset(codes.split()),
        later=later,
    )
